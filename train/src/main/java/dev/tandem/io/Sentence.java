package dev.tandem.io;

/** Messages for people that quote files, which may hold anything. */
public final class Sentence {
  private static final int LONGEST = 2000;
  private static final int END = 300;

  private Sentence() {}

  /** On one line, without terminal codes, and no longer than a screen: the middle of a longer one is left out, for the remedy is at the end. */
  public static String of(String text) {
    String line = plain(text);
    return line.length() <= LONGEST
        ? line
        : line.substring(0, LONGEST - END) + " ... " + line.substring(line.length() - END);
  }

  /** On one line and without terminal codes: a run of control characters becomes a blank. */
  public static String plain(String text) {
    return text.replaceAll("\\p{Cc}+", " ");
  }
}
