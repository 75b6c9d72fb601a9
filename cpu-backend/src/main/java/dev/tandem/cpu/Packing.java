package dev.tandem.cpu;

import java.util.Arrays;

/** Copies of matrix blocks in the order in which kernels read them, and the kernels' handling of narrow blocks. */
final class Packing {
  private static final int[] ONES = multiples(1, Gemm.DEPTH);
  private static final int[] SHORT_STEPS = multiples(GemmKernels.SHORT, Gemm.DEPTH);
  private static final int[] TALL_STEPS = multiples(GemmKernels.TALL, Gemm.DEPTH);

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
    if (from.columnStep() == 1) {
      for (int k = 0; k < depth; k++) {
        int row = at + k * width;
        System.arraycopy(from.data(), from.at(k, 0), to, row, columns);
        for (int j = columns; j < width; j++) {
          to[row + j] = 0f;
        }
      }
      return;
    }
    int j = 0;
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

  /** Packs a tile of A: column k of the tile is its rows; the places of missing rows are never read. */
  static void tile(Matrix from, int depth, int rows, int height, float[] to, int at) {
    float[] a = from.data();
    if (from.columnStep() == 1 && rows == GemmKernels.TALL && height == rows) {
      sixRows(from, depth, to, at);
    } else if (from.columnStep() == 1) {
      for (int i = 0; i < rows; i++) {
        int row = from.at(i, 0);
        for (int k = 0, t = at + i; k < depth; k++, t += height) {
          to[t] = a[row + k];
        }
      }
    } else {
      for (int k = 0; k < depth; k++) {
        int column = from.at(0, k);
        for (int i = 0; i < rows; i++) {
          to[at + k * height + i] = a[column + i * from.rowStep()];
        }
      }
    }
  }

  private static void sixRows(Matrix from, int depth, float[] to, int at) {
    float[] a = from.data();
    int step = from.rowStep();
    int s0 = from.at(0, 0),
        s1 = s0 + step,
        s2 = s1 + step,
        s3 = s2 + step,
        s4 = s3 + step,
        s5 = s4 + step;
    for (int k = 0, t = at; k < depth; k++, t += GemmKernels.TALL) {
      to[t] = a[s0 + k];
      to[t + 1] = a[s1 + k];
      to[t + 2] = a[s2 + k];
      to[t + 3] = a[s3 + k];
      to[t + 4] = a[s4 + k];
      to[t + 5] = a[s5 + k];
    }
  }

  /** Runs a tile of which only the first columns are real, through a copy of C: kernels store whole vectors. */
  static void runNarrow(
      GemmKernels kernels, GemmKernels.Tile t, int height, int vectors, int columns) {
    float[] c = t.c;
    int cAt = t.cAt;
    int cStep = t.cStep;
    int width = vectors * kernels.lanes();
    float[] copy = new float[GemmKernels.TALL * width];
    if (t.accumulate) {
      for (int i = 0; i <= t.lastRow; i++) {
        System.arraycopy(c, cAt + i * cStep, copy, i * width, columns);
      }
    }
    t.c = copy;
    t.cAt = 0;
    t.cStep = width;
    kernels.run(t, height, vectors);
    for (int i = 0; i <= t.lastRow; i++) {
      System.arraycopy(copy, i * width, c, cAt + i * cStep, columns);
    }
  }
}
