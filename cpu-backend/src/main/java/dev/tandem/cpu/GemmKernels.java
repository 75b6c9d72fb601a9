package dev.tandem.cpu;

/**
 * Register tiles of a matrix product: up to {@link #TALL} rows of C by a few vectors of columns, held in
 * registers over the whole depth. Every element of C is one chain of fused multiply-adds in the order of k,
 * whatever the tile's height, the vectors' width or the implementation, so none of these can change a bit.
 */
interface GemmKernels {
  /**
   * Rows of the two kinds of tile. A tile with fewer rows computes its last row again, and stores it again.
   */
  int TALL = 6;

  int SHORT = 4;

  /** 40 KiB of a first cache of 48, beside a tile's rows of A, where vectors have 64 bytes. */
  int PANEL_DEPTH = 160;

  static GemmKernels best() {
    return Vectorization.available() ? new WarmingGemmKernels() : new ScalarGemmKernels();
  }

  /** Columns in a vector. */
  int lanes();

  /** Vectors in the widest tile: 4 or 2. */
  int vectors();

  /**
   * How deep a part of a panel all tiles go through before the next, so that it stays in the first cache; each part loads and stores C
   * once more.
   */
  default int panelDepth() {
    return PANEL_DEPTH;
  }

  /** C = A B, or C += A B, for {@code height} rows and 4, 2 or 1 vectors of columns. */
  void run(Tile tile, int height, int vectors);

  /**
   * As {@link #run}, of packed operands: A(i, k) lies at {@code a[rowAt[0] + k * height + i]} and B(k, j) at
   * {@code b[bAt + k * vectors * lanes + j]}, whatever the tile says of steps.
   */
  default void runPacked(Tile tile, int height, int vectors) {
    tile.stepAt = Packing.stepsOfTile(height);
    for (int i = 1; i < height; i++) {
      tile.rowAt[i] = tile.rowAt[0] + i;
    }
    tile.bStep = vectors * lanes();
    run(tile, height, vectors);
  }

  /** The operands of one tile. Mutable and reused, for a task runs thousands of them. */
  final class Tile {
    int depth;

    /** Whether the product is added to C or overwrites it. */
    boolean accumulate;

    /**
     * A(i, k) lies at {@code a[rowAt[i] + stepAt[k]]}. The table costs nothing that shows (109 GFLOP/s with
     * it, 107 with a stride, one run), and lets one kernel read packed panels, matrices and their transposes,
     * and images.
     */
    float[] a;

    final int[] rowAt = new int[TALL];
    int[] stepAt;

    /** B(k, j) lies at {@code b[bAt + k * bStep + j]}. */
    float[] b;

    int bAt;
    int bStep;

    /** C(i, j) lies at {@code c[cAt + min(i, lastRow) * cStep + j]}. */
    float[] c;

    int cAt;
    int cStep;
    int lastRow;

    /** Sets the rows of a strided A; those past the last repeat it. */
    void rows(int rows, int at, int step) {
      lastRow = rows - 1;
      for (int i = 0; i < TALL; i++) {
        rowAt[i] = at + Math.min(i, lastRow) * step;
      }
    }

    int row(int i) {
      return cAt + Math.min(i, lastRow) * cStep;
    }
  }
}
