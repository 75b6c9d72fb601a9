package dev.tandem.cuda.driver;

import dev.tandem.cuda.driver.Gemm.Matrix;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A product of whole numbers in host memory, small enough for every type to hold, and what it should come to. */
final class GemmTrial {
  /**
   * Types, and how the matrices lie.
   *
   * @param gap elements beyond each column and each matrix
   * @param leading leading dimensions instead of those of the gap, for matrices of one column; 0 for none
   */
  record Case(
      ComputeType compute,
      DataType operands,
      DataType result,
      long[] sizes,
      boolean transposeA,
      boolean transposeB,
      int gap,
      int batch,
      long leading) {
    long m() {
      return sizes[0];
    }

    long n() {
      return sizes[1];
    }

    long k() {
      return sizes[2];
    }

    @Override
    public String toString() {
      return "%s %s to %s, %d x %d x %d%s%s, gap %d, batch %d%s"
          .formatted(
              compute,
              operands,
              result,
              m(),
              n(),
              k(),
              transposeA ? " ta" : "",
              transposeB ? " tb" : "",
              gap,
              batch,
              leading == 0 ? "" : ", ld " + leading);
    }
  }

  private static final double ALPHA = 2;
  private static final double BETA = -3;

  private final Case trial;
  private final Arena arena;
  private final Random random = new Random(3);

  GemmTrial(Case trial, Arena arena) {
    this.trial = trial;
    this.arena = arena;
  }

  /** Cases of every pair of types, every transposition, gaps, batches, and leading dimensions beyond an int. */
  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (ComputeType compute : ComputeType.values()) {
      for (DataType operands : DataType.values()) {
        for (DataType result : DataType.values()) {
          if (compute.takes(operands, result)) {
            for (int i = 0; i < 8; i++) {
              boolean ta = (i & 1) != 0;
              boolean tb = (i & 2) != 0;
              int batch = i < 4 ? 1 : 2;
              cases.add(new Case(compute, operands, result, sizes(2, 3, 5), ta, tb, 1, batch, 0));
            }
          }
        }
      }
    }
    for (int i = 0; i < 8; i++) {
      int batch = i < 4 ? 1 : 3;
      boolean ta = (i & 1) != 0;
      boolean tb = (i & 2) != 0;
      cases.add(f32(sizes(7, 4, 3), ta, tb, 0, batch, 0));
      cases.add(f32(sizes(1, 6, 2), ta, tb, 5, batch, 0));
    }
    // One column each, so that the leading dimension is told and never used.
    cases.add(f32(sizes(4, 1, 1), false, false, 0, 1, 1L << 33));
    cases.add(f32(sizes(4, 1, 1), false, false, 0, 2, Integer.MAX_VALUE + 1L));
    cases.add(f32(sizes(4, 1, 1), false, false, 0, 1, Integer.MAX_VALUE));
    return cases;
  }

  private static long[] sizes(long m, long n, long k) {
    return new long[] {m, n, k};
  }

  private static Case f32(long[] sizes, boolean ta, boolean tb, int gap, int batch, long leading) {
    return new Case(
        ComputeType.F32, DataType.F32, DataType.F32, sizes, ta, tb, gap, batch, leading);
  }

  /** Runs it, and compares every element of the memory of C, gaps too. Returns the first difference, or nothing. */
  String difference(Blas blas) {
    Case t = trial;
    double[][] x = new double[3][];
    Matrix a =
        matrix(t.operands(), t.transposeA() ? t.k() : t.m(), t.transposeA() ? t.m() : t.k(), x, 0);
    Matrix b =
        matrix(t.operands(), t.transposeB() ? t.n() : t.k(), t.transposeB() ? t.k() : t.n(), x, 1);
    Matrix c = matrix(t.result(), t.m(), t.n(), x, 2);
    double[] expected = x[2].clone();
    for (int i = 0; i < t.batch(); i++) {
      for (long column = 0; column < t.n(); column++) {
        for (long row = 0; row < t.m(); row++) {
          double sum = 0;
          for (long p = 0; p < t.k(); p++) {
            sum +=
                x[0][place(a, i, t.transposeA(), row, p)]
                    * x[1][place(b, i, t.transposeB(), p, column)];
          }
          int at = place(c, i, false, row, column);
          expected[at] = ALPHA * sum + BETA * x[2][at];
        }
      }
    }
    blas.gemm(
        new Gemm(
            t.transposeA(),
            t.transposeB(),
            t.m(),
            t.n(),
            t.k(),
            ALPHA,
            a,
            b,
            BETA,
            c,
            t.compute(),
            t.batch()));
    for (int i = 0; i < expected.length; i++) {
      double got = FakeCublas.read(c.address() + (long) i * t.result().bytes(), t.result().code());
      if (got != expected[i]) {
        return "element " + i + " of C's memory: expected " + expected[i] + ", got " + got;
      }
    }
    return "";
  }

  private Matrix matrix(DataType type, long rows, long columns, double[][] values, int which) {
    long leading = trial.leading() == 0 ? rows + trial.gap() : trial.leading();
    long stride = (columns == 1 ? rows : leading * columns) + trial.gap();
    int elements = (int) stride * trial.batch();
    long address = arena.allocate((long) elements * type.bytes(), 256).address();
    values[which] = new double[elements];
    for (int i = 0; i < elements; i++) {
      values[which][i] = random.nextInt(-3, 4);
      FakeCublas.write(address + (long) i * type.bytes(), type.code(), values[which][i]);
    }
    return new Matrix(address, type, leading, stride);
  }

  private static int place(Matrix matrix, int i, boolean transpose, long row, long column) {
    long in = transpose ? row : column;
    long down = transpose ? column : row;
    return (int) (i * matrix.stride() + in * matrix.leadingDimension() + down);
  }
}
