package dev.tandem.ptx;

import dev.tandem.cuda.driver.ComputeType;
import dev.tandem.cuda.driver.DataType;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Gemm;
import dev.tandem.cuda.driver.Gemm.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Supplier;

/**
 * A product on the software GPU. Every element of C is, for each compute type, with sums over k in ascending order:
 *
 * <ul>
 *   <li>F32: the ideal F32 product. Products of F32, F16 or BF16 operands are exact in double; they are summed in double,
 *       alpha and beta, rounded to F32, are applied in double, and the result is rounded once to F32
 *   <li>F32_FAST_TF32, F32_FAST_BF16: the same of operands rounded to TF32 (ties away from zero) or BF16 (ties to even)
 *   <li>F32_PEDANTIC: one F32 fused multiply-add after another, as the plainest kernel has it; alpha times the sum in F32;
 *       a fused multiply-add with beta
 *   <li>F16: every product and every sum rounded to F16, alpha and beta too
 *   <li>F64: one fused multiply-add after another, also for beta
 * </ul>
 *
 * Then it is rounded to C's type, ties to even. Where beta is 0 after rounding, C is not read. So F32 is what a GPU's F32
 * product, whatever its order of summing, differs from by its own rounding alone: a tolerance that grows with k holds for
 * every GPU against it. F32_PEDANTIC has such rounding itself.
 */
final class EmulatedGemm {
  /** Rows of C at a time, so that the sums of a panel stay in the first-level cache. */
  private static final int ROWS = 512;

  private final Gemm gemm;
  private final ComputeType compute;
  private final EmulatedBlas.Memory memory;

  /** Matrices of which unwritten elements have been read. */
  private final Set<String> unwritten = new HashSet<>();

  /**
   * @param compute what it is computed in: the product's own type, or what the math mode makes of it
   */
  EmulatedGemm(Gemm gemm, ComputeType compute, EmulatedBlas.Memory memory) {
    this.gemm = gemm;
    this.compute = compute;
    this.memory = memory;
  }

  void run() {
    checkAlignment("A", gemm.a());
    checkAlignment("B", gemm.b());
    checkAlignment("C", gemm.c());
    EmulatedOverlap.check(gemm);
    double[] a = null;
    double[] b = null;
    for (int i = 0; i < gemm.batch(); i++) {
      if (a == null || gemm.a().stride() != 0) {
        a = operand(gemm.a(), i, gemm.transposeA(), gemm.m(), gemm.k());
      }
      if (b == null || gemm.b().stride() != 0) {
        b = operand(gemm.b(), i, gemm.transposeB(), gemm.k(), gemm.n());
      }
      multiply(a, b, i);
    }
  }

  private void checkAlignment(String name, Matrix matrix) {
    if (matrix.address() % matrix.type().bytes() != 0) {
      throw new DriverException(
          gemm.toString(),
          DriverError.CUDA_ERROR_MISALIGNED_ADDRESS,
          name + " of " + matrix.type() + " lies at 0x" + Long.toHexString(matrix.address()));
    }
  }

  /** op(M) (rows, columns), column-major without gaps, each element rounded as the compute type has it. */
  private double[] operand(Matrix matrix, int i, boolean transposed, long rows, long columns) {
    double[] values = new double[size(rows, columns)];
    int across = transposed ? (int) rows : (int) columns;
    int down = transposed ? (int) columns : (int) rows;
    // In memory a transposed matrix's column is a row of op(M).
    int next = transposed ? 1 : (int) rows;
    int step = transposed ? (int) rows : 1;
    if (matrix.leadingDimension() == down && !transposed) {
      read(matrix, i, 0, values, 0, 1, values.length);
    } else {
      for (int column = 0; column < across; column++) {
        read(matrix, i, column, values, column * next, step, down);
      }
    }
    round(values);
    return values;
  }

  private int size(long rows, long columns) {
    // Arrays of the host hold no more.
    if (rows > Integer.MAX_VALUE - 8 || columns > (Integer.MAX_VALUE - 8) / rows) {
      throw new DriverException(
          gemm.toString(),
          DriverError.CUBLAS_STATUS_ALLOC_FAILED,
          "the software GPU multiplies matrices of fewer than 2^31 elements; take smaller ones");
    }
    return (int) (rows * columns);
  }

  private void read(
      Matrix matrix, int i, int column, double[] values, int at, int step, int count) {
    long bytes = (long) count * matrix.type().bytes();
    long address = address(matrix, i, column);
    MemorySegment from = reach(gemm, name(matrix, i), () -> memory.read(address, bytes));
    checkWritten(matrix, i, address, bytes);
    EmulatedNumbers.read(from, matrix.type(), values, at, step, count);
  }

  /** Once a matrix, and not once a column. */
  private void checkWritten(Matrix matrix, int i, long address, long bytes) {
    long first = memory.firstUnwritten(address, bytes);
    if (first >= 0 && unwritten.add(name(matrix, i))) {
      memory.readUnwritten(gemm + ": " + name(matrix, i), first);
    }
  }

  private static long address(Matrix matrix, int i, int column) {
    long elements = i * matrix.stride() + column * matrix.leadingDimension();
    return matrix.address() + elements * matrix.type().bytes();
  }

  private void round(double[] values) {
    switch (compute) {
      case F32_FAST_TF32 -> {
        for (int i = 0; i < values.length; i++) {
          values[i] = EmulatedNumbers.tf32((float) values[i]);
        }
      }
      case F32_FAST_BF16 -> {
        for (int i = 0; i < values.length; i++) {
          values[i] = EmulatedNumbers.bf16((float) values[i]);
        }
      }
      case F16, F32, F32_PEDANTIC, F64 -> {} // the operands are taken as they are
    }
  }

  private void multiply(double[] a, double[] b, int i) {
    int m = (int) gemm.m();
    int k = (int) gemm.k();
    int n = (int) gemm.n();
    size(m, n);
    double[] sums = new double[m];
    double[] panel = new double[Math.min(m, ROWS)];
    for (int column = 0; column < n; column++) {
      for (int row = 0; row < m; row += ROWS) {
        int rows = Math.min(ROWS, m - row);
        Arrays.fill(panel, 0);
        for (int p = 0; p < k; p++) {
          add(panel, a, p * m + row, b[column * k + p], rows);
        }
        System.arraycopy(panel, 0, sums, row, rows);
      }
      finish(sums, i, column, m);
    }
  }

  /** sums += a column of A times one element of B. */
  private void add(double[] sums, double[] a, int at, double b, int rows) {
    switch (compute) {
      case F32, F32_FAST_TF32, F32_FAST_BF16 -> {
        for (int row = 0; row < rows; row++) {
          sums[row] += a[at + row] * b;
        }
      }
      case F32_PEDANTIC -> {
        for (int row = 0; row < rows; row++) {
          sums[row] = Math.fma((float) a[at + row], (float) b, (float) sums[row]);
        }
      }
      case F16 -> {
        // Exact in F32: the product. Rounded twice, which F32's 24 bits make the same as once: the
        // sum.
        for (int row = 0; row < rows; row++) {
          float product = EmulatedNumbers.f16((float) a[at + row] * (float) b);
          sums[row] = EmulatedNumbers.f16((float) sums[row] + product);
        }
      }
      case F64 -> {
        for (int row = 0; row < rows; row++) {
          sums[row] = Math.fma(a[at + row], b, sums[row]);
        }
      }
    }
  }

  /** Scales a column of sums, adds beta C, and writes it. */
  private void finish(double[] sums, int i, int column, int m) {
    double alpha = scalar(gemm.alpha());
    double beta = scalar(gemm.beta());
    Matrix c = gemm.c();
    double[] before = new double[beta == 0 ? 0 : m];
    if (beta != 0) {
      read(c, i, column, before, 0, 1, m);
    }
    for (int row = 0; row < m; row++) {
      sums[row] =
          beta == 0 ? scaled(alpha, sums[row]) : scaled(alpha, sums[row], beta, before[row]);
    }
    long bytes = (long) m * c.type().bytes();
    long address = address(c, i, column);
    MemorySegment to = reach(gemm, name(c, i), () -> memory.write(address, bytes));
    EmulatedNumbers.write(to, c.type(), sums, m);
  }

  /** A matrix, for errors. */
  private String name(Matrix matrix, int i) {
    String name = matrix == gemm.a() ? "A" : matrix == gemm.b() ? "B" : "C";
    return gemm.batch() == 1 ? name : name + " of product " + i;
  }

  /** Memory that a product reaches for; where it is not there, the error names the product and this part of it. */
  static MemorySegment reach(Gemm gemm, String part, Supplier<MemorySegment> access) {
    try {
      return access.get();
    } catch (DriverException e) {
      throw new DriverException(gemm.toString(), e.error(), part + ": " + Failures.detail(e));
    }
  }

  private double scalar(double value) {
    DataType type = compute.scalars();
    return switch (type) {
      case F64 -> value;
      case F32 -> (float) value;
      case F16 -> EmulatedNumbers.f16((float) value);
      case BF16 -> throw new IllegalStateException("gemm: no compute type has scalars in BF16");
    };
  }

  private double scaled(double alpha, double sum) {
    return switch (compute) {
      case F32, F32_FAST_TF32, F32_FAST_BF16, F32_PEDANTIC -> (float) (alpha * sum);
      case F16 -> EmulatedNumbers.f16((float) alpha * (float) sum);
      case F64 -> alpha * sum;
    };
  }

  private double scaled(double alpha, double sum, double beta, double c) {
    return switch (compute) {
      case F32, F32_FAST_TF32, F32_FAST_BF16 -> (float) (alpha * sum + beta * c);
      case F32_PEDANTIC -> Math.fma((float) beta, (float) c, (float) alpha * (float) sum);
      case F16 ->
          EmulatedNumbers.f16(
              EmulatedNumbers.f16((float) alpha * (float) sum)
                  + EmulatedNumbers.f16((float) beta * (float) c));
      case F64 -> Math.fma(beta, c, alpha * sum);
    };
  }
}
