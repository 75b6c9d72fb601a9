package dev.tandem.op;

/** A height and a width, in pixels: of a window, of its steps, of padding. */
public record Size2d(int height, int width) {
  /** The same extent in height and width. */
  public static Size2d of(int both) {
    return new Size2d(both, both);
  }

  /** Whether both are at least the bound. */
  boolean atLeast(int bound) {
    return height >= bound && width >= bound;
  }

  /** {@code 3x5}, height first. */
  @Override
  public String toString() {
    return height + "x" + width;
  }
}
