package dev.tandem.cpu;

import dev.tandem.shape.DType;

/**
 * The product of all rows of A with one block of B. C is cut into tasks, row blocks by panel groups. An operand that is
 * packed is packed by each thread for itself, as it comes to need it, into memory that no other thread touches: on a processor of
 * several chips handing over a line costs as much as packing it again. Where that would be too much work a thread, all threads
 * pack it together before.
 */
final class GemmPass {
  /** The part of B that a pass works on: columns and rows. */
  record Block(int column, int columns, int first, int depth) {}

  private enum Copy {
    NONE,
    SHARED,
    OWN
  }

  // Packed rows of A of one task: 480 KiB at the full depth, beside a panel of B in the second
  // cache.
  private static final int TILES_A_TASK = 40;
  private static final int TILES_A_UNIT = 8;
  private static final int TASKS_A_THREAD = 4;
  // From so many tiles a thread on each has rows of its own, and goes through B's panels with them;
  // fewer would not pay for all of B.
  private static final int TALL_TILES = 16;
  // Operands of so little stay in the second cache as they are: copies would not pay, up to 192 on
  // a side.
  private static final long UNPACKED_WORK = 1 << 23;
  private static final int UNPACKED_TILES = 4;
  // Each thread packs for itself what has this many uses a thread, up to so many threads. Measured
  // on two.
  private static final int USES = 128;
  private static final int FEW_THREADS = 4;

  private final Parallel parallel;
  private final BufferPool pool;
  private final GemmKernels kernels;
  private final Gemm.Product p;
  private final Block block;
  private final Gemm.Epilogue epilogue;
  private final int panels;
  private final int tiles;
  private final int rowBlocks;
  private final int panelGroups;
  private final Copy copyA;
  private final Copy copyB;
  private final boolean packLast;
  private final int[] stepAt;
  private float[] packedA;
  private float[] packedB;

  GemmPass(
      Parallel parallel,
      BufferPool pool,
      GemmKernels kernels,
      Gemm.Product p,
      Block block,
      Gemm.Epilogue epilogue) {
    this.parallel = parallel;
    this.pool = pool;
    this.kernels = kernels;
    this.p = p;
    this.block = block;
    this.epilogue = block.first + block.depth == p.k() ? epilogue : Gemm.Epilogue.NONE;
    panels = Panels.count(block.columns, kernels);
    tiles = Panels.tiles(p.m());
    long work = (long) p.m() * block.columns * block.depth;
    int threads = parallel.threads();
    int most = threads == 1 ? 1 : Math.clamp(work / Gemm.WORK_A_TASK, 1, Integer.MAX_VALUE);
    int wanted = Math.min(most, TASKS_A_THREAD * threads);
    boolean tall = tiles >= TALL_TILES * threads;
    int leastRows = 1;
    if (tall) {
      int shares = wanted == 1 ? 1 : threads;
      leastRows = shares * Math.ceilDiv(tiles, shares * TILES_A_TASK);
    }
    panelGroups = Math.min(panels, Math.ceilDiv(most, leastRows));
    int wantedRows = Math.max(leastRows, Math.ceilDiv(wanted, panelGroups));
    rowBlocks =
        wanted == 1 || wantedRows == 1
            ? leastRows
            : Math.min(tiles, Math.ceilDiv(wantedRows, threads) * threads);
    boolean small = work <= UNPACKED_WORK;
    boolean half = p.a().dtype().half();
    boolean packA = half || !small && (panels > 1 || p.a().columnStep() != 1);
    boolean packB = half || p.b().columnStep() != 1 || !small && tiles >= UNPACKED_TILES;
    copyA =
        !packA
            ? Copy.NONE
            : tall || panelGroups == 1 || again(block.columns) ? Copy.OWN : Copy.SHARED;
    copyB = !packB ? Copy.NONE : rowBlocks == 1 || again(p.m()) ? Copy.OWN : Copy.SHARED;
    // A last panel with padding is always packed, so that no kernel reads beyond the columns.
    packLast = block.columns % kernels.lanes() != 0;
    stepAt = packA ? null : Packing.steps(block.depth, p.a().columnStep());
  }

  /** Whether an operand of so many uses is packed by each thread that needs it. */
  private boolean again(int uses) {
    return parallel.threads() <= FEW_THREADS && uses >= USES * parallel.threads();
  }

  void run() {
    packShared();
    int tasks = rowBlocks * panelGroups;
    Copies[] copies = new Copies[parallel.threads()];
    parallel.range(
        tasks,
        1,
        (from, to) -> {
          int thread = Parallel.worker();
          if (copies[thread] == null) {
            copies[thread] = new Copies();
          }
          for (int task = from; task < to; task++) {
            compute(task / panelGroups, task % panelGroups, copies[thread]);
          }
        });
    for (int thread = 0; thread < copies.length; thread++) {
      if (copies[thread] != null) {
        release(copies[thread].narrowC, thread);
        release(copies[thread].b, thread);
        release(copies[thread].a, thread);
      }
    }
    release(packedB, Parallel.worker());
    release(packedA, Parallel.worker());
  }

  private void release(float[] borrowed, int thread) {
    if (borrowed != null) {
      pool.release(DType.F32, borrowed, thread);
    }
  }

  /** What one thread has packed for itself. */
  private final class Copies {
    private final float[] a;
    private final float[] b;
    private final float[] narrowC;
    private final GemmKernels.Tile tile = new GemmKernels.Tile();
    private final int panelsKept;
    private final boolean[] panelReady;
    private int rowBlock = -1;

    Copies() {
      int widest = kernels.vectors() * kernels.lanes();
      int rows = Math.ceilDiv(tiles, rowBlocks) * GemmKernels.TALL;
      panelsKept = copyB == Copy.OWN && rowBlocks > 1 ? panels : 1;
      panelReady = new boolean[panelsKept];
      a = copyA == Copy.OWN ? pool.borrow((long) rows * block.depth) : null;
      b =
          copyB == Copy.OWN || packLast
              ? pool.borrow((long) widest * block.depth * panelsKept)
              : null;
      narrowC = packLast ? pool.borrow(GemmKernels.TALL * widest) : null;
    }

    void rows(int wanted, int firstTile, int endTile) {
      if (copyA == Copy.OWN && wanted != rowBlock) {
        packTiles(firstTile, endTile, a, Panels.tileStart(firstTile, p.m()));
        rowBlock = wanted;
      }
    }

    /** Where the panel lies packed. */
    int panel(int panel, int start) {
      if (panelsKept == 1) {
        packPanel(start, b, 0);
        return 0;
      }
      if (!panelReady[panel]) {
        packPanel(start, b, start * block.depth);
        panelReady[panel] = true;
      }
      return start * block.depth;
    }
  }

  private void packShared() {
    int unitsA = 0;
    int unitsB = 0;
    if (copyA == Copy.SHARED) {
      packedA = pool.borrow(tiles * GemmKernels.TALL * block.depth);
      unitsA = Math.ceilDiv(tiles, TILES_A_UNIT);
    }
    if (copyB == Copy.SHARED) {
      packedB = pool.borrow(Panels.start(panels, block.columns, kernels) * block.depth);
      unitsB = panels;
    }
    int ofA = unitsA;
    parallel.range(
        unitsA + unitsB,
        1,
        (from, to) -> {
          for (int unit = from; unit < to; unit++) {
            if (unit < ofA) {
              packTiles(
                  unit * TILES_A_UNIT, Math.min(tiles, (unit + 1) * TILES_A_UNIT), packedA, 0);
            } else {
              int start = Panels.start(unit - ofA, block.columns, kernels);
              packPanel(start, packedB, start * block.depth);
            }
          }
        });
  }

  /** Packs the tiles to where they lie if the tile at the first row lies at 0. */
  private void packTiles(int firstTile, int endTile, float[] to, int firstRow) {
    int start = Panels.tileStart(firstTile, p.m());
    Matrix a = p.a().from(start, block.first);
    float[] wide = null;
    if (a.dtype().half()) {
      int rows = Panels.tileStart(endTile, p.m()) - start;
      wide = pool.borrow(rows * block.depth);
      a = a.widened(rows, block.depth, wide);
    }
    int tile = firstTile;
    int side = Packing.adjacent(a);
    if (side > 0) {
      for (; tile + side <= endTile; tile += side) {
        int row = Panels.tileStart(tile, p.m());
        if (Panels.tileStart(tile + side, p.m()) - row < side * GemmKernels.TALL) {
          break;
        }
        Packing.adjacentTiles(
            a.from(row - start, 0), block.depth, to, (row - firstRow) * block.depth);
      }
    }
    for (; tile < endTile; tile++) {
      int row = Panels.tileStart(tile, p.m());
      int rows = Panels.tileStart(tile + 1, p.m()) - row;
      Packing.tile(
          a.from(row - start, 0),
          block.depth,
          rows,
          Panels.height(tile, p.m()),
          to,
          (row - firstRow) * block.depth);
    }
    if (wide != null) {
      pool.release(wide);
    }
  }

  private void packPanel(int start, float[] to, int at) {
    int width = Panels.vectors(block.columns - start, kernels) * kernels.lanes();
    int columns = Math.min(width, block.columns - start);
    Matrix from = p.b().from(block.first, block.column + start);
    if (!from.dtype().half()) {
      Packing.panel(from, block.depth, columns, to, at, width);
    } else if (from.columnStep() == 1) {
      Packing.panelOfHalves(from, block.depth, columns, to, at, width);
    } else {
      float[] wide = pool.borrow(block.depth * columns);
      Packing.panel(from.widened(block.depth, columns, wide), block.depth, columns, to, at, width);
      pool.release(wide);
    }
  }

  private void compute(int rowBlock, int panelGroup, Copies own) {
    int firstTile = (int) ((long) tiles * rowBlock / rowBlocks);
    int endTile = (int) ((long) tiles * (rowBlock + 1) / rowBlocks);
    int firstPanel = (int) ((long) panels * panelGroup / panelGroups);
    int endPanel = (int) ((long) panels * (panelGroup + 1) / panelGroups);
    int firstRow = copyA == Copy.SHARED ? 0 : Panels.tileStart(firstTile, p.m());
    own.rows(rowBlock, firstTile, endTile);
    float[] a = copyA == Copy.OWN ? own.a : packedA;
    GemmKernels.Tile t = own.tile;
    for (int panel = firstPanel; panel < endPanel; panel++) {
      int start = Panels.start(panel, block.columns, kernels);
      boolean packed = true;
      if (copyB == Copy.SHARED) {
        t.b = packedB;
        t.bAt = start * block.depth;
      } else if (copyB == Copy.OWN || packLast && panel == panels - 1) {
        t.bAt = own.panel(panel, start);
        t.b = own.b;
      } else {
        t.b = p.b().data();
        t.bAt = p.b().at(block.first, block.column + start);
        packed = false;
      }
      panel(own, start, firstTile, endTile, a, firstRow, packed);
      int row = Panels.tileStart(firstTile, p.m());
      int width = Panels.vectors(block.columns - start, kernels) * kernels.lanes();
      epilogue.finish(
          row,
          Panels.tileStart(endTile, p.m()) - row,
          block.column + start,
          Math.min(width, block.columns - start));
    }
  }

  /**
   * The tiles of one panel; packed operands some {@link GemmKernels#panelDepth} deep at a time, so that this part of the panel stays in the first
   * cache from tile to tile, and C's in the second.
   */
  private void panel(
      Copies own, int start, int firstTile, int endTile, float[] a, int firstRow, boolean packed) {
    GemmKernels.Tile t = own.tile;
    float[] narrowC = own.narrowC;
    int vectors = Panels.vectors(block.columns - start, kernels);
    int width = vectors * kernels.lanes();
    int columns = Math.min(width, block.columns - start);
    boolean bothPacked = packed && a != null;
    int cuts = bothPacked ? Math.ceilDiv(block.depth, kernels.panelDepth()) : 1;
    int depth = Math.ceilDiv(block.depth, cuts);
    int panelAt = t.bAt;
    t.bStep = packed ? width : p.b().rowStep();
    for (int first = 0; first < block.depth; first += depth) {
      t.depth = Math.min(depth, block.depth - first);
      t.accumulate = block.first + first > 0;
      t.bAt = panelAt + first * t.bStep;
      for (int tile = firstTile; tile < endTile; tile++) {
        int row = Panels.tileStart(tile, p.m());
        int rows = Panels.tileStart(tile + 1, p.m()) - row;
        int height = Panels.height(tile, p.m());
        if (a == null) {
          t.a = p.a().data();
          t.stepAt = stepAt;
          t.rows(rows, p.a().at(row, block.first), p.a().rowStep());
        } else {
          t.a = a;
          t.stepAt = Packing.stepsOfTile(height);
          t.rows(height, (row - firstRow) * block.depth + first * height, 1);
          t.lastRow = rows - 1;
        }
        t.c = p.c().data();
        t.cAt = p.c().at(row, block.column + start);
        t.cStep = p.c().rowStep();
        boolean whole = columns == width;
        if (!whole) {
          narrow(t, narrowC, columns, width);
        }
        if (bothPacked) {
          kernels.runPacked(t, height, vectors);
        } else {
          kernels.run(t, height, vectors);
        }
        if (!whole) {
          restore(narrowC, row, rows, start, columns, width);
        }
      }
    }
  }

  private void restore(float[] narrowC, int row, int rows, int start, int columns, int width) {
    for (int i = 0; i < rows; i++) {
      int to = p.c().at(row + i, block.column + start);
      System.arraycopy(narrowC, i * width, p.c().data(), to, columns);
    }
  }

  /** Kernels store whole vectors, so a tile of which only the first columns are real runs on a copy of C. */
  private static void narrow(GemmKernels.Tile t, float[] copy, int columns, int width) {
    if (t.accumulate) {
      for (int i = 0; i <= t.lastRow; i++) {
        System.arraycopy(t.c, t.cAt + i * t.cStep, copy, i * width, columns);
      }
    }
    t.c = copy;
    t.cAt = 0;
    t.cStep = width;
  }
}
