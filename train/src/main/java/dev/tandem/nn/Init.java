package dev.tandem.nn;

import dev.tandem.backend.Backend;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;

/**
 * What layers are made with: where their tensors lie, of which element type, and the numbers they
 * start from. Layers draw in the order they are constructed, so one seed and one order of
 * construction give one network, on every backend.
 *
 * @param dtype of parameters and buffers; a floating-point type
 * @param blank whether nothing is drawn and all numbers start at 0: for weights that are read from a file, or never looked at
 */
public record Init(Backend backend, DType dtype, Random random, boolean blank) {
  /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
  public Init {
    if (!dtype.floating()) {
      throw new IllegalArgumentException(
          "init: parameters need a floating-point type, got "
              + dtype
              + "; use F32, or F64 for gradient checks");
    }
  }

  /** Draws. */
  public Init(Backend backend, DType dtype, Random random) {
    this(backend, dtype, random, false);
  }

  /** Of zeros: makes in no time, and without memory on the host, what drawing would take seconds for. */
  public static Init blank(Backend backend, DType dtype) {
    return new Init(backend, dtype, new Random(0), true);
  }

  /**
   * A tensor of initial values, which belongs to the caller. Numbers are drawn in F32 whatever
   * the element type is: an F64 network starts from exactly the values of the F32 network of its
   * seed.
   */
  public Tensor draw(Initializer initializer, int... lengths) {
    Shape shape = Shape.of(lengths);
    if (blank) {
      Math.toIntExact(shape.elements()); // what could not be drawn must not be planned either
      return Tensor.zeros(backend, new TensorType(dtype, shape)).release();
    }
    float[] values = initializer.draw(shape, random);
    if (dtype == DType.F64) {
      double[] wide = IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
      return Tensor.of(backend, wide, lengths).release();
    }
    Tensor drawn =
        Tensor.of(backend, new TensorType(DType.F32, shape), MemorySegment.ofArray(values))
            .release();
    if (dtype == DType.F32) {
      return drawn;
    }
    try (drawn) {
      return drawn.cast(dtype).release();
    }
  }
}
