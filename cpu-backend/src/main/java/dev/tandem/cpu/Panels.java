package dev.tandem.cpu;

/**
 * How columns are cut into panels and rows into tiles. Panels are as wide as the kernels allow, with narrower
 * ones for the rest, so that at most one vector less a lane is padding. Tiles are of 6 rows, then at most two
 * of 4, so that at most one row is padding from 7 rows on; thin last tiles would waste more.
 */
final class Panels {
  private Panels() {}

  /** How many panels so many columns make. */
  static int count(int columns, GemmKernels kernels) {
    int widest = kernels.vectors() * kernels.lanes();
    int rest = (columns % widest + kernels.lanes() - 1) / kernels.lanes();
    return columns / widest + Integer.bitCount(rest);
  }

  /** Columns before the panel. */
  static int start(int panel, int columns, GemmKernels kernels) {
    int widest = kernels.vectors() * kernels.lanes();
    int full = columns / widest;
    int start = Math.min(panel, full) * widest;
    for (int p = full; p < panel; p++) {
      start += vectors(columns - start, kernels) * kernels.lanes();
    }
    return start;
  }

  /** Vectors in the panel that starts with so many columns left. */
  static int vectors(int left, GemmKernels kernels) {
    int needed = (left + kernels.lanes() - 1) / kernels.lanes();
    return needed >= kernels.vectors() ? kernels.vectors() : Integer.highestOneBit(needed);
  }

  /** How many tiles so many rows make. */
  static int tiles(int rows) {
    return sixes(rows) + fours(rows);
  }

  /** Rows before the tile; all of them before the one past the last. */
  static int tileStart(int tile, int rows) {
    int sixes = sixes(rows);
    return Math.min(
        rows,
        Math.min(tile, sixes) * GemmKernels.TALL + Math.max(0, tile - sixes) * GemmKernels.SHORT);
  }

  /** The height of the kernel for the tile; its rows may be fewer. */
  static int height(int tile, int rows) {
    return tile < sixes(rows) ? GemmKernels.TALL : GemmKernels.SHORT;
  }

  private static int fours(int rows) {
    return switch (rows % GemmKernels.TALL) {
      case 1, 2 -> rows < GemmKernels.TALL ? 1 : 2;
      case 3, 4 -> 1;
      default -> 0;
    };
  }

  private static int sixes(int rows) {
    int left = rows - fours(rows) * GemmKernels.SHORT;
    return left <= 0 ? 0 : (left + GemmKernels.TALL - 1) / GemmKernels.TALL;
  }
}
