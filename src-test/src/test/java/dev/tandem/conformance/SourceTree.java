package dev.tandem.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The project's main sources, for tests of its structure. */
record SourceTree(Path root) {
  /** A Java file: its module, its package and its lines. */
  record Source(Path file, String module, String inPackage, List<String> lines) {}

  /** Found from the working directory upward, for Maven runs tests in the module and editors in the project. */
  static SourceTree find() {
    Path folder = Path.of("").toAbsolutePath();
    while (folder != null && !Files.isDirectory(folder.resolve("api/src/main/java"))) {
      folder = folder.getParent();
    }
    if (folder == null) {
      throw new IllegalStateException(
          "source tree: not found above " + Path.of("").toAbsolutePath());
    }
    return new SourceTree(folder);
  }

  /** Every Java file of every module's main sources. */
  List<Source> sources() {
    try (Stream<Path> modules = Files.list(root)) {
      return modules
          .filter(module -> Files.isDirectory(module.resolve("src/main/java")))
          .sorted()
          .flatMap(SourceTree::sources)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Stream<Source> sources(Path module) {
    Path top = module.resolve("src/main/java");
    try (Stream<Path> files = Files.walk(top)) {
      return files
          .filter(file -> file.toString().endsWith(".java"))
          .sorted()
          .map(file -> read(file, module.getFileName().toString(), top))
          .toList()
          .stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Source read(Path file, String module, Path top) {
    try {
      String inPackage =
          top.relativize(file.getParent())
              .toString()
              .replace(file.getFileSystem().getSeparator(), ".");
      return new Source(file, module, inPackage, Files.readAllLines(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
