package dev.tandem.cpu;

import java.util.Arrays;

/** Register tiles in plain Java, for JVMs without the Vector API, and until that is compiled. */
final class ScalarGemmKernels implements GemmKernels {
  private final int lanes;
  private final int vectors;

  ScalarGemmKernels() {
    this(16, 4);
  }

  /** Tiles of the same columns as those of vectors of so many lanes. */
  ScalarGemmKernels(int lanes, int vectors) {
    this.lanes = lanes;
    this.vectors = vectors;
  }

  @Override
  public int lanes() {
    return lanes;
  }

  @Override
  public int vectors() {
    return vectors;
  }

  @Override
  public void run(Tile t, int height, int vectors) {
    int width = vectors * lanes;
    for (int i = 0; i <= t.lastRow; i++) {
      int row = t.row(i);
      int a = t.rowAt[i];
      if (!t.accumulate) {
        Arrays.fill(t.c, row, row + width, 0f);
      }
      int k = 0;
      for (; k + 4 <= t.depth; k += 4) {
        float a0 = t.a[a + t.stepAt[k]];
        float a1 = t.a[a + t.stepAt[k + 1]];
        float a2 = t.a[a + t.stepAt[k + 2]];
        float a3 = t.a[a + t.stepAt[k + 3]];
        addFour(a0, a1, a2, a3, t.b, t.bAt + k * t.bStep, t.bStep, t.c, row, width);
      }
      for (; k < t.depth; k++) {
        addScaled(t.a[a + t.stepAt[k]], t.b, t.bAt + k * t.bStep, t.c, row, width);
      }
    }
  }

  // Methods of their own, for C2 vectorises such a loop only where it is the whole of one.
  private static void addScaled(float a, float[] b, int bAt, float[] c, int cAt, int width) {
    for (int j = 0; j < width; j++) {
      c[cAt + j] = Math.fma(a, b[bAt + j], c[cAt + j]);
    }
  }

  private static void addFour(
      float a0,
      float a1,
      float a2,
      float a3,
      float[] b,
      int bAt,
      int step,
      float[] c,
      int cAt,
      int width) {
    for (int j = 0; j < width; j++) {
      float sum = Math.fma(a0, b[bAt + j], c[cAt + j]);
      sum = Math.fma(a1, b[bAt + step + j], sum);
      sum = Math.fma(a2, b[bAt + 2 * step + j], sum);
      c[cAt + j] = Math.fma(a3, b[bAt + 3 * step + j], sum);
    }
  }
}
