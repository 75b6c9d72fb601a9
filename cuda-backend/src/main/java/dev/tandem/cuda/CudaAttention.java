package dev.tandem.cuda;

import static dev.tandem.cuda.Kernel.*;

import dev.tandem.backend.Operand;
import dev.tandem.shape.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.Stream;

/** Launches the kernels of attention: tensors may lie as they like, each in its own memory or side by side in one. */
final class CudaAttention {
  private static final int LONGS = 17;

  private final Queue queue;

  CudaAttention(Queue queue) {
    this.queue = queue;
  }

  /** Queries, keys, values and results (or their slopes, which lie alike), and which keys a query sees. */
  record Problem(Heads q, Heads k, Heads v, Heads y, boolean causal, double scale) {
    DType dtype() {
      return q.memory().dtype();
    }

    /** {@code Attention} of attention.cuh. */
    private MemorySegment bytes() {
      MemorySegment bytes = MemorySegment.ofArray(new long[LONGS]);
      int at = 0;
      for (Heads heads : new Heads[] {q, k, v, y}) {
        bytes.setAtIndex(ValueLayout.JAVA_LONG, at, heads.batchStride());
        bytes.setAtIndex(ValueLayout.JAVA_LONG, at + 1, heads.stride());
        bytes.setAtIndex(ValueLayout.JAVA_LONG, at + 2, heads.columns());
        at += 3;
      }
      bytes.setAtIndex(ValueLayout.JAVA_LONG, at, q.batches());
      boolean vector = Stream.of(q, k, v, y).allMatch(Heads::vector);
      int[] ints = {
        q.heads(),
        k.heads(),
        q.rows(),
        k.rows(),
        q.columns(),
        causal ? 1 : 0,
        vector ? 1 : 0,
        Float.floatToRawIntBits((float) scale)
      };
      for (int i = 0; i < ints.length; i++) {
        bytes.setAtIndex(ValueLayout.JAVA_INT, 2L * (at + 1) + i, ints[i]);
      }
      return bytes;
    }
  }

  /**
   * The kernels for an element type and a head's length.
   *
   * @param rows that a block of forward makes
   * @param gradRows that a block of the others makes
   */
  private record Choice(
      Kernel forward, Kernel gradQueries, Kernel gradKeys, int rows, int gradRows, int threads) {
    private static final Choice F32 =
        new Choice(
            ATTENTION_F32,
            ATTENTION_GRAD_QUERIES_F32,
            ATTENTION_GRAD_KEYS_F32,
            64,
            64,
            Launch.THREADS);
    private static final Choice UP_TO_32 =
        new Choice(
            ATTENTION_32_BF16,
            ATTENTION_GRAD_QUERIES_32_BF16,
            ATTENTION_GRAD_KEYS_32_BF16,
            128,
            128,
            128);
    private static final Choice UP_TO_64 =
        new Choice(
            ATTENTION_64_BF16,
            ATTENTION_GRAD_QUERIES_64_BF16,
            ATTENTION_GRAD_KEYS_64_BF16,
            128,
            128,
            128);
    private static final Choice UP_TO_128 =
        new Choice(
            ATTENTION_128_BF16,
            ATTENTION_GRAD_QUERIES_128_BF16,
            ATTENTION_GRAD_KEYS_128_BF16,
            128,
            64,
            128);

    static Choice of(DType dtype, int columns) {
      if (dtype == DType.F32) {
        return F32;
      }
      Choice half = columns <= 32 ? UP_TO_32 : columns <= 64 ? UP_TO_64 : UP_TO_128;
      return new Choice(
          half.forward.in(dtype),
          half.gradQueries.in(dtype),
          half.gradKeys.in(dtype),
          half.rows,
          half.gradRows,
          half.threads);
    }
  }

  void forward(Problem p, Operand lse) {
    if (lse.elements() == 0) {
      return;
    }
    Choice choice = Choice.of(p.dtype(), p.q().columns());
    Launch launch = read(queue.kernel(choice.forward), p.q(), p.k(), p.v());
    launch.write(p.y().address(), p.y().bytes()).write(lse).struct(p.bytes());
    launch.overBlocks(blocks(p.q(), choice.rows), choice.threads);
  }

  /** What backward takes and gives besides the problem: each lies as what it is the slope of. */
  record Slopes(Operand lse, Heads dy, Heads dq, Heads dk, Heads dv) {}

  void backward(String op, Problem p, Slopes slopes) {
    if (slopes.lse.elements() == 0) { // nothing to sum
      queue.zero(slopes.dk.address(), slopes.dk.bytes());
      queue.zero(slopes.dv.address(), slopes.dv.bytes());
      return;
    }
    Choice choice = Choice.of(p.dtype(), p.q().columns());
    MemorySegment bytes = p.bytes();
    try (Scratch delta = queue.scratch(slopes.lse.type().bytes(), "sums of y * dy for " + op)) {
      Launch queries = read(queue.kernel(choice.gradQueries), p.q(), p.k(), p.v(), p.y());
      read(queries.read(slopes.lse), slopes.dy);
      queries.write(slopes.dq.address(), slopes.dq.bytes()).write(delta).struct(bytes);
      queries.overBlocks(blocks(p.q(), choice.gradRows), choice.threads);
      Launch keys = read(queue.kernel(choice.gradKeys), p.q(), p.k(), p.v());
      read(keys.read(slopes.lse), slopes.dy).read(delta);
      keys.write(slopes.dk.address(), slopes.dk.bytes());
      keys.write(slopes.dv.address(), slopes.dv.bytes()).struct(bytes);
      keys.overBlocks(blocks(p.k(), choice.gradRows), choice.threads);
    }
  }

  private static Launch read(Launch launch, Heads... tensors) {
    for (Heads heads : tensors) {
      launch.read(heads.address(), heads.bytes());
    }
    return launch;
  }

  private static long blocks(Heads of, int rows) {
    return (long) of.batches() * of.heads() * Math.ceilDiv(of.rows(), rows);
  }
}
