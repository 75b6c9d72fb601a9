package dev.tandem.cli.config;

import java.nio.file.Path;

/**
 * Where a value was written: {@code examples/digits.yaml:12} or {@code --set optimizer.lr=fast}.
 *
 * @param text how messages name it
 * @param folder what relative paths written there are relative to
 */
public record Place(String text, Path folder) {
  /** A line of a file, counted from 1. */
  public static Place line(Path file, int line) {
    Path parent = file.getParent();
    return new Place(file + ":" + line, parent == null ? Path.of("") : parent);
  }

  /** An option of the command line, whose paths are relative to where it was typed. */
  public static Place option(String text) {
    return new Place(text, Path.of(""));
  }

  @Override
  public String toString() {
    return text;
  }
}
