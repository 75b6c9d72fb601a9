package dev.tandem.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A folder with the four idx files of MNIST or of a set made like it: train-images-idx3-ubyte,
 * train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each plain or with .gz;
 * train-images.idx3-ubyte and so on is found too. Opening it reads nothing.
 *
 * @param name what messages call the data set
 */
public record IdxFolder(String name, Path folder, List<String> classNames) {
  private static final List<String> FILES =
      List.of(
          "train-images-idx3-ubyte",
          "train-labels-idx1-ubyte",
          "t10k-images-idx3-ubyte",
          "t10k-labels-idx1-ubyte");

  /** Copies what it is given: later changes do not reach it. */
  public IdxFolder {
    classNames = List.copyOf(classNames);
  }

  /** MNIST's digits in a folder. */
  public static IdxFolder mnist(Path folder) {
    return new IdxFolder(
        "mnist", folder, IntStream.range(0, 10).mapToObj(Integer::toString).toList());
  }

  /** The pictures to train on, F32 (1, H, W) in [0, 1]. */
  public Dataset training() {
    return dataset("training", FILES.get(0), FILES.get(1));
  }

  /** The pictures to test with, F32 (1, H, W) in [0, 1]. */
  public Dataset test() {
    return dataset("test", FILES.get(2), FILES.get(3));
  }

  /** The four files' names, not compressed. */
  static List<String> files() {
    return FILES;
  }

  /** Whether all four files are there. */
  boolean complete() {
    return FILES.stream().allMatch(file -> find(file).isPresent());
  }

  private Dataset dataset(String part, String images, String labels) {
    return Idx.dataset(name + " (" + part + ")", required(images), required(labels), classNames);
  }

  private Path required(String file) {
    return find(file)
        .orElseThrow(() ->
            new DataException(
                name
                    + ": a file is missing, got neither "
                    + file
                    + " nor "
                    + file
                    + ".gz in "
                    + folder
                    + "; name the folder that has all four idx files"));
  }

  private Optional<Path> find(String file) {
    int dash = file.lastIndexOf("-idx");
    String dotted = file.substring(0, dash) + "." + file.substring(dash + 1);
    return List.of(file, file + ".gz", dotted, dotted + ".gz").stream()
        .map(folder::resolve)
        .filter(Files::isRegularFile)
        .findFirst();
  }
}
