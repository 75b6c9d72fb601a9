package dev.tandem.cuda.driver;

import java.util.Arrays;

/**
 * A matrix product, or {@code batch} of them: C (m, n) = alpha op(A) (m, k) op(B) (k, n) + beta C, column-major. C must not
 * overlap A or B, nor one C of a batch another; cuBLAS does not look.
 *
 * @param transposeA whether op(A) is A's transpose, A then being (k, m) in memory
 * @param transposeB whether op(B) is B's transpose, B then being (n, k) in memory
 * @param batch how many products; their matrices lie {@link Matrix#stride} elements apart
 */
public record Gemm(
    boolean transposeA,
    boolean transposeB,
    long m,
    long n,
    long k,
    double alpha,
    Matrix a,
    Matrix b,
    double beta,
    Matrix c,
    ComputeType compute,
    int batch) {
  /**
   * A column-major matrix in device memory.
   *
   * @param leadingDimension elements from one column to the next
   * @param stride elements from one matrix of a batch to the next; 0 repeats it, which C must not
   */
  public record Matrix(long address, DataType type, long leadingDimension, long stride) {
    /** A matrix whose elements are one after another. */
    public Matrix(long address, DataType type, long leadingDimension) {
      this(address, type, leadingDimension, 0);
    }
  }

  /** Throws IllegalArgumentException when a component is out of its range; the message names it. */
  public Gemm {
    check(m > 0 && n > 0 && k > 0 && batch > 0, "sizes must be at least 1", m, n, k, batch);
    check(
        a.leadingDimension >= (transposeA ? k : m),
        "A's leading dimension is less than its rows",
        a.leadingDimension,
        m,
        k);
    check(
        b.leadingDimension >= (transposeB ? n : k),
        "B's leading dimension is less than its rows",
        b.leadingDimension,
        k,
        n);
    check(
        c.leadingDimension >= m,
        "C's leading dimension is less than its rows",
        c.leadingDimension,
        m);
    check(
        batch == 1 || c.stride != 0, "the products of a batch need places of their own", c.stride);
    if (a.type != b.type || !compute.takes(a.type, c.type)) {
      throw new IllegalArgumentException(
          "gemm: cuBLAS has no product of these types, got "
              + a.type
              + " x "
              + b.type
              + " to "
              + c.type
              + " computed in "
              + compute
              + "; give A and B one type, and C that type, or F32 after F16 or BF16 computed in"
              + " F32");
    }
  }

  /** The product for errors and logs: {@code "gemm (4, 5) x (5, 6), BF16 to F32 computed in F32"}. */
  @Override
  public String toString() {
    return "gemm "
        + (batch == 1 ? "" : batch + " times ")
        + ("(" + m + ", " + k + ") x (" + k + ", " + n + "), ")
        + (a.type + " to " + c.type + " computed in " + compute);
  }

  private static void check(boolean holds, String otherwise, long... values) {
    if (!holds) {
      throw new IllegalArgumentException(
          "gemm: " + otherwise + ", got " + Arrays.toString(values) + "; see cuBLAS's gemm");
    }
  }
}
