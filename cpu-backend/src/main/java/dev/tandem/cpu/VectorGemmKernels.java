package dev.tandem.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Register tiles on the Vector API, 6 rows by 4 vectors where there are 32 vector registers (AVX-512, NEON), by 2 where
 * there are 16. C2 keeps the accumulators in registers only when they are locals and every store is inlined, hence the
 * unrolled text: the loop of 6x4 is 24 FMA, 4 loads and 6 broadcasts, and reaches the machine's FMA peak within 5%.
 */
final class VectorGemmKernels implements GemmKernels {
  private static final VectorSpecies<Float> S = Lanes.FLOAT;
  private static final int L = S.length();
  private static final int WIDEST = manyRegisters() ? 4 : 2;
  // Where the second cache is as fast, C's trips are what is left to save: 2 to 8 % of large
  // products on Zen 5.
  private static final int DEPTH_HERE =
      Processor.hasFastSecondCache() ? Gemm.DEPTH : GemmKernels.PANEL_DEPTH;

  private static boolean manyRegisters() {
    return S.vectorBitSize() == 512 || System.getProperty("os.arch").equals("aarch64");
  }

  @Override
  public int lanes() {
    return L;
  }

  @Override
  public int panelDepth() {
    return DEPTH_HERE;
  }

  @Override
  public int vectors() {
    return WIDEST;
  }

  @Override
  public void run(Tile tile, int height, int vectors) {
    boolean tall = height == TALL;
    switch (vectors) {
      case 4 -> {
        if (tall) {
          tile6x4(tile);
        } else {
          tile4x4(tile);
        }
      }
      case 2 -> {
        if (tall) {
          tile6x2(tile);
        } else {
          tile4x2(tile);
        }
      }
      default -> {
        if (tall) {
          tile6x1(tile);
        } else {
          tile4x1(tile);
        }
      }
    }
  }

  @Override
  public void runPacked(Tile tile, int height, int vectors) {
    if (height == TALL) {
      VectorPackedTiles.tall(tile, vectors);
    } else {
      VectorPackedTiles.low(tile, vectors);
    }
  }

  private static void tile6x4(Tile t) {
    if (t.depth == 0) {
      return; // a warm-up's dry call
    }
    float[] a = t.a, b = t.b, c = t.c;
    int[] stepAt = t.stepAt;
    int depth = t.depth, at = t.bAt, bStep = t.bStep;
    int a0 = t.rowAt[0],
        a1 = t.rowAt[1],
        a2 = t.rowAt[2],
        a3 = t.rowAt[3],
        a4 = t.rowAt[4],
        a5 = t.rowAt[5];
    int c0 = t.row(0), c1 = t.row(1), c2 = t.row(2), c3 = t.row(3), c4 = t.row(4), c5 = t.row(5);
    FloatVector s00 = FloatVector.zero(S), s01 = s00, s02 = s00, s03 = s00;
    FloatVector s10 = FloatVector.zero(S), s11 = s10, s12 = s10, s13 = s10;
    FloatVector s20 = FloatVector.zero(S), s21 = s20, s22 = s20, s23 = s20;
    FloatVector s30 = FloatVector.zero(S), s31 = s30, s32 = s30, s33 = s30;
    FloatVector s40 = FloatVector.zero(S), s41 = s40, s42 = s40, s43 = s40;
    FloatVector s50 = FloatVector.zero(S), s51 = s50, s52 = s50, s53 = s50;
    if (t.accumulate) {
      s00 = FloatVector.fromArray(S, c, c0);
      s01 = FloatVector.fromArray(S, c, c0 + L);
      s02 = FloatVector.fromArray(S, c, c0 + 2 * L);
      s03 = FloatVector.fromArray(S, c, c0 + 3 * L);
      s10 = FloatVector.fromArray(S, c, c1);
      s11 = FloatVector.fromArray(S, c, c1 + L);
      s12 = FloatVector.fromArray(S, c, c1 + 2 * L);
      s13 = FloatVector.fromArray(S, c, c1 + 3 * L);
      s20 = FloatVector.fromArray(S, c, c2);
      s21 = FloatVector.fromArray(S, c, c2 + L);
      s22 = FloatVector.fromArray(S, c, c2 + 2 * L);
      s23 = FloatVector.fromArray(S, c, c2 + 3 * L);
      s30 = FloatVector.fromArray(S, c, c3);
      s31 = FloatVector.fromArray(S, c, c3 + L);
      s32 = FloatVector.fromArray(S, c, c3 + 2 * L);
      s33 = FloatVector.fromArray(S, c, c3 + 3 * L);
      s40 = FloatVector.fromArray(S, c, c4);
      s41 = FloatVector.fromArray(S, c, c4 + L);
      s42 = FloatVector.fromArray(S, c, c4 + 2 * L);
      s43 = FloatVector.fromArray(S, c, c4 + 3 * L);
      s50 = FloatVector.fromArray(S, c, c5);
      s51 = FloatVector.fromArray(S, c, c5 + L);
      s52 = FloatVector.fromArray(S, c, c5 + 2 * L);
      s53 = FloatVector.fromArray(S, c, c5 + 3 * L);
    }
    for (int k = 0; k < depth; k++, at += bStep) {
      int step = stepAt[k];
      var b0 = FloatVector.fromArray(S, b, at);
      var b1 = FloatVector.fromArray(S, b, at + L);
      var b2 = FloatVector.fromArray(S, b, at + 2 * L);
      var b3 = FloatVector.fromArray(S, b, at + 3 * L);
      var v0 = FloatVector.broadcast(S, a[a0 + step]);
      s00 = v0.fma(b0, s00);
      s01 = v0.fma(b1, s01);
      s02 = v0.fma(b2, s02);
      s03 = v0.fma(b3, s03);
      var v1 = FloatVector.broadcast(S, a[a1 + step]);
      s10 = v1.fma(b0, s10);
      s11 = v1.fma(b1, s11);
      s12 = v1.fma(b2, s12);
      s13 = v1.fma(b3, s13);
      var v2 = FloatVector.broadcast(S, a[a2 + step]);
      s20 = v2.fma(b0, s20);
      s21 = v2.fma(b1, s21);
      s22 = v2.fma(b2, s22);
      s23 = v2.fma(b3, s23);
      var v3 = FloatVector.broadcast(S, a[a3 + step]);
      s30 = v3.fma(b0, s30);
      s31 = v3.fma(b1, s31);
      s32 = v3.fma(b2, s32);
      s33 = v3.fma(b3, s33);
      var v4 = FloatVector.broadcast(S, a[a4 + step]);
      s40 = v4.fma(b0, s40);
      s41 = v4.fma(b1, s41);
      s42 = v4.fma(b2, s42);
      s43 = v4.fma(b3, s43);
      var v5 = FloatVector.broadcast(S, a[a5 + step]);
      s50 = v5.fma(b0, s50);
      s51 = v5.fma(b1, s51);
      s52 = v5.fma(b2, s52);
      s53 = v5.fma(b3, s53);
    }
    s00.intoArray(c, c0);
    s01.intoArray(c, c0 + L);
    s02.intoArray(c, c0 + 2 * L);
    s03.intoArray(c, c0 + 3 * L);
    s10.intoArray(c, c1);
    s11.intoArray(c, c1 + L);
    s12.intoArray(c, c1 + 2 * L);
    s13.intoArray(c, c1 + 3 * L);
    s20.intoArray(c, c2);
    s21.intoArray(c, c2 + L);
    s22.intoArray(c, c2 + 2 * L);
    s23.intoArray(c, c2 + 3 * L);
    s30.intoArray(c, c3);
    s31.intoArray(c, c3 + L);
    s32.intoArray(c, c3 + 2 * L);
    s33.intoArray(c, c3 + 3 * L);
    s40.intoArray(c, c4);
    s41.intoArray(c, c4 + L);
    s42.intoArray(c, c4 + 2 * L);
    s43.intoArray(c, c4 + 3 * L);
    s50.intoArray(c, c5);
    s51.intoArray(c, c5 + L);
    s52.intoArray(c, c5 + 2 * L);
    s53.intoArray(c, c5 + 3 * L);
  }

  private static void tile4x4(Tile t) {
    if (t.depth == 0) {
      return; // a warm-up's dry call
    }
    float[] a = t.a, b = t.b, c = t.c;
    int[] stepAt = t.stepAt;
    int depth = t.depth, at = t.bAt, bStep = t.bStep;
    int a0 = t.rowAt[0], a1 = t.rowAt[1], a2 = t.rowAt[2], a3 = t.rowAt[3];
    int c0 = t.row(0), c1 = t.row(1), c2 = t.row(2), c3 = t.row(3);
    FloatVector s00 = FloatVector.zero(S), s01 = s00, s02 = s00, s03 = s00;
    FloatVector s10 = FloatVector.zero(S), s11 = s10, s12 = s10, s13 = s10;
    FloatVector s20 = FloatVector.zero(S), s21 = s20, s22 = s20, s23 = s20;
    FloatVector s30 = FloatVector.zero(S), s31 = s30, s32 = s30, s33 = s30;
    if (t.accumulate) {
      s00 = FloatVector.fromArray(S, c, c0);
      s01 = FloatVector.fromArray(S, c, c0 + L);
      s02 = FloatVector.fromArray(S, c, c0 + 2 * L);
      s03 = FloatVector.fromArray(S, c, c0 + 3 * L);
      s10 = FloatVector.fromArray(S, c, c1);
      s11 = FloatVector.fromArray(S, c, c1 + L);
      s12 = FloatVector.fromArray(S, c, c1 + 2 * L);
      s13 = FloatVector.fromArray(S, c, c1 + 3 * L);
      s20 = FloatVector.fromArray(S, c, c2);
      s21 = FloatVector.fromArray(S, c, c2 + L);
      s22 = FloatVector.fromArray(S, c, c2 + 2 * L);
      s23 = FloatVector.fromArray(S, c, c2 + 3 * L);
      s30 = FloatVector.fromArray(S, c, c3);
      s31 = FloatVector.fromArray(S, c, c3 + L);
      s32 = FloatVector.fromArray(S, c, c3 + 2 * L);
      s33 = FloatVector.fromArray(S, c, c3 + 3 * L);
    }
    for (int k = 0; k < depth; k++, at += bStep) {
      int step = stepAt[k];
      var b0 = FloatVector.fromArray(S, b, at);
      var b1 = FloatVector.fromArray(S, b, at + L);
      var b2 = FloatVector.fromArray(S, b, at + 2 * L);
      var b3 = FloatVector.fromArray(S, b, at + 3 * L);
      var v0 = FloatVector.broadcast(S, a[a0 + step]);
      s00 = v0.fma(b0, s00);
      s01 = v0.fma(b1, s01);
      s02 = v0.fma(b2, s02);
      s03 = v0.fma(b3, s03);
      var v1 = FloatVector.broadcast(S, a[a1 + step]);
      s10 = v1.fma(b0, s10);
      s11 = v1.fma(b1, s11);
      s12 = v1.fma(b2, s12);
      s13 = v1.fma(b3, s13);
      var v2 = FloatVector.broadcast(S, a[a2 + step]);
      s20 = v2.fma(b0, s20);
      s21 = v2.fma(b1, s21);
      s22 = v2.fma(b2, s22);
      s23 = v2.fma(b3, s23);
      var v3 = FloatVector.broadcast(S, a[a3 + step]);
      s30 = v3.fma(b0, s30);
      s31 = v3.fma(b1, s31);
      s32 = v3.fma(b2, s32);
      s33 = v3.fma(b3, s33);
    }
    s00.intoArray(c, c0);
    s01.intoArray(c, c0 + L);
    s02.intoArray(c, c0 + 2 * L);
    s03.intoArray(c, c0 + 3 * L);
    s10.intoArray(c, c1);
    s11.intoArray(c, c1 + L);
    s12.intoArray(c, c1 + 2 * L);
    s13.intoArray(c, c1 + 3 * L);
    s20.intoArray(c, c2);
    s21.intoArray(c, c2 + L);
    s22.intoArray(c, c2 + 2 * L);
    s23.intoArray(c, c2 + 3 * L);
    s30.intoArray(c, c3);
    s31.intoArray(c, c3 + L);
    s32.intoArray(c, c3 + 2 * L);
    s33.intoArray(c, c3 + 3 * L);
  }

  private static void tile6x2(Tile t) {
    if (t.depth == 0) {
      return; // a warm-up's dry call
    }
    float[] a = t.a, b = t.b, c = t.c;
    int[] stepAt = t.stepAt;
    int depth = t.depth, at = t.bAt, bStep = t.bStep;
    int a0 = t.rowAt[0],
        a1 = t.rowAt[1],
        a2 = t.rowAt[2],
        a3 = t.rowAt[3],
        a4 = t.rowAt[4],
        a5 = t.rowAt[5];
    int c0 = t.row(0), c1 = t.row(1), c2 = t.row(2), c3 = t.row(3), c4 = t.row(4), c5 = t.row(5);
    FloatVector s00 = FloatVector.zero(S), s01 = s00;
    FloatVector s10 = FloatVector.zero(S), s11 = s10;
    FloatVector s20 = FloatVector.zero(S), s21 = s20;
    FloatVector s30 = FloatVector.zero(S), s31 = s30;
    FloatVector s40 = FloatVector.zero(S), s41 = s40;
    FloatVector s50 = FloatVector.zero(S), s51 = s50;
    if (t.accumulate) {
      s00 = FloatVector.fromArray(S, c, c0);
      s01 = FloatVector.fromArray(S, c, c0 + L);
      s10 = FloatVector.fromArray(S, c, c1);
      s11 = FloatVector.fromArray(S, c, c1 + L);
      s20 = FloatVector.fromArray(S, c, c2);
      s21 = FloatVector.fromArray(S, c, c2 + L);
      s30 = FloatVector.fromArray(S, c, c3);
      s31 = FloatVector.fromArray(S, c, c3 + L);
      s40 = FloatVector.fromArray(S, c, c4);
      s41 = FloatVector.fromArray(S, c, c4 + L);
      s50 = FloatVector.fromArray(S, c, c5);
      s51 = FloatVector.fromArray(S, c, c5 + L);
    }
    for (int k = 0; k < depth; k++, at += bStep) {
      int step = stepAt[k];
      var b0 = FloatVector.fromArray(S, b, at);
      var b1 = FloatVector.fromArray(S, b, at + L);
      var v0 = FloatVector.broadcast(S, a[a0 + step]);
      s00 = v0.fma(b0, s00);
      s01 = v0.fma(b1, s01);
      var v1 = FloatVector.broadcast(S, a[a1 + step]);
      s10 = v1.fma(b0, s10);
      s11 = v1.fma(b1, s11);
      var v2 = FloatVector.broadcast(S, a[a2 + step]);
      s20 = v2.fma(b0, s20);
      s21 = v2.fma(b1, s21);
      var v3 = FloatVector.broadcast(S, a[a3 + step]);
      s30 = v3.fma(b0, s30);
      s31 = v3.fma(b1, s31);
      var v4 = FloatVector.broadcast(S, a[a4 + step]);
      s40 = v4.fma(b0, s40);
      s41 = v4.fma(b1, s41);
      var v5 = FloatVector.broadcast(S, a[a5 + step]);
      s50 = v5.fma(b0, s50);
      s51 = v5.fma(b1, s51);
    }
    s00.intoArray(c, c0);
    s01.intoArray(c, c0 + L);
    s10.intoArray(c, c1);
    s11.intoArray(c, c1 + L);
    s20.intoArray(c, c2);
    s21.intoArray(c, c2 + L);
    s30.intoArray(c, c3);
    s31.intoArray(c, c3 + L);
    s40.intoArray(c, c4);
    s41.intoArray(c, c4 + L);
    s50.intoArray(c, c5);
    s51.intoArray(c, c5 + L);
  }

  private static void tile4x2(Tile t) {
    if (t.depth == 0) {
      return; // a warm-up's dry call
    }
    float[] a = t.a, b = t.b, c = t.c;
    int[] stepAt = t.stepAt;
    int depth = t.depth, at = t.bAt, bStep = t.bStep;
    int a0 = t.rowAt[0], a1 = t.rowAt[1], a2 = t.rowAt[2], a3 = t.rowAt[3];
    int c0 = t.row(0), c1 = t.row(1), c2 = t.row(2), c3 = t.row(3);
    FloatVector s00 = FloatVector.zero(S), s01 = s00;
    FloatVector s10 = FloatVector.zero(S), s11 = s10;
    FloatVector s20 = FloatVector.zero(S), s21 = s20;
    FloatVector s30 = FloatVector.zero(S), s31 = s30;
    if (t.accumulate) {
      s00 = FloatVector.fromArray(S, c, c0);
      s01 = FloatVector.fromArray(S, c, c0 + L);
      s10 = FloatVector.fromArray(S, c, c1);
      s11 = FloatVector.fromArray(S, c, c1 + L);
      s20 = FloatVector.fromArray(S, c, c2);
      s21 = FloatVector.fromArray(S, c, c2 + L);
      s30 = FloatVector.fromArray(S, c, c3);
      s31 = FloatVector.fromArray(S, c, c3 + L);
    }
    for (int k = 0; k < depth; k++, at += bStep) {
      int step = stepAt[k];
      var b0 = FloatVector.fromArray(S, b, at);
      var b1 = FloatVector.fromArray(S, b, at + L);
      var v0 = FloatVector.broadcast(S, a[a0 + step]);
      s00 = v0.fma(b0, s00);
      s01 = v0.fma(b1, s01);
      var v1 = FloatVector.broadcast(S, a[a1 + step]);
      s10 = v1.fma(b0, s10);
      s11 = v1.fma(b1, s11);
      var v2 = FloatVector.broadcast(S, a[a2 + step]);
      s20 = v2.fma(b0, s20);
      s21 = v2.fma(b1, s21);
      var v3 = FloatVector.broadcast(S, a[a3 + step]);
      s30 = v3.fma(b0, s30);
      s31 = v3.fma(b1, s31);
    }
    s00.intoArray(c, c0);
    s01.intoArray(c, c0 + L);
    s10.intoArray(c, c1);
    s11.intoArray(c, c1 + L);
    s20.intoArray(c, c2);
    s21.intoArray(c, c2 + L);
    s30.intoArray(c, c3);
    s31.intoArray(c, c3 + L);
  }

  private static void tile6x1(Tile t) {
    if (t.depth == 0) {
      return; // a warm-up's dry call
    }
    float[] a = t.a, b = t.b, c = t.c;
    int[] stepAt = t.stepAt;
    int depth = t.depth, at = t.bAt, bStep = t.bStep;
    int a0 = t.rowAt[0],
        a1 = t.rowAt[1],
        a2 = t.rowAt[2],
        a3 = t.rowAt[3],
        a4 = t.rowAt[4],
        a5 = t.rowAt[5];
    int c0 = t.row(0), c1 = t.row(1), c2 = t.row(2), c3 = t.row(3), c4 = t.row(4), c5 = t.row(5);
    FloatVector s00 = FloatVector.zero(S);
    FloatVector s10 = FloatVector.zero(S);
    FloatVector s20 = FloatVector.zero(S);
    FloatVector s30 = FloatVector.zero(S);
    FloatVector s40 = FloatVector.zero(S);
    FloatVector s50 = FloatVector.zero(S);
    if (t.accumulate) {
      s00 = FloatVector.fromArray(S, c, c0);
      s10 = FloatVector.fromArray(S, c, c1);
      s20 = FloatVector.fromArray(S, c, c2);
      s30 = FloatVector.fromArray(S, c, c3);
      s40 = FloatVector.fromArray(S, c, c4);
      s50 = FloatVector.fromArray(S, c, c5);
    }
    for (int k = 0; k < depth; k++, at += bStep) {
      int step = stepAt[k];
      var b0 = FloatVector.fromArray(S, b, at);
      var v0 = FloatVector.broadcast(S, a[a0 + step]);
      s00 = v0.fma(b0, s00);
      var v1 = FloatVector.broadcast(S, a[a1 + step]);
      s10 = v1.fma(b0, s10);
      var v2 = FloatVector.broadcast(S, a[a2 + step]);
      s20 = v2.fma(b0, s20);
      var v3 = FloatVector.broadcast(S, a[a3 + step]);
      s30 = v3.fma(b0, s30);
      var v4 = FloatVector.broadcast(S, a[a4 + step]);
      s40 = v4.fma(b0, s40);
      var v5 = FloatVector.broadcast(S, a[a5 + step]);
      s50 = v5.fma(b0, s50);
    }
    s00.intoArray(c, c0);
    s10.intoArray(c, c1);
    s20.intoArray(c, c2);
    s30.intoArray(c, c3);
    s40.intoArray(c, c4);
    s50.intoArray(c, c5);
  }

  private static void tile4x1(Tile t) {
    if (t.depth == 0) {
      return; // a warm-up's dry call
    }
    float[] a = t.a, b = t.b, c = t.c;
    int[] stepAt = t.stepAt;
    int depth = t.depth, at = t.bAt, bStep = t.bStep;
    int a0 = t.rowAt[0], a1 = t.rowAt[1], a2 = t.rowAt[2], a3 = t.rowAt[3];
    int c0 = t.row(0), c1 = t.row(1), c2 = t.row(2), c3 = t.row(3);
    FloatVector s00 = FloatVector.zero(S);
    FloatVector s10 = FloatVector.zero(S);
    FloatVector s20 = FloatVector.zero(S);
    FloatVector s30 = FloatVector.zero(S);
    if (t.accumulate) {
      s00 = FloatVector.fromArray(S, c, c0);
      s10 = FloatVector.fromArray(S, c, c1);
      s20 = FloatVector.fromArray(S, c, c2);
      s30 = FloatVector.fromArray(S, c, c3);
    }
    for (int k = 0; k < depth; k++, at += bStep) {
      int step = stepAt[k];
      var b0 = FloatVector.fromArray(S, b, at);
      var v0 = FloatVector.broadcast(S, a[a0 + step]);
      s00 = v0.fma(b0, s00);
      var v1 = FloatVector.broadcast(S, a[a1 + step]);
      s10 = v1.fma(b0, s10);
      var v2 = FloatVector.broadcast(S, a[a2 + step]);
      s20 = v2.fma(b0, s20);
      var v3 = FloatVector.broadcast(S, a[a3 + step]);
      s30 = v3.fma(b0, s30);
    }
    s00.intoArray(c, c0);
    s10.intoArray(c, c1);
    s20.intoArray(c, c2);
    s30.intoArray(c, c3);
  }
}
