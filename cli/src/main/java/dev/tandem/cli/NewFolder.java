package dev.tandem.cli;

import dev.tandem.io.FileException;
import dev.tandem.train.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** A folder that a command makes for what it writes. */
final class NewFolder {
  private NewFolder() {}

  /** Made if need be. @throws FileException where it cannot be, or holds anything */
  static RunFolder make(String command, Path folder) {
    try {
      Files.createDirectories(folder);
      Optional<Path> first;
      try (Stream<Path> files = Files.list(folder)) {
        first = files.min(Path::compareTo);
      }
      if (first.isPresent()) {
        throw new FileException(
            command
                + ": the folder is not empty, got "
                + first.get().getFileName()
                + " in "
                + folder
                + "; name another, or remove what is there");
      }
    } catch (IOException e) {
      throw FileException.of(command, folder, "cannot be made", e);
    }
    return RunFolder.open(folder);
  }
}
