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
   * @param queries that a block makes results for; the others' blocks have {@link #SIDE} rows
   */
  private record Choice(
      Kernel forward, Kernel gradQueries, Kernel gradKeys, int queries, int threads) {
    // FORWARD_QUERIES and TEAM of the kernels for halves.
    private static final int HALF_QUERIES = 128;
    private static final int TEAM = 128;

    static final int SIDE = 64;

    static Choice of(DType dtype, int columns) {
      if (dtype == DType.F32) {
        return new Choice(
            ATTENTION_F32,
            ATTENTION_GRAD_QUERIES_F32,
            ATTENTION_GRAD_KEYS_F32,
            SIDE,
            Launch.THREADS);
      }
      if (columns <= 32) {
        return half(
            dtype,
            ATTENTION_32_BF16,
            ATTENTION_GRAD_QUERIES_32_BF16,
            ATTENTION_GRAD_KEYS_32_BF16);
      }
      return columns <= 64
          ? half(
              dtype,
              ATTENTION_64_BF16,
              ATTENTION_GRAD_QUERIES_64_BF16,
              ATTENTION_GRAD_KEYS_64_BF16)
          : half(
              dtype,
              ATTENTION_128_BF16,
              ATTENTION_GRAD_QUERIES_128_BF16,
              ATTENTION_GRAD_KEYS_128_BF16);
    }

    private static Choice half(
        DType dtype, Kernel forward, Kernel gradQueries, Kernel gradKeys) {
      return new Choice(
          forward.in(dtype), gradQueries.in(dtype), gradKeys.in(dtype), HALF_QUERIES, TEAM);
    }
  }

  void forward(Problem p, Operand lse) {
    if (lse.elements() == 0) {
      return;
    }
    Choice choice = Choice.of(p.dtype(), p.q().columns());
    Launch launch = read(queue.kernel(choice.forward), p.q(), p.k(), p.v());
    launch.write(p.y().address(), p.y().bytes()).write(lse).struct(p.bytes());
    launch.overBlocks(blocks(p.q(), choice.queries), choice.threads);
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
      queries.overBlocks(blocks(p.q(), Choice.SIDE), choice.threads);
      Launch keys = read(queue.kernel(choice.gradKeys), p.q(), p.k(), p.v());
      read(keys.read(slopes.lse), slopes.dy).read(delta);
      keys.write(slopes.dk.address(), slopes.dk.bytes());
      keys.write(slopes.dv.address(), slopes.dv.bytes()).struct(bytes);
      keys.overBlocks(blocks(p.k(), Choice.SIDE), choice.threads);
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
