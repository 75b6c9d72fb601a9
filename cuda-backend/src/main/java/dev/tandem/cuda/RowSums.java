package dev.tandem.cuda;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;

/**
 * Sums of the rows of a tensor that have the same index, in an order that depends on the indices alone: the indices are sorted,
 * and each run of equals is added up by as many threads as it takes.
 */
final class RowSums {
  /** Of sort.cu: the bits of a digit, its values, and the keys of a tile. */
  private static final int DIGIT_BITS = 8;

  private static final int DIGITS = 1 << DIGIT_BITS;
  private static final int TILE = 2048;

  /** Of indexing.cu: the sorted positions of a window. */
  private static final int WINDOW = 64;

  private static final int MOST_ACROSS = 32;

  private final Queue queue;

  RowSums(Queue queue) {
    this.queue = queue;
  }

  /** Whether keys and positions fit 32 bits, with a key to spare for what is out of range. */
  static boolean takes(long indices, long rows) {
    return indices <= Integer.MAX_VALUE && rows < 0xFFFFFFFFL;
  }

  /** Keys, and the position that each had before it was sorted. */
  private record Pairs(Scratch keys, Scratch positions) implements AutoCloseable {
    @Override
    public void close() {
      positions.close();
      keys.close();
    }
  }

  /** Writes sums: each element, or row, of it the sum of dy's where the index says so; dy has a row for each index. */
  void write(Faults.Site site, CudaIndexing.Axis axis, Operand dy, Operand indices, Operand sums) {
    queue.zero(Operands.address(sums), sums.type().bytes());
    long n = indices.elements();
    if (n == 0) {
      return;
    }
    if (!takes(n, axis.elements())) {
      throw new BackendException(
          "cuda: "
              + site.op()
              + ": too many indices, got "
              + indices.shape()
              + "; give at most "
              + Integer.MAX_VALUE
              + " at a time");
    }
    try (Pairs one = pairs(n, site.op());
        Pairs other = pairs(n, site.op())) {
      queue
          .kernel(Kernel.INDEX_KEYS)
          .faults(site)
          .read(indices)
          .write(one.keys)
          .write(one.positions)
          .int64(n)
          .int64(axis.places())
          .int64(axis.inner())
          .int64(axis.length())
          .int32((int) axis.elements())
          .over(n);
      add(sort(one, other, n, axis.elements(), site.op()), n, axis.elements(), dy, sums, site.op());
    }
  }

  private Pairs pairs(long n, String op) {
    Scratch keys = queue.scratch(n * Integer.BYTES, op + ", sorting");
    try {
      return new Pairs(keys, queue.scratch(n * Integer.BYTES, op + ", sorting"));
    } catch (RuntimeException e) {
      keys.close();
      throw e;
    }
  }

  /** Sorts keys from 0 to the largest. @return the one of the two that has them at last */
  private Pairs sort(Pairs from, Pairs to, long n, long largest, String op) {
    long tiles = Math.ceilDiv(n, TILE);
    int bits = Long.SIZE - Long.numberOfLeadingZeros(largest);
    try (Scratch counts = queue.scratch(DIGITS * tiles * Integer.BYTES, op + ", sorting");
        Scratch totals = queue.scratch(DIGITS * Integer.BYTES, op + ", sorting")) {
      for (int shift = 0; shift < bits; shift += DIGIT_BITS) {
        queue
            .kernel(Kernel.DIGIT_COUNTS)
            .read(from.keys)
            .write(counts)
            .int64(n)
            .int32(shift)
            .over(tiles * Launch.THREADS);
        queue
            .kernel(Kernel.DIGIT_SCAN)
            .readWrite(counts.address(), counts.bytes())
            .write(totals)
            .int64(tiles)
            .over((long) DIGITS * Launch.THREADS);
        queue
            .kernel(Kernel.DIGIT_SCATTER)
            .read(from.keys)
            .read(from.positions)
            .read(counts)
            .read(totals)
            .write(to.keys)
            .write(to.positions)
            .int64(n)
            .int32(shift)
            .over(tiles * Launch.THREADS);
        Pairs sorted = to;
        to = from;
        from = sorted;
      }
    }
    return from;
  }

  private void add(Pairs sorted, long n, long rows, Operand dy, Operand sums, String op) {
    long width = dy.elements() / n;
    int lanes = Operands.lanes(dy.dtype());
    long columns = width % lanes == 0 ? width / lanes : width;
    long windows = Math.ceilDiv(n, WINDOW);
    try (Scratch pieces = queue.scratch(2 * windows * width * Float.BYTES, op + ", partial sums")) {
      queue
          .kernel(Kernel.SUM_WINDOWS_F32.in(dy.dtype()))
          .read(sorted.keys)
          .read(sorted.positions)
          .read(dy)
          .write(sums)
          .write(pieces)
          .int64(n)
          .int64(width)
          .int64(rows)
          .over(windows * columns);
      if (windows == 1) {
        return;
      }
      int across = 1;
      while (across < columns && across < MOST_ACROSS) {
        across *= 2;
      }
      queue
          .kernel(Kernel.JOIN_WINDOWS_F32.in(dy.dtype()))
          .read(sorted.keys)
          .read(pieces)
          .write(sums)
          .int64(n)
          .int64(width)
          .int64(rows)
          .int32(across)
          .over((windows - 1) * Math.ceilDiv(columns, across) * Launch.THREADS);
    }
  }
}
