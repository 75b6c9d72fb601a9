package dev.tandem.ptx.machine;

/**
 * Numbers of type f16, as functions of one lane. They are computed as floats whose rounding to f16 is what rounding the
 * exact result would have been: 24 bits are twice 11 and two more, which makes rounding twice harmless for sums and
 * products.
 */
final class Halves {
  static final char NAN = 0x7FFF;
  private static final float MIN_NORMAL = 0x1p-14f;

  private Halves() {}

  static float toFloat(char bits) {
    return Float.float16ToFloat((short) bits);
  }

  /** To nearest, ties to even. */
  static char round(float x) {
    return x == x ? (char) Float.floatToFloat16(x) : NAN;
  }

  static float add(float a, float b) {
    return a + b;
  }

  static float subtract(float a, float b) {
    return a - b;
  }

  static float multiply(float a, float b) {
    return a * b;
  }

  /**
   * The double sum may be inexact only where the addend's 11 bits alone decide the result, for sums below f16's largest
   * number span 40 bits if the product has the highest.
   */
  static float fma(float a, float b, float c) {
    return Rounding.singleToOdd((double) a * b + c);
  }

  static int negate(int a) {
    return a ^ 0x8000;
  }

  static int absolute(int a) {
    return a & 0x7FFF;
  }

  /** A subnormal operand made the zero of its sign. */
  static float flush(float x) {
    return Math.abs(x) < MIN_NORMAL ? Math.copySign(0f, x) : x;
  }

  /** The same for a result that is not yet rounded. */
  static float flushResult(float x) {
    return flush(toFloat(round(x)));
  }

  /** Two numbers rounded to nearest in one, the first above. */
  static int pack(float high, float low) {
    return round(high) << 16 | round(low);
  }

  static int packTowardZero(float high, float low) {
    char above = round(Format.narrow(high, Format.HALF, Rounding.RZ));
    return above << 16 | round(Format.narrow(low, Format.HALF, Rounding.RZ));
  }
}
