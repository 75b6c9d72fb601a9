package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.shape.Shape;
import java.util.List;

/** A tensor's innermost axis as its rows: how many there are, and how long. Short ones go to a warp each, others to a block. */
record Rows(long count, long length, boolean isShort) {
  /** MOST_THREADS of rows.cuh. */
  private static final int MOST_THREADS = 1024;

  // A thread has at least this much to do before a row is given a larger block.
  private static final int LEAST_A_THREAD = 16;

  static Rows of(Operand x) {
    Shape shape = x.shape();
    return new Rows(
        shape.elements(0, shape.rank() - 1),
        shape.length(-1),
        shape.length(-1) <= Folds.longestShort(x.dtype()));
  }

  /**
   * Begins a launch over all rows, of the kernel for rows of this length and of the first input's element type: inputs, results,
   * count, length. A result may lie where an input does.
   */
  Launch kernel(Queue queue, Kernel ofShort, Kernel ofLong, List<Operand> in, List<Operand> out) {
    Launch launch = queue.kernel((isShort() ? ofShort : ofLong).in(in.getFirst().dtype()));
    for (Operand x : in) {
      if (lies(x, out)) {
        launch.readWrite(x);
      } else {
        launch.read(x);
      }
    }
    for (Operand y : out) {
      if (lies(y, in)) {
        launch.readWrite(y);
      } else {
        launch.write(y);
      }
    }
    return launch.int64(count).int64(length);
  }

  private static boolean lies(Operand operand, List<Operand> others) {
    long address = Operands.address(operand);
    return others.stream().anyMatch(other -> Operands.address(other) == address);
  }

  /** Launches a kernel of softmax.cu or loss.cu over all rows. */
  void launch(Launch launch) {
    if (isShort()) {
      launch.over(count * Folds.WARP);
    } else if (length < (long) MOST_THREADS * LEAST_A_THREAD) {
      launch.over(count * Launch.THREADS);
    } else {
      // Fewer rows at a time, so that more of what is looked at twice is still in cache.
      launch.overBlocks(count, MOST_THREADS);
    }
  }
}
