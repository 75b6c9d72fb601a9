package dev.tandem.ptx.text;

/**
 * A word of PTX.
 *
 * @param text as written; of a {@link Kind#DOT} without the dot, of a {@link Kind#STRING} without the quotes
 */
record Token(Kind kind, String text, int line) {
  /** What a token can be. */
  enum Kind {
    /** An opcode, register, symbol or label: {@code ld}, {@code %r1}, {@code $L_2}, {@code _}. */
    WORD,
    /** A directive, or a modifier after an opcode: {@code .reg}, {@code .L1::no_allocate}. */
    DOT,
    INTEGER,
    FLOAT,
    STRING,
    /** An operator or bracket, of one or two characters. */
    MARK,
    END
  }

  boolean is(Kind of, String what) {
    return kind == of && text.equals(what);
  }

  boolean mark(String what) {
    return is(Kind.MARK, what);
  }

  /** As an error message shows it. */
  String shown() {
    return switch (kind) {
      case END -> "the end of the text";
      case DOT -> "'." + text + "'";
      case STRING -> "\"" + text + "\"";
      default -> "'" + text + "'";
    };
  }
}
