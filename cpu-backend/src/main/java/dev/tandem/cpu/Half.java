package dev.tandem.cpu;

import dev.tandem.shape.DType;

/**
 * Numbers of two bytes, BF16 or F16, as their bits. Widening to F32 is exact; rounding is to nearest, ties to
 * even, beyond the largest number to infinity; NaN stays NaN.
 */
final class Half {
  private static final int KEPT_BY_BF16 = 0xFFFF_0000;
  private static final int QUIET = 0x0040;
  // Half a unit of a BF16's last place, less one, so that adding the last bit decides ties.
  private static final int BELOW_TIE = 0x7FFF;
  // An F32 has 13 more bits of fraction than an F16.
  private static final int F16_CUT = 0x1FFF;
  private static final int INFINITE = 0x7F80_0000;

  private static final Kernels KERNELS = Kernels.best();

  private Half() {}

  static float widen(DType dtype, short bits) {
    return dtype == DType.BF16 ? Float.intBitsToFloat(bits << 16) : Float.float16ToFloat(bits);
  }

  static short round(DType dtype, float x) {
    return dtype == DType.BF16 ? roundBf16(x) : Float.floatToFloat16(x);
  }

  /** In one step: an F32 on the way would round twice. */
  static short round(DType dtype, double x) {
    float near = (float) x;
    // Rounding to an odd last place loses nothing that the second rounding, of fewer places, could
    // ask for.
    boolean inexact = near != x && !Double.isNaN(x);
    if (inexact && (Float.floatToRawIntBits(near) & 1) == 0) {
      near = x > near ? Math.nextUp(near) : Math.nextDown(near);
    }
    return round(dtype, near);
  }

  static short roundBf16(float x) {
    int bits = Float.floatToRawIntBits(x);
    return (short) (x != x ? bits >>> 16 | QUIET : bits + BELOW_TIE + (bits >>> 16 & 1) >>> 16);
  }

  /** With a probability of the part cut off to the number further from 0; see {@link dev.tandem.op.Update.Many}. */
  static short roundStochastically(DType dtype, float x, int word) {
    int bits = Float.floatToRawIntBits(x);
    if ((bits & INFINITE) == INFINITE) {
      return round(dtype, x);
    }
    return dtype == DType.BF16
        ? (short) (bits + (word & ~KEPT_BY_BF16) >>> 16)
        : Float.floatToFloat16(Float.intBitsToFloat(bits + (word & F16_CUT) & ~F16_CUT));
  }

  /** y[yAt + i] = x[xAt + i] for i below count. */
  static void widen(DType dtype, short[] x, int xAt, float[] y, int yAt, int count) {
    if (dtype == DType.BF16) {
      KERNELS.widenBf16(x, xAt, y, yAt, count);
    } else {
      // The compiler has instructions for this loop and the one below.
      for (int i = 0; i < count; i++) {
        y[yAt + i] = Float.float16ToFloat(x[xAt + i]);
      }
    }
  }

  /** y[yAt + i] = x[xAt + i], rounded, for i below count. */
  static void round(DType dtype, float[] x, int xAt, short[] y, int yAt, int count) {
    if (dtype == DType.BF16) {
      KERNELS.roundBf16(x, xAt, y, yAt, count);
    } else {
      for (int i = 0; i < count; i++) {
        y[yAt + i] = Float.floatToFloat16(x[xAt + i]);
      }
    }
  }
}
