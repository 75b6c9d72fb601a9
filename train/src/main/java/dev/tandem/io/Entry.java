package dev.tandem.io;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.lang.foreign.MemorySegment;

/**
 * A tensor in a safetensors file.
 *
 * @param dtype the format's word for the element type; Tandem does not compute with all of them
 * @param bytes the elements, row-major and little-endian, read from the file where they are looked at
 */
public record Entry(String dtype, Shape shape, MemorySegment bytes) {
  /** Whether Tandem has the element type. */
  public boolean known() {
    return DTypes.ours(dtype).isPresent();
  }

  /** The type Tandem has for it. @throws FileException when it has none */
  public TensorType type() {
    DType ours =
        DTypes.ours(dtype)
            .orElseThrow(() ->
                new FileException(
                    "safetensors: an element type that Tandem does not have, got "
                        + this
                        + "; convert the tensor to F32 or I32"));
    return new TensorType(ours, shape);
  }

  /** {@code F32 (64, 784)}. */
  @Override
  public String toString() {
    return dtype + " " + shape;
  }
}
