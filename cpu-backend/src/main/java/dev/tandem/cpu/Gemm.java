package dev.tandem.cpu;

import java.util.Arrays;

/**
 * C = A B for matrices that lie in heap arrays, C of F32: blocking, packing and scheduling. A and B may both be of
 * BF16 or F16: packing then widens them, and the bits of C are those of the product of widened matrices. Blocks of B are packed
 * into panels by all threads and then shared; blocks of A are packed by the thread that uses them. Each
 * element of C belongs to one task, and its terms are added in the order of k, so the bits do not depend on
 * the number of threads. After Goto and van de Geijn 2008, Anatomy of High-Performance Matrix Multiplication.
 */
final class Gemm {
  /** C (m, n) = A (m, k) B (k, n). C's rows are contiguous; of A and B, one step is 1. */
  record Product(int m, int n, int k, Matrix a, Matrix b, Matrix c) {
    /** Multiply-adds in it. */
    long work() {
      return (long) m * n * k;
    }

    Product transposed() {
      return new Product(n, m, k, b.transposed(), a.transposed(), c.transposed());
    }
  }

  /** What becomes of elements of C when they are sums: called once for each, on the thread that made them, while they are in its cache. */
  interface Epilogue {
    /** No more than the product. */
    Epilogue NONE = (row, rows, column, columns) -> {};

    void finish(int row, int rows, int column, int columns);
  }

  /** Depth of a block: a panel of B, 64 wide, then takes an eighth of a 1 MiB L2 cache. */
  static final int DEPTH = 512;

  private static final int COLUMNS = 2048;
  // A task of less than this is done before another thread has noticed it.
  static final long WORK_A_TASK = 1 << 18;
  static final int FEW_ROWS = 8;
  // Products so small have too few tiles to share, so where the depth allows it is shared instead.
  private static final int SPLIT_ELEMENTS = 1 << 13;
  private static final int SPLIT_DEPTH = 1 << 12;
  private static final int MOST_SPLITS = 16;

  private final Parallel parallel;
  private final BufferPool pool;
  private final GemmKernels kernels;
  private final RowKernels rowKernels;

  Gemm(Parallel parallel, BufferPool pool, GemmKernels kernels, RowKernels rowKernels) {
    this.parallel = parallel;
    this.pool = pool;
    this.kernels = kernels;
    this.rowKernels = rowKernels;
  }

  void multiply(Product p) {
    multiply(p, Epilogue.NONE);
  }

  void multiply(Product p, Epilogue epilogue) {
    if (p.m == 0 || p.n == 0) {
      return;
    }
    if (multiplyOdd(p)) {
      epilogue.finish(0, p.m, 0, p.n);
    } else {
      blocks(p, epilogue);
    }
  }

  /** Products that are not cut into tiles; false where it is none of them. */
  private boolean multiplyOdd(Product p) {
    if (p.k == 0) {
      for (int i = 0; i < p.m; i++) {
        Arrays.fill(p.c.data(), p.c.at(i, 0), p.c.at(i, 0) + p.n, 0f);
      }
    } else if (p.n == 1 && p.m > 1 && p.c.rowStep() == 1) {
      multiply(p.transposed());
    } else if (p.m <= FEW_ROWS && p.b.rowStep() == 1 && p.a.columnStep() == 1 && p.n > 1) {
      dots(p);
    } else if ((long) p.m * p.n <= SPLIT_ELEMENTS && p.k >= SPLIT_DEPTH) {
      split(p);
    } else {
      return false;
    }
    return true;
  }

  /** Few rows against B whose columns are contiguous: packing would take longer than the product. */
  private void dots(Product p) {
    int grain = (int) Math.max(1, WORK_A_TASK / ((long) p.m * p.k));
    boolean half = p.a.dtype().half();
    float[] wide = half ? pool.borrow((long) p.m * p.k) : null;
    Matrix a = half ? p.a.widened(p.m, p.k, wide) : p.a;
    parallel.range(
        p.n,
        grain,
        (from, to) -> {
          float[] column = half ? pool.borrow(p.k) : null;
          for (int j = from; j < to; j++) {
            Matrix b = half ? p.b.from(0, j).widened(p.k, 1, column) : p.b.from(0, j);
            for (int i = 0; i < p.m; i++) {
              p.c.data()[p.c.at(i, j)] =
                  rowKernels.dot(a.data(), a.at(i, 0), b.data(), b.offset(), p.k);
            }
          }
          if (half) {
            pool.release(column);
          }
        });
    if (half) {
      pool.release(wide);
    }
  }

  private void split(Product p) {
    int splits = Math.min(MOST_SPLITS, p.k / (SPLIT_DEPTH / 2));
    int depth = (p.k + splits - 1) / splits;
    int elements = p.m * p.n;
    float[] parts = pool.borrow(splits * elements);
    parallel.range(
        splits,
        1,
        (from, to) -> {
          for (int s = from; s < to; s++) {
            int first = Math.min(p.k, s * depth);
            Matrix a = p.a.from(0, first);
            Matrix b = p.b.from(first, 0);
            Matrix c = Matrix.rows(parts, s * elements, p.n);
            multiplyPart(new Product(p.m, p.n, Math.min(depth, p.k - first), a, b, c));
          }
        });
    for (int s = 1; s < splits; s++) {
      rowKernels.add(parts, s * elements, parts, 0, elements);
    }
    for (int i = 0; i < p.m; i++) {
      System.arraycopy(parts, i * p.n, p.c.data(), p.c.at(i, 0), p.n);
    }
    pool.release(parts);
  }

  private void multiplyPart(Product p) {
    if (p.k == 0) {
      multiply(p);
    } else {
      blocks(p, Epilogue.NONE);
    }
  }

  private void blocks(Product p, Epilogue epilogue) {
    int depthBlocks = (p.k + DEPTH - 1) / DEPTH;
    int depth = (p.k + depthBlocks - 1) / depthBlocks;
    for (int column = 0; column < p.n; column += COLUMNS) {
      int columns = Math.min(COLUMNS, p.n - column);
      for (int first = 0; first < p.k; first += depth) {
        new GemmPass(
                parallel,
                pool,
                kernels,
                p,
                new GemmPass.Block(column, columns, first, Math.min(depth, p.k - first)),
                epilogue)
            .run();
      }
    }
  }
}
