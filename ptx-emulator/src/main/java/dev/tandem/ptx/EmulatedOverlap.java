package dev.tandem.ptx;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Gemm;
import dev.tandem.cuda.driver.Gemm.Matrix;
import java.util.BitSet;

/**
 * Finds a C that lies over A, over B or over another C of the batch, element by element: matrices may well interlock without
 * touching, as the heads of an attention do.
 */
final class EmulatedOverlap {
  /** Every element begins at a multiple of this, and is one or more of it long. */
  private static final int UNIT = 2;

  private final Gemm gemm;
  private final Piece c;
  private final BitSet written = new BitSet();

  /** Where the matrices of a batch lie: so many columns of so many elements, and the bytes from first to last. */
  private record Piece(Matrix matrix, long rows, long columns, int batch, long from, long to) {
    static Piece of(Matrix matrix, long rows, long columns, int batch) {
      long last = (batch - 1) * matrix.stride() * matrix.type().bytes();
      long extent = ((columns - 1) * matrix.leadingDimension() + rows) * matrix.type().bytes();
      long from = matrix.address() + Math.min(0, last);
      return new Piece(
          matrix, rows, columns, batch, from, matrix.address() + Math.max(0, last) + extent);
    }

    boolean meets(Piece other) {
      return from < other.to && other.from < to;
    }

    /** Whether its matrices lie one after another, with no need to look closer. */
    boolean spaced() {
      long extent = (columns - 1) * matrix.leadingDimension() + rows;
      return batch == 1 || Math.abs(matrix.stride()) >= extent;
    }

    long column(int i, long column) {
      long elements = i * matrix.stride() + column * matrix.leadingDimension();
      return matrix.address() + elements * matrix.type().bytes();
    }
  }

  private EmulatedOverlap(Gemm gemm, Piece c) {
    this.gemm = gemm;
    this.c = c;
  }

  /**
   * @throws DriverException SANITIZER, naming the two
   */
  static void check(Gemm gemm) {
    boolean ta = gemm.transposeA();
    boolean tb = gemm.transposeB();
    Piece a = Piece.of(gemm.a(), ta ? gemm.k() : gemm.m(), ta ? gemm.m() : gemm.k(), gemm.batch());
    Piece b = Piece.of(gemm.b(), tb ? gemm.n() : gemm.k(), tb ? gemm.k() : gemm.n(), gemm.batch());
    Piece c = Piece.of(gemm.c(), gemm.m(), gemm.n(), gemm.batch());
    boolean apart = c.spaced() && !c.meets(a) && !c.meets(b);
    // No allocation is that large: the accesses themselves will be refused.
    boolean beyondMemory = (c.to - c.from) / UNIT > Integer.MAX_VALUE;
    if (apart || beyondMemory) {
      return;
    }
    EmulatedOverlap overlap = new EmulatedOverlap(gemm, c);
    overlap.mark();
    overlap.look("A", a);
    overlap.look("B", b);
  }

  private void mark() {
    int width = c.matrix.type().bytes() / UNIT;
    for (int i = 0; i < c.batch; i++) {
      for (long column = 0; column < c.columns; column++) {
        int begin = unit(c.column(i, column));
        int end = begin + (int) c.rows * width;
        int taken = written.nextSetBit(begin);
        if (taken >= 0 && taken < end) {
          throw error("another C of the batch", c.from + (long) taken * UNIT);
        }
        written.set(begin, end);
      }
    }
  }

  private void look(String name, Piece operand) {
    if (!operand.meets(c)) {
      return;
    }
    long columnBytes = operand.rows * operand.matrix.type().bytes();
    for (int i = 0; i < operand.batch; i++) {
      for (long column = 0; column < operand.columns; column++) {
        long begin = Math.max(operand.column(i, column), c.from);
        long end = Math.min(operand.column(i, column) + columnBytes, c.to);
        if (begin < end) {
          int taken = written.nextSetBit(unit(begin));
          if (taken >= 0 && taken < unit(end)) {
            throw error(name, c.from + (long) taken * UNIT);
          }
        }
      }
    }
  }

  /** Which unit of C's extent an address is. */
  private int unit(long address) {
    return (int) ((address - c.from) / UNIT);
  }

  private DriverException error(String other, long address) {
    return new DriverException(
        gemm.toString(),
        DriverError.SANITIZER,
        "C lies over "
            + other
            + " at 0x"
            + Long.toHexString(address)
            + "; give C memory of its own");
  }
}
