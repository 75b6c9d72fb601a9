package dev.tandem.ptx.text;

/** A line of the source that PTX was made from, as {@code .loc} gives it. */
public record SourceLine(String file, int line) {
  @Override
  public String toString() {
    return file + ":" + line;
  }
}
