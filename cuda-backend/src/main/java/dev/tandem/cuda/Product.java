package dev.tandem.cuda;

import dev.tandem.cuda.driver.ComputeType;
import dev.tandem.cuda.driver.DataType;
import dev.tandem.cuda.driver.Gemm;

/**
 * A row-major product, or a batch of them: C (m, n) = op(A) (m, k) op(B) (k, n) + beta C. F32.
 *
 * @param transposeA whether A lies as (k, m); transposeB whether B lies as (n, k)
 * @param beta 0 or 1: whether C is replaced or added to
 */
record Product(
    boolean transposeA,
    boolean transposeB,
    long m,
    long n,
    long k,
    Place a,
    Place b,
    Place c,
    double beta,
    int batch) {

  /** A matrix without gaps between its rows. @param stride elements to the next of the batch; 0 repeats it */
  record Place(long address, long stride) {
    /** The same, so many elements further on. */
    Place plus(long elements) {
      return new Place(address + elements * Float.BYTES, stride);
    }
  }

  /** The same of other matrices. */
  Product at(Place otherA, Place otherB, Place otherC, int otherBatch) {
    return new Product(transposeA, transposeB, m, n, k, otherA, otherB, otherC, beta, otherBatch);
  }

  /**
   * As cuBLAS takes it, which has matrices column-major. A row-major matrix read column by column is its transpose, so what is
   * asked for is C^T = op(B)^T op(A)^T: operands and sizes change places, the flags go with their operands, and each leading
   * dimension is the length of a row in memory.
   */
  Gemm columnMajor() {
    return new Gemm(
        transposeB,
        transposeA,
        n,
        m,
        k,
        1,
        matrix(b, transposeB ? k : n),
        matrix(a, transposeA ? m : k),
        beta,
        matrix(c, n),
        ComputeType.F32,
        batch);
  }

  private static Gemm.Matrix matrix(Place place, long row) {
    return new Gemm.Matrix(place.address, DataType.F32, row, place.stride);
  }
}
