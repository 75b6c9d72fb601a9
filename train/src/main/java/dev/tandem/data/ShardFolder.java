package dev.tandem.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The token files of a folder by what they are for, as their names tell: {@code train.bin} and
 * {@code val.bin} of nanoGPT, {@code corpus_train_000001.bin} of llm.c, {@code train_000000.bin} of Tandem.
 * Each list is in the order of the numbers in the names. Files that are called otherwise are passed over.
 */
public record ShardFolder(
    Path folder, List<Path> training, List<Path> validation, List<Path> test) {
  private static final String SUFFIX = ".bin";
  private static final Set<String> VALIDATION = Set.of("val", "valid", "validation");
  private static final Pattern NUMBER = Pattern.compile("\\d+");

  /** Copies what it is given: later changes do not reach it. */
  public ShardFolder {
    training = List.copyOf(training);
    validation = List.copyOf(validation);
    test = List.copyOf(test);
  }

  /** Lists a folder. Throws {@link DataException} where there is none, or none that says train. */
  public static ShardFolder of(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new DataException(
          "tokens: no such folder, got " + folder + "; 'tandem tokenize' makes one of a text");
    }
    List<Path> shards = shards(folder);
    ShardFolder named =
        new ShardFolder(
            folder,
            named(shards, Set.of("train", "training")),
            named(shards, VALIDATION),
            named(shards, Set.of("test")));
    if (named.training().isEmpty()) {
      throw new DataException(
          "tokens: no shards to train on, got "
              + (shards.isEmpty() ? "no .bin file" : "none with 'train' in its name")
              + " in "
              + folder
              + "; make some with 'tandem tokenize', or name one file");
    }
    return named;
  }

  /**
   * The files of a folder to validate on: those whose names say so, or else all. Throws {@link
   * DataException} where there is none.
   */
  public static List<Path> validationIn(Path folder) {
    List<Path> shards = shards(folder);
    if (shards.isEmpty()) {
      throw new DataException(
          "tokens: no shards to validate on, got no .bin file in "
              + folder
              + "; make some with 'tandem tokenize', or name one file");
    }
    List<Path> named = named(shards, VALIDATION);
    return named.isEmpty() ? shards : named;
  }

  /** All token files of a folder, whatever they are called. */
  static List<Path> shards(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().endsWith(SUFFIX))
          .filter(Files::isRegularFile)
          .sorted(Comparator.comparing(file -> ordered(file.getFileName().toString())))
          .toList();
    } catch (IOException e) {
      throw DataFile.unreadable("tokens", folder.toString(), e);
    }
  }

  private static List<Path> named(List<Path> shards, Set<String> words) {
    return shards.stream()
        .filter(file ->
            Stream.of(
                    file.getFileName()
                        .toString()
                        .toLowerCase(Locale.ROOT)
                        .replace(SUFFIX, "")
                        .split("[^a-z]+"))
                .anyMatch(words::contains))
        .toList();
  }

  /** The name with its numbers as long as each other, so that 10 comes after 9. */
  private static String ordered(String name) {
    return NUMBER
        .matcher(name)
        .replaceAll(number ->
            Matcher.quoteReplacement(
                "0".repeat(Math.max(0, 20 - number.group().length())) + number.group()));
  }
}
