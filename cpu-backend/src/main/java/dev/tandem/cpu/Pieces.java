package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import java.util.List;

/**
 * Many tensors cut into pieces, so that threads share all of them at once: a model has more biases than threads, and one weight that is
 * larger than the rest together.
 *
 * @param before how many pieces the tensors before each one have, and at the end how many all have
 */
record Pieces(int[] elements, int[] before, int length) {
  /** What is done with one. */
  interface Body {
    /** @param from the first of the elements, inclusive @param to the last, exclusive */
    void run(int piece, int tensor, int from, int to);
  }

  /** Of at most so many elements each. */
  static Pieces of(List<Operand> tensors, int length) {
    int[] elements = tensors.stream().mapToInt(Operands::elements).toArray();
    int[] before = new int[elements.length + 1];
    for (int i = 0; i < elements.length; i++) {
      before[i + 1] = Math.addExact(before[i], Math.ceilDiv(elements[i], length));
    }
    return new Pieces(elements, before, length);
  }

  int count() {
    return before[elements.length];
  }

  void each(Parallel parallel, Body body) {
    int[] order = order(parallel.threads());
    parallel.range(
        order.length,
        1,
        (from, to) -> {
          int tensor = 0;
          for (int i = from; i < to; i++) {
            int piece = order[i];
            while (before[tensor + 1] <= piece) {
              tensor++;
            }
            int first = (piece - before[tensor]) * length;
            body.run(piece, tensor, first, first + Math.min(length, elements[tensor] - first));
          }
        });
  }

  /**
   * The pieces by the threads that begin with them: every thread has its share of each tensor, as in the products that made the
   * gradients and that read the weights, whose rows then are in its cache.
   */
  private int[] order(int threads) {
    int[] order = new int[count()];
    int next = 0;
    for (int thread = 0; thread < threads; thread++) {
      for (int tensor = 0; tensor < elements.length; tensor++) {
        long pieces = before[tensor + 1] - before[tensor];
        int end = before[tensor] + (int) (pieces * (thread + 1) / threads);
        for (int p = before[tensor] + (int) (pieces * thread / threads); p < end; p++) {
          order[next++] = p;
        }
      }
    }
    return order;
  }
}
