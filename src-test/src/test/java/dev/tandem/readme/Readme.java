package dev.tandem.readme;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The README and the documents beside it. */
public final class Readme {
  private Readme() {}

  /** The project's folder. */
  public static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("README.md"))) {
      folder = folder.getParent();
    }
    return folder;
  }

  /** The program that the README shows: its first block of Java. */
  public static String program() {
    return javaBlocks("README.md").getFirst();
  }

  /** The blocks of Java in a document, in order. */
  public static List<String> javaBlocks(String document) {
    return between(read(document), "```java\n", "\n```");
  }

  /** The text of a document, by its path from the project's folder. */
  public static String read(String document) {
    try {
      return Files.readString(root().resolve(document));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> between(String text, String begin, String end) {
    List<String> found = new ArrayList<>();
    int from = text.indexOf(begin);
    while (from >= 0) {
      int to = text.indexOf(end, from);
      found.add(text.substring(from + begin.length(), to + 1));
      from = text.indexOf(begin, to);
    }
    return found;
  }
}
