package dev.tandem.cuda;

import dev.tandem.conformance.Values;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.SplittableRandom;

/**
 * Sizes of an attention, and numbers of these sizes.
 *
 * @param sharpness scores are this many times those of random vectors of length 1 each number
 */
record AttentionCase(
    DType dtype,
    int batches,
    int queries,
    int keys,
    int heads,
    int keyHeads,
    int columns,
    boolean causal,
    double sharpness) {
  AttentionCase scaled(double times) {
    return new AttentionCase(
        dtype, batches, queries, keys, heads, keyHeads, columns, causal, times);
  }

  double scale() {
    return sharpness / Math.sqrt(columns);
  }

  Values[] inputs() {
    return new Values[] {
      drawn(1, queries, heads), drawn(2, keys, keyHeads), drawn(3, keys, keyHeads)
    };
  }

  Values slopes() {
    return drawn(4, queries, heads);
  }

  private Values drawn(long seed, int rows, int count) {
    SplittableRandom random = new SplittableRandom(seed);
    return KernelRun.drawn(
        dtype, Shape.of(batches, rows, count, columns), () -> random.nextDouble(-1.7, 1.7));
  }

  /** Queries, keys and values side by side in each row. */
  Values packed(Values q, Values k, Values v) {
    int width = (heads + 2 * keyHeads) * columns;
    double[] all = new double[batches * queries * width];
    for (int row = 0; row < batches * queries; row++) {
      int at = row * width;
      for (Values part : new Values[] {q, k, v}) {
        int length = part.shape().length(2) * columns;
        System.arraycopy(part.data(), row * length, all, at, length);
        at += length;
      }
    }
    return Values.of(dtype, Shape.of(batches, queries, width), all);
  }
}
