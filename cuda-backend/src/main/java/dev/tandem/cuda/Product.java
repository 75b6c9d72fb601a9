package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.cuda.driver.ComputeType;
import dev.tandem.cuda.driver.DataType;
import dev.tandem.cuda.driver.Gemm;
import dev.tandem.shape.DType;

/**
 * A row-major product, or a batch of them: C (m, n) = op(A) (m, k) op(B) (k, n) + beta C. Sums are kept in F32 and rounded to C's
 * type once. A and B are of one type, F32, BF16 or F16; C is of that type, or of F32.
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

  /**
   * A matrix without gaps between its rows. cuBLAS reads rows of 16 bytes, or a multiple of it, at addresses divisible by 16 fastest,
   * and any others too.
   *
   * @param stride elements to the next of the batch; 0 repeats it
   */
  record Place(long address, DataType type, long stride) {
    /** Where a tensor begins. @throws dev.tandem.backend.BackendException for a type that has no products */
    static Place of(Operand operand, long stride) {
      return new Place(Operands.address(operand), typeOf(operand.dtype()), stride);
    }

    /** The same, so many elements further on. */
    Place plus(long elements) {
      return new Place(address + elements * type.bytes(), type, stride);
    }

    /** The same, its batch so many elements apart. */
    Place every(long elements) {
      return new Place(address, type, elements);
    }

    private static DataType typeOf(DType dtype) {
      return switch (dtype) {
        case F32 -> DataType.F32;
        case BF16 -> DataType.BF16;
        case F16 -> DataType.F16;
        case F64, I32, U8 -> throw Operands.refused("a matrix product", dtype);
      };
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
    return new Gemm.Matrix(place.address, place.type, row, place.stride);
  }
}
