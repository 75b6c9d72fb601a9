package dev.tandem.cpu;

import java.util.Arrays;

/** Register tiles in plain Java, for JVMs without the Vector API. */
final class ScalarGemmKernels implements GemmKernels {
  private static final int LANES = 16;

  @Override
  public int lanes() {
    return LANES;
  }

  @Override
  public int vectors() {
    return 4;
  }

  @Override
  public void run(Tile t, int height, int vectors) {
    int width = vectors * LANES;
    for (int i = 0; i <= t.lastRow; i++) {
      int row = t.row(i);
      if (!t.accumulate) {
        Arrays.fill(t.c, row, row + width, 0f);
      }
      for (int k = 0; k < t.depth; k++) {
        addScaled(t.a[t.rowAt[i] + t.stepAt[k]], t.b, t.bAt + k * t.bStep, t.c, row, width);
      }
    }
  }

  // A method of its own, for C2 vectorises this loop only where it is the whole of one.
  private static void addScaled(float a, float[] b, int bAt, float[] c, int cAt, int width) {
    for (int j = 0; j < width; j++) {
      c[cAt + j] = Math.fma(a, b[bAt + j], c[cAt + j]);
    }
  }
}
