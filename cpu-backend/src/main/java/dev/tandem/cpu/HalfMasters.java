package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.shape.DType;

/** Rounds masters to weights of two bytes stochastically, by the words that {@link dev.tandem.op.Update.Many} says. */
final class HalfMasters {
  private static final int WORDS = 4;
  private static final int BLOCKS = 1 << 12;

  private final Parallel parallel;
  private final BufferPool pool;
  private final Kernels kernels = Kernels.best();

  HalfMasters(Parallel parallel, BufferPool pool) {
    this.parallel = parallel;
    this.pool = pool;
  }

  /**
   * w = master, rounded up or down with the probabilities that make it right on average.
   *
   * @param number which of the step's weights this is
   */
  void round(float[] master, Operand w, int number, Operand state) {
    int[] generator = Operands.i32(state);
    long key = pair(generator[0], generator[1]);
    long draw = pair(generator[2], generator[3]);
    DType dtype = w.dtype();
    short[] weights = Operands.half(w);
    int elements = Operands.elements(w);
    parallel.range(
        Math.ceilDiv(elements, WORDS),
        BLOCKS,
        (from, to) -> {
          int count = to - from;
          int[] words = (int[]) pool.borrow(DType.I32, WORDS * count);
          kernels.philox(key, draw, pair(from, number), words, count);
          for (int b = 0; b < count; b++) {
            int at = (from + b) * WORDS;
            for (int j = 0; j < WORDS && j < elements - at; j++) {
              weights[at + j] =
                  Half.roundStochastically(dtype, master[at + j], words[j * count + b]);
            }
          }
          pool.release(DType.I32, words);
        });
  }

  private static long pair(int low, int high) {
    return Integer.toUnsignedLong(low) | (long) high << 32;
  }
}
