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

  /** Depth of a block: a panel of B, 64 wide, then takes an eighth of a 1 MiB L2 cache. */
  static final int DEPTH = 512;

  private static final int COLUMNS = 2048;
  private static final int TILES_A_TASK = 16;
  private static final int TASKS_A_THREAD = 4;
  // A task of less than this is done before another thread has noticed it.
  static final long WORK_A_TASK = 1 << 17;
  // Up to here B is read in place: 100 against 96 GFLOP/s at 512^3, but 87 against 96 at 1024^3.
  private static final long UNPACKED_WORK = 1 << 27;
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
    if (p.m == 0 || p.n == 0) {
      return;
    }
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
      blocks(p);
    }
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
      blocks(p);
    }
  }

  private void blocks(Product p) {
    int depthBlocks = (p.k + DEPTH - 1) / DEPTH;
    int depth = (p.k + depthBlocks - 1) / depthBlocks;
    boolean packB =
        p.b.dtype().half()
            || p.b.columnStep() != 1
            || p.m > 2 * GemmKernels.TALL && p.work() > UNPACKED_WORK;
    // Rows of A are read in place as fast as from a packed copy; columns only while the caches hold
    // them.
    boolean packA = p.a.columnStep() != 1 && p.work() > UNPACKED_WORK;
    for (int column = 0; column < p.n; column += COLUMNS) {
      int columns = Math.min(COLUMNS, p.n - column);
      for (int first = 0; first < p.k; first += depth) {
        new Pass(p, new Block(column, columns, first, Math.min(depth, p.k - first)), packA, packB)
            .run();
      }
    }
  }

  /** The part of B that a pass works on: columns and rows. */
  private record Block(int column, int columns, int first, int depth) {}

  /** The product of all rows of A with one block of B. */
  private final class Pass {
    private final Product p;
    private final Block block;
    private final boolean packA;
    private final int panels;
    private final int firstPacked;
    private final int packedStart;
    private final int tiles;
    private final int[] stepAt;
    private float[] packed;
    private int rowBlocks;
    private int panelGroups;

    Pass(Product p, Block block, boolean packA, boolean packB) {
      this.p = p;
      this.block = block;
      this.packA = packA;
      panels = Panels.count(block.columns, kernels);
      // A last panel with padding is always packed, so that no kernel reads beyond the columns.
      firstPacked = packB ? 0 : block.columns % kernels.lanes() == 0 ? panels : panels - 1;
      packedStart = Panels.start(firstPacked, block.columns, kernels);
      tiles = Panels.tiles(p.m);
      stepAt = packA ? null : Packing.steps(block.depth, p.a.columnStep());
    }

    void run() {
      int packedColumns = Panels.start(panels, block.columns, kernels) - packedStart;
      packed = packedColumns == 0 ? null : pool.borrow(packedColumns * block.depth);
      if (packed != null) {
        int grain = p.work() < 2 * WORK_A_TASK ? panels : 1;
        parallel.range(
            panels - firstPacked,
            grain,
            (from, to) -> {
              for (int panel = from; panel < to; panel++) {
                packPanel(firstPacked + panel);
              }
            });
      }
      cutTasks();
      parallel.range(
          rowBlocks * panelGroups,
          1,
          (from, to) -> {
            for (int task = from; task < to; task++) {
              compute(task / panelGroups, task % panelGroups);
            }
          });
      if (packed != null) {
        pool.release(packed);
      }
    }

    /** Enough tasks to share, from row blocks first: splitting the columns too repeats the packing of A. */
    private void cutTasks() {
      long work = (long) p.m * block.columns * block.depth;
      int most = parallel.threads() == 1 ? 1 : TASKS_A_THREAD * parallel.threads();
      int wanted = Math.clamp(work / WORK_A_TASK, 1, most);
      int tilesATask = Math.min(TILES_A_TASK, (tiles + wanted - 1) / wanted);
      rowBlocks = (tiles + tilesATask - 1) / tilesATask;
      panelGroups = Math.min(panels, (wanted + rowBlocks - 1) / rowBlocks);
    }

    private void packPanel(int panel) {
      int start = Panels.start(panel, block.columns, kernels);
      int width = Panels.vectors(block.columns - start, kernels) * kernels.lanes();
      int columns = Math.min(width, block.columns - start);
      Matrix from = p.b.from(block.first, block.column + start);
      int at = (start - packedStart) * block.depth;
      if (!from.dtype().half()) {
        Packing.panel(from, block.depth, columns, packed, at, width);
      } else if (from.columnStep() == 1) {
        Packing.panelOfHalves(from, block.depth, columns, packed, at, width);
      } else {
        float[] wide = pool.borrow(block.depth * columns);
        Matrix widened = from.widened(block.depth, columns, wide);
        Packing.panel(widened, block.depth, columns, packed, at, width);
        pool.release(wide);
      }
    }

    private void compute(int rowBlock, int panelGroup) {
      int firstTile = (int) ((long) tiles * rowBlock / rowBlocks);
      int endTile = (int) ((long) tiles * (rowBlock + 1) / rowBlocks);
      int firstPanel = (int) ((long) panels * panelGroup / panelGroups);
      int endPanel = (int) ((long) panels * (panelGroup + 1) / panelGroups);
      int firstRow = Panels.tileStart(firstTile, p.m);
      Matrix a = p.a.from(firstRow, block.first);
      float[] wide = null;
      if (a.dtype().half()) {
        int rows = Panels.tileStart(endTile, p.m) - firstRow;
        wide = pool.borrow(rows * block.depth);
        a = a.widened(rows, block.depth, wide);
      }
      int[] steps = wide == null ? stepAt : Packing.steps(block.depth, a.columnStep());
      float[] packedA = null;
      if (packA) {
        packedA = pool.borrow((endTile - firstTile) * GemmKernels.TALL * block.depth);
        for (int tile = firstTile; tile < endTile; tile++) {
          int row = Panels.tileStart(tile, p.m);
          int rows = Panels.tileStart(tile + 1, p.m) - row;
          Packing.tile(
              a.from(row - firstRow, 0),
              block.depth,
              rows,
              Panels.height(tile, p.m),
              packedA,
              (row - firstRow) * block.depth);
        }
      }
      GemmKernels.Tile t = new GemmKernels.Tile();
      t.depth = block.depth;
      t.accumulate = block.first > 0;
      for (int panel = firstPanel; panel < endPanel; panel++) {
        int start = Panels.start(panel, block.columns, kernels);
        int vectors = Panels.vectors(block.columns - start, kernels);
        if (panel >= firstPacked) {
          t.b = packed;
          t.bAt = (start - packedStart) * block.depth;
          t.bStep = vectors * kernels.lanes();
        } else {
          t.b = p.b.data();
          t.bAt = p.b.at(block.first, block.column + start);
          t.bStep = p.b.rowStep();
        }
        int columns = Math.min(vectors * kernels.lanes(), block.columns - start);
        for (int tile = firstTile; tile < endTile; tile++) {
          int row = Panels.tileStart(tile, p.m);
          int rows = Panels.tileStart(tile + 1, p.m) - row;
          int height = Panels.height(tile, p.m);
          if (packA) {
            t.a = packedA;
            t.stepAt = Packing.stepsOfTile(height);
            t.rows(rows, (row - firstRow) * block.depth, 1);
          } else {
            t.a = a.data();
            t.stepAt = steps;
            t.rows(rows, a.at(row - firstRow, 0), a.rowStep());
          }
          t.c = p.c.data();
          t.cAt = p.c.at(row, block.column + start);
          t.cStep = p.c.rowStep();
          if (columns == vectors * kernels.lanes()) {
            kernels.run(t, height, vectors);
          } else {
            Packing.runNarrow(kernels, t, height, vectors, columns);
          }
        }
      }
      if (packA) {
        pool.release(packedA);
      }
      if (wide != null) {
        pool.release(wide);
      }
    }
  }
}
