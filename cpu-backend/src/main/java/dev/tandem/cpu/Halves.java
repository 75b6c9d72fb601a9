package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.shape.DType;

/** Whole tensors of BF16 and F16 to F32 and back, by all threads. */
final class Halves {
  private static final int GRAIN = 1 << 15;

  private final Parallel parallel;

  Halves(Parallel parallel) {
    this.parallel = parallel;
  }

  /** y = x. */
  void widen(Operand x, float[] y) {
    DType dtype = x.dtype();
    short[] bits = Operands.half(x);
    parallel.range(
        Operands.elements(x),
        GRAIN,
        (from, to) -> Half.widen(dtype, bits, from, y, from, to - from));
  }

  /** y = x, rounded to nearest even. */
  void round(float[] x, Operand y) {
    DType dtype = y.dtype();
    short[] bits = Operands.half(y);
    parallel.range(
        Operands.elements(y),
        GRAIN,
        (from, to) -> Half.round(dtype, x, from, bits, from, to - from));
  }
}
