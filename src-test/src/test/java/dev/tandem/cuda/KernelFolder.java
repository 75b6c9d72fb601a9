package dev.tandem.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The folder with the kernels' sources and their PTX. */
final class KernelFolder {
  /** Where the tests run is src-test; the kernels lie beside it. */
  static final Path PATH = Path.of("..", "kernels").toAbsolutePath().normalize();

  private KernelFolder() {}

  /** The names of the sources, without ending. */
  static List<String> names() {
    return files(".cu").stream()
        .map(file -> file.getFileName().toString().replace(".cu", ""))
        .toList();
  }

  /** The files with this ending, by name. */
  static List<Path> files(String ending) {
    try (Stream<Path> files = Files.list(PATH)) {
      return files.filter(file -> file.toString().endsWith(ending)).sorted().toList();
    } catch (IOException e) {
      throw new AssertionError("no folder of kernels at " + PATH, e);
    }
  }

  static String ptx(String name) throws IOException {
    return Files.readString(PATH.resolve(name + ".ptx"));
  }
}
