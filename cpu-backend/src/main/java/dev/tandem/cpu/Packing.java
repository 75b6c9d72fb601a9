package dev.tandem.cpu;

import java.util.Arrays;

/** Copies of matrix blocks in the order in which kernels read them, and the kernels' handling of narrow blocks. */
final class Packing {
  private static final int[] ONES = multiples(1, Gemm.DEPTH);
  private static final int[] SHORT_STEPS = multiples(GemmKernels.SHORT, Gemm.DEPTH);
  private static final int[] TALL_STEPS = multiples(GemmKernels.TALL, Gemm.DEPTH);

  private static final boolean VECTORS = Vectorization.available();

  private Packing() {}

  private static int[] multiples(int step, int count) {
    int[] multiples = new int[count];
    for (int k = 0; k < count; k++) {
      multiples[k] = k * step;
    }
    return multiples;
  }

  /** Where the elements of a row of A lie. */
  static int[] steps(int depth, int step) {
    return step == 1 && depth <= Gemm.DEPTH ? ONES : multiples(step, depth);
  }

  /** The same in a packed tile of this height, which holds at most {@link Gemm#DEPTH} columns. */
  static int[] stepsOfTile(int height) {
    return height == GemmKernels.TALL ? TALL_STEPS : SHORT_STEPS;
  }

  /** Packs depth rows of B: row k of the panel is its columns, then zeros up to the width. */
  static void panel(Matrix from, int depth, int columns, float[] to, int at, int width) {
    if (from.columnStep() != 1) {
      transposedPanel(from, depth, columns, to, at, width);
    } else if (VECTORS
        && columns == width
        && width % VectorPacking.LANES == 0
        && WarmingPacking.ROWS.ready()) {
      VectorPacking.rows(from, depth, to, at, width);
    } else {
      for (int k = 0, row = at; k < depth; k++, row += width) {
        System.arraycopy(from.data(), from.at(k, 0), to, row, columns);
        Arrays.fill(to, row + columns, row + width, 0f);
      }
    }
  }

  private static void transposedPanel(
      Matrix from, int depth, int columns, float[] to, int at, int width) {
    int j = 0;
    if (VECTORS
        && VectorPacking.SQUARE > 0
        && columns >= VectorPacking.SQUARE
        && WarmingPacking.COLUMNS.ready()) {
      for (; j + VectorPacking.SQUARE <= columns; j += VectorPacking.SQUARE) {
        int done = VectorPacking.columns(from.from(0, j), depth, to, at + j, width);
        for (int k = done; k < depth; k++) {
          for (int i = j; i < j + VectorPacking.SQUARE; i++) {
            to[at + k * width + i] = from.data()[from.at(k, i)];
          }
        }
      }
    }
    for (; j + 8 <= columns; j += 8) {
      eightColumns(from, j, depth, to, at + j, width);
    }
    for (; j < columns; j++) {
      int column = from.at(0, j);
      for (int k = 0; k < depth; k++) {
        to[at + k * width + j] = from.data()[column + k * from.rowStep()];
      }
    }
    for (; j < width; j++) {
      for (int k = 0; k < depth; k++) {
        to[at + k * width + j] = 0f;
      }
    }
  }

  /** As {@link #panel} of a BF16 or F16 matrix whose rows are contiguous. */
  static void panelOfHalves(Matrix from, int depth, int columns, float[] to, int at, int width) {
    for (int k = 0, row = at; k < depth; k++, row += width) {
      Half.widen(from.dtype(), from.bits(), from.at(k, 0), to, row, columns);
      Arrays.fill(to, row + columns, row + width, 0f);
    }
  }

  // Columns are contiguous here. Eight at a time fill half a cache line of the panel while it is at
  // hand.
  private static void eightColumns(
      Matrix from, int column, int depth, float[] to, int at, int width) {
    float[] b = from.data();
    int step = from.columnStep();
    int s0 = from.at(0, column), s1 = s0 + step, s2 = s1 + step, s3 = s2 + step;
    int s4 = s3 + step, s5 = s4 + step, s6 = s5 + step, s7 = s6 + step;
    for (int k = 0, t = at; k < depth; k++, t += width) {
      to[t] = b[s0 + k];
      to[t + 1] = b[s1 + k];
      to[t + 2] = b[s2 + k];
      to[t + 3] = b[s3 + k];
      to[t + 4] = b[s4 + k];
      to[t + 5] = b[s5 + k];
      to[t + 6] = b[s6 + k];
      to[t + 7] = b[s7 + k];
    }
  }

  /** Packs a tile of A: column k of the tile is its rows, the last one again for each that is missing. */
  static void tile(Matrix from, int depth, int rows, int height, float[] to, int at) {
    if (from.columnStep() == 1) {
      if (height == GemmKernels.TALL) {
        sixRows(from, rows - 1, depth, to, at);
      } else {
        fourRows(from, rows - 1, depth, to, at);
      }
      return;
    }
    if (rows == GemmKernels.TALL) {
      sixAdjacent(from, depth, to, at);
      return;
    }
    float[] a = from.data();
    for (int k = 0, t = at; k < depth; k++, t += height) {
      int column = from.at(0, k);
      for (int i = 0; i < height; i++) {
        to[t + i] = a[column + Math.min(i, rows - 1) * from.rowStep()];
      }
    }
  }

  /** How many tiles {@link #adjacentTiles} packs at a time; 0 where it does not pay. */
  static int adjacent(Matrix from) {
    return from.columnStep() != 1 && adjacentInVectors() ? VectorPacking.TILES : 0;
  }

  /** Packs {@link #adjacent} tall tiles, none of whose rows is missing, one behind the other. */
  static void adjacentTiles(Matrix from, int depth, float[] to, int at) {
    float[] a = from.data();
    for (int k = Math.max(0, VectorPacking.adjacentTiles(from, depth, to, at)); k < depth; k++) {
      for (int i = 0; i < VectorPacking.TILES * GemmKernels.TALL; i++) {
        int tile = i / GemmKernels.TALL;
        to[at + (tile * depth + k) * GemmKernels.TALL + i % GemmKernels.TALL] = a[from.at(i, k)];
      }
    }
  }

  private static boolean adjacentInVectors() {
    return VECTORS && VectorPacking.LANES >= 8 && WarmingPacking.ADJACENT.ready();
  }

  private static void sixAdjacent(Matrix from, int depth, float[] to, int at) {
    float[] a = from.data();
    int done = adjacentInVectors() ? VectorPacking.sixAdjacent(from, depth, to, at) : 0;
    for (int k = done; k < depth; k++) {
      int s = from.at(0, k);
      int t = at + k * GemmKernels.TALL;
      to[t] = a[s];
      to[t + 1] = a[s + 1];
      to[t + 2] = a[s + 2];
      to[t + 3] = a[s + 3];
      to[t + 4] = a[s + 4];
      to[t + 5] = a[s + 5];
    }
  }

  private static void sixRows(Matrix from, int last, int depth, float[] to, int at) {
    float[] a = from.data();
    int s0 = from.at(0, 0), s1 = from.at(Math.min(1, last), 0), s2 = from.at(Math.min(2, last), 0);
    int s3 = from.at(Math.min(3, last), 0), s4 = from.at(Math.min(4, last), 0);
    int s5 = from.at(last, 0);
    int done =
        WarmingPacking.SIX_ROWS.ready()
            ? VectorPacking.sixRows(a, s0, s1, s2, s3, s4, s5, depth, to, at)
            : 0;
    for (int k = done; k < depth; k++) {
      int t = at + k * GemmKernels.TALL;
      to[t] = a[s0 + k];
      to[t + 1] = a[s1 + k];
      to[t + 2] = a[s2 + k];
      to[t + 3] = a[s3 + k];
      to[t + 4] = a[s4 + k];
      to[t + 5] = a[s5 + k];
    }
  }

  private static void fourRows(Matrix from, int last, int depth, float[] to, int at) {
    float[] a = from.data();
    int s0 = from.at(0, 0), s1 = from.at(Math.min(1, last), 0), s2 = from.at(Math.min(2, last), 0);
    int s3 = from.at(last, 0);
    for (int k = 0; k < depth; k++) {
      int t = at + k * GemmKernels.SHORT;
      to[t] = a[s0 + k];
      to[t + 1] = a[s1 + k];
      to[t + 2] = a[s2 + k];
      to[t + 3] = a[s3 + k];
    }
  }
}
