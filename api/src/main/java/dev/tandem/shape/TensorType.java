package dev.tandem.shape;

/** The element type and shape of a tensor: all that shape inference needs to know of it. */
public record TensorType(DType dtype, Shape shape) {
  /** An F32 tensor of these lengths. */
  public static TensorType f32(int... lengths) {
    return new TensorType(DType.F32, Shape.of(lengths));
  }

  /** How many elements there are. */
  public long elements() {
    return shape.elements();
  }

  /** Bytes the elements take, padding excluded. */
  public long bytes() {
    return Math.multiplyExact(shape.elements(), (long) dtype.bytes());
  }

  /** The same element type under another shape. */
  public TensorType withShape(Shape other) {
    return new TensorType(dtype, other);
  }

  /** The same shape with another element type. */
  public TensorType withDType(DType other) {
    return new TensorType(other, shape);
  }

  /** {@code F32 (64, 784)}. */
  @Override
  public String toString() {
    return dtype + " " + shape;
  }
}
