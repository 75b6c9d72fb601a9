package dev.tandem.containers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The portable bundle that this build made.
 *
 * @param archive its file
 */
record Bundle(Path archive) {
  private static final String SUFFIX = ".tar.gz";

  /** Where the tests lie in the project, from the folder that they run in. */
  static Path project() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(folder.resolve("bundle/src"))) {
      folder = folder.getParent();
      if (folder == null) {
        throw new IllegalStateException("no project above " + Path.of("").toAbsolutePath());
      }
    }
    return folder;
  }

  /** The bundle, where there is one. */
  static Optional<Bundle> find() {
    Path target = project().resolve("bundle/target");
    if (!Files.isDirectory(target)) {
      return Optional.empty();
    }
    try (Stream<Path> files = Files.list(target)) {
      List<Path> archives =
          files
              .filter(file -> file.getFileName().toString().endsWith(SUFFIX))
              .sorted(
                  Comparator.comparingInt(file -> file.toString().length())) // first without cuBLAS
              .toList();
      return archives.isEmpty() ? Optional.empty() : Optional.of(new Bundle(archives.getFirst()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The name of the one folder in the archive. */
  String name() {
    String file = archive.getFileName().toString();
    return file.substring(0, file.length() - SUFFIX.length());
  }

  /** The same, unpacked. */
  Path folder() {
    return archive.resolveSibling(name()).resolve(name());
  }
}
