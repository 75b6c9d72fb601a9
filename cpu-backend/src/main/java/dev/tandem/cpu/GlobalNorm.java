package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.shape.DType;
import java.util.List;

/**
 * The norm of many tensors together. Squares of spans are summed in float where that loses nothing but rounding, in double where
 * they leave float's range, and spans are joined in double; work is cut by the shapes alone and joined in order.
 */
final class GlobalNorm {
  private static final int SPAN = 1024;
  // Elements of a task.
  private static final int TASK = 1 << 16;
  // A sum of squares below this may have lost some that are no normal floats.
  private static final float LEAST = 0x1p-90f;

  private final Parallel parallel;
  private final RowKernels rowKernels = RowKernels.best();

  GlobalNorm(Parallel parallel) {
    this.parallel = parallel;
  }

  void run(List<Operand> in, Operand y) {
    Pieces pieces = Pieces.of(in, TASK);
    double[] parts = new double[pieces.count()];
    if (y.dtype() == DType.F64) {
      Operands.f64(y)[0] = normF64(in, pieces, parts);
      return;
    }
    pieces.each(
        parallel,
        (piece, operand, from, to) -> {
          float[] x = Operands.f32(in.get(operand));
          // Counted from 0, for a place one span beyond the longest array is no int.
          for (int done = 0; done < to - from; done += SPAN) {
            parts[piece] += squares(x, from + done, Math.min(SPAN, to - from - done));
          }
        });
    Operands.f32(y)[0] = (float) Math.sqrt(total(parts));
  }

  private double squares(float[] x, int at, int count) {
    float sum = rowKernels.sumOfSquares(x, at, count, 0f);
    if (sum >= LEAST && sum < Float.POSITIVE_INFINITY) {
      return sum;
    }
    double exact = 0;
    for (int i = at; i < at + count; i++) {
      exact += (double) x[i] * x[i];
    }
    return exact;
  }

  private static double total(double[] parts) {
    double total = 0;
    for (double part : parts) {
      total += part;
    }
    return total;
  }

  /** Of numbers relative to the largest, for squares may leave double's range while the norm does not. */
  private double normF64(List<Operand> in, Pieces pieces, double[] parts) {
    pieces.each(
        parallel,
        (piece, operand, from, to) -> {
          double[] x = Operands.f64(in.get(operand));
          for (int i = from; i < to; i++) {
            parts[piece] = Math.max(parts[piece], Math.abs(x[i]));
          }
        });
    double max = 0;
    for (double part : parts) {
      max = Math.max(max, part);
    }
    if (max == 0 || !(max < Double.POSITIVE_INFINITY)) {
      return max;
    }
    // A power of two, so that nothing is rounded.
    double scale = Math.scalb(1.0, Math.clamp(-Math.getExponent(max), -1022, 1022));
    pieces.each(
        parallel,
        (piece, operand, from, to) -> {
          double[] x = Operands.f64(in.get(operand));
          double sum = 0;
          for (int i = from; i < to; i++) {
            sum += x[i] * scale * (x[i] * scale);
          }
          parts[piece] = sum;
        });
    return Math.sqrt(total(parts)) / scale;
  }
}
