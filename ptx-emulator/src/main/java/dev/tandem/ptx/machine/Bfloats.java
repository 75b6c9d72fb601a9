package dev.tandem.ptx.machine;

/**
 * Numbers of type bf16, as functions of one lane. They are computed as floats whose rounding to bf16 is what rounding the
 * exact result would have been; products go by way of odd doubles, for floats run out of exponents where bf16 does.
 */
final class Bfloats {
  static final char NAN = 0x7FFF;

  private Bfloats() {}

  static float toFloat(char bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** To nearest, ties to even. */
  static char round(float x) {
    int bits = Float.floatToRawIntBits(x);
    return x == x ? (char) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16) : NAN;
  }

  static float multiply(float a, float b) {
    return Rounding.singleToOdd((double) a * b);
  }

  static float fma(float a, float b, float c) {
    return Rounding.singleToOdd(Rounding.addToOdd((double) a * b, c));
  }

  /** Two numbers rounded to nearest in one, the first above. */
  static int pack(float high, float low) {
    return round(high) << 16 | round(low);
  }

  static int packTowardZero(float high, float low) {
    char above = round(Format.narrow(high, Format.BFLOAT, Rounding.RZ));
    return above << 16 | round(Format.narrow(low, Format.BFLOAT, Rounding.RZ));
  }
}
