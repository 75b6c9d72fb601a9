package dev.tandem.conformance;

import dev.tandem.shape.DType;

/** What each element type makes of a number: the one place beside the oracle that knows their formats. */
final class Rounding {
  private Rounding() {}

  /**
   * The number as the type holds it: integers toward zero, clamped, NaN to 0; fractions to nearest, ties to
   * even.
   */
  public static double to(DType dtype, double x) {
    return switch (dtype) {
      case F64 -> x;
      case F32 -> (float) x;
      case BF16 -> toNearest(x, 8, -126, 127);
      case F16 -> toNearest(x, 11, -14, 15);
      case I32 -> (int) x;
      case U8 -> Math.clamp((int) x, 0, 255);
    };
  }

  /** The distance from 1 to the next larger number of the floating-point type. */
  public static double epsilon(DType dtype) {
    return switch (dtype) {
      case F64 -> 0x1p-52;
      case F32 -> 0x1p-23;
      case F16 -> 0x1p-10;
      case BF16 -> 0x1p-7;
      case I32, U8 ->
          throw new IllegalArgumentException("epsilon: needs a floating-point type, got " + dtype);
    };
  }

  /** In one step from double: a detour over float would round twice. */
  private static double toNearest(double x, int significandBits, int minExponent, int maxExponent) {
    if (!Double.isFinite(x) || x == 0) {
      return x;
    }
    int exponent = Math.max(Math.getExponent(x), minExponent);
    double quantum = Math.scalb(1.0, exponent - (significandBits - 1));
    double rounded = Math.rint(x / quantum) * quantum;
    boolean overflows = Math.getExponent(rounded) > maxExponent;
    return overflows ? Math.copySign(Double.POSITIVE_INFINITY, x) : rounded;
  }
}
