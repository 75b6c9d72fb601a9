package dev.tandem.shape;

/**
 * An operation was given tensors whose shapes or element types do not fit. The message reads
 * {@code <op>: <what is wrong>, got <values>; <what to do>}.
 */
public final class ShapeException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  /** What happened and what to do, in a sentence for people. */
  public ShapeException(String message) {
    super(message);
  }
}
