package dev.tandem.cpu;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.op.Stochastic;
import dev.tandem.shape.DType;
import java.util.List;

/** Draws random numbers: word j of block b decides on element 4b + j, so threads take blocks in any order. */
final class CpuStochastic {
  private static final int WORDS = 4;
  private static final int BLOCKS = 1 << 10;
  private static final int GRAIN = 1 << 14;

  private final Parallel parallel;
  private final BufferPool pool;
  private final Kernels kernels = Kernels.best();

  CpuStochastic(Parallel parallel, BufferPool pool) {
    this.parallel = parallel;
    this.pool = pool;
  }

  void run(Stochastic op, List<Operand> in, List<Operand> out) {
    switch (op) {
      case Stochastic.Dropout dropout ->
          dropout(dropout, in.get(0), in.get(1), out.get(0), out.get(1));
      case Stochastic.DropoutGrad grad ->
          scaled(grad, grad.p(), in.get(0), Operands.u8(in.get(1)), out.getFirst());
    }
  }

  private void dropout(Stochastic.Dropout op, Operand x, Operand state, Operand y, Operand mask) {
    int[] words = Operands.i32(state);
    long key = pair(words[0], words[1]);
    long draw = pair(words[2], words[3]);
    byte[] kept = Operands.u8(mask);
    int elements = Operands.elements(x);
    int blocks = Math.ceilDiv(elements, WORDS);
    // Exact: a word's number is a multiple of 2^-24, so it is at least p where its multiple is at
    // least this.
    int threshold = (int) Math.ceil(op.p() * 0x1p24);
    parallel.range(
        blocks,
        BLOCKS,
        (from, to) -> {
          int count = to - from;
          int[] drawn = (int[]) pool.borrow(DType.I32, WORDS * count);
          kernels.philox(key, draw, from, drawn, count);
          for (int b = 0; b < count; b++) {
            int at = (from + b) * WORDS;
            for (int j = 0; j < WORDS && j < elements - at; j++) {
              // The sign of threshold - 1 - number: a branch would be mispredicted as often as
              // elements are dropped.
              kept[at + j] = (byte) (threshold - 1 - (drawn[j * count + b] >>> 8) >>> 31);
            }
          }
          pool.release(DType.I32, drawn);
        });
    scaled(op, op.p(), x, kept, y);
  }

  /** y = x * mask / (1 - p). */
  private void scaled(Stochastic op, double p, Operand x, byte[] mask, Operand y) {
    switch (x.dtype()) {
      case F32 -> {
        float scale = (float) (1 / (1 - p));
        float[] from = Operands.f32(x);
        float[] to = Operands.f32(y);
        parallel.range(
            Operands.elements(x),
            GRAIN,
            (first, last) -> {
              for (int i = first; i < last; i++) {
                to[i] = from[i] * scale * mask[i];
              }
            });
      }
      case F64 -> {
        double scale = 1 / (1 - p);
        double[] from = Operands.f64(x);
        double[] to = Operands.f64(y);
        parallel.range(
            Operands.elements(x),
            GRAIN,
            (first, last) -> {
              for (int i = first; i < last; i++) {
                to[i] = from[i] * scale * mask[i];
              }
            });
      }
      case BF16, F16, I32, U8 ->
          throw new BackendException(
              "cpu: "
                  + op.name()
                  + " is not computed with this element type, got "
                  + x.dtype()
                  + "; cast to F32");
    }
  }

  private static long pair(int low, int high) {
    return Integer.toUnsignedLong(low) | (long) high << 32;
  }
}
