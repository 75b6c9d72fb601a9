package dev.tandem.backend;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;

/** A tensor as a backend sees it: a type, and the buffer that holds its elements. */
public record Operand(TensorType type, Buffer buffer) {
  /** The element type. */
  public DType dtype() {
    return type.dtype();
  }

  /** The shape. */
  public Shape shape() {
    return type.shape();
  }

  /** How many elements there are. */
  public long elements() {
    return type.elements();
  }
}
