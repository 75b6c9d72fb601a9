package dev.tandem.ptx.text;

/** PTX that is not well formed, or not known here. The message begins with the line. */
public final class PtxException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private static final int LONGEST = 2000;

  private final int line;

  public PtxException(int line, String message) {
    // Words are quoted from a text that may hold anything, line ends and terminal codes among it.
    super("line " + line + ": " + shown(message));
    this.line = line;
  }

  private static String shown(String message) {
    String shown = message.replaceAll("\\p{Cc}+", " ");
    return shown.length() <= LONGEST ? shown : shown.substring(0, LONGEST) + " ...";
  }

  /** The line in the PTX, from 1. */
  public int line() {
    return line;
  }
}
