package dev.tandem.ptx.text;

import java.util.Map;

/** Follows {@code .loc} through a body. */
final class SourceLines {
  private final Tokens tokens;
  private final Map<Integer, String> files;
  private SourceLine current;

  SourceLines(Tokens tokens, Map<Integer, String> files) {
    this.tokens = tokens;
    this.files = files;
  }

  /** The line that instructions come from now, or null. */
  SourceLine current() {
    return current;
  }

  void forget() {
    current = null;
  }

  /** After {@code .loc}: {@code 1 20 5, function_name $L_info+8, inlined_at 1 30 3}. */
  void location() {
    int file = tokens.count("a file's number");
    int line = tokens.count("a line");
    tokens.count("a column");
    while (tokens.accept(",")) {
      attribute();
    }
    // Line 0 is code that the compiler added.
    current = line == 0 || !files.containsKey(file) ? null : new SourceLine(files.get(file), line);
  }

  private void attribute() {
    String word = tokens.word("function_name or inlined_at");
    switch (word) {
      case "function_name" -> {
        tokens.word("a label");
        if (tokens.accept("+")) {
          tokens.count("an offset");
        }
      }
      case "inlined_at" -> {
        tokens.count("a file's number");
        tokens.count("a line");
        tokens.count("a column");
      }
      default -> throw tokens.expected("function_name or inlined_at before this");
    }
  }
}
