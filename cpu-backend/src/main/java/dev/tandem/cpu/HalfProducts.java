package dev.tandem.cpu;

/**
 * Matrix products of BF16 and F16 with a result of that type: all terms are summed in F32, and the sums rounded
 * once. Large results are made some columns at a time, so that less than all of them is ever wide.
 */
final class HalfProducts {
  /** As wide as {@link Gemm}'s blocks of B, so that cutting here packs nothing twice. */
  private static final int COLUMNS = 2048;

  private static final int GRAIN = 1 << 15;

  private final Parallel parallel;
  private final BufferPool pool;
  private final Gemm gemm;

  HalfProducts(Parallel parallel, BufferPool pool, Gemm gemm) {
    this.parallel = parallel;
    this.pool = pool;
    this.gemm = gemm;
  }

  /** C = A B, all three of one type of two bytes, C's rows contiguous. */
  void multiply(Gemm.Product p) {
    // Parts of equal width, so that none is so narrow that it would be summed in another order.
    int parts = p.m() <= Gemm.FEW_ROWS ? 1 : Math.ceilDiv(p.n(), COLUMNS);
    int width = Math.ceilDiv(p.n(), parts);
    float[] sums = pool.borrow((long) p.m() * width);
    for (int first = 0; first < p.n(); first += width) {
      int columns = Math.min(width, p.n() - first);
      Matrix wide = Matrix.rows(sums, 0, columns);
      gemm.multiply(new Gemm.Product(p.m(), columns, p.k(), p.a(), p.b().from(0, first), wide));
      round(wide, p.c().from(0, first), p.m(), columns);
    }
    pool.release(sums);
  }

  private void round(Matrix sums, Matrix to, int rows, int columns) {
    parallel.range(
        rows,
        Math.max(1, GRAIN / columns),
        (from, end) -> {
          for (int row = from; row < end; row++) {
            Half.round(to.dtype(), sums.data(), sums.at(row, 0), to.bits(), to.at(row, 0), columns);
          }
        });
  }
}
