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

  /** The number as a result of the type: a half type's is computed in F32, and rounded once more. */
  public static double computed(DType dtype, double x) {
    return dtype.half() ? to(dtype, (float) x) : to(dtype, x);
  }

  /**
   * A weight of its F32 master, by random bits: added to those that the half type has no room for, 16 of BF16 and 13 of F16, before
   * they are cut off. F16 holds the rest but where it is beyond its normal numbers on either side; there it is rounded to nearest.
   */
  public static double stochastically(DType half, float master, int random) {
    if (!Float.isFinite(master)) {
      return master;
    }
    int spare = half == DType.BF16 ? 16 : 13;
    int mask = (1 << spare) - 1;
    float moved = Float.intBitsToFloat(Float.floatToRawIntBits(master) + (random & mask));
    float cut = Float.intBitsToFloat(Float.floatToRawIntBits(moved) & ~mask);
    return to(half, cut);
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

  /** Half the distance between neighbours of the half type where this number lies: what one rounding may lose. */
  public static double halfUnit(DType half, double x) {
    int smallest = half == DType.F16 ? -14 : Float.MIN_EXPONENT;
    return Math.scalb(epsilon(half) / 2, Math.max(Math.getExponent(x), smallest));
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
