package dev.tandem.ptx;

import java.math.BigDecimal;

/** Formats of less than 32 bits, each value rounded once from the exact one. */
final class SmallFloats {
  private SmallFloats() {}

  /** Upper 16 bits of a float, rounded to nearest even: bfloat16 of a finite number. */
  static short bfloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    return (short) (bits + 0x7fff + (bits >> 16 & 1) >> 16);
  }

  static float singleOfBfloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** A float cut down to tf32: 10 bits of fraction, to nearest, halves away from zero. */
  static float tf32(float value) {
    return Float.intBitsToFloat(Float.floatToRawIntBits(value) + 0x1000 & ~0x1fff);
  }

  static float singleOfHalf(short bits) {
    return Float.float16ToFloat(bits);
  }

  /** Through a float, rounded to odd, so that rounding again gives what rounding once would. */
  static short half(double value) {
    float single = (float) value;
    return Float.floatToFloat16(single == value ? single : odd(value));
  }

  /** The float next to a value, cut towards zero, its last bit set as it is not exact: it rounds on as the value would. */
  static float odd(double value) {
    int bits = Float.floatToRawIntBits(cut(new BigDecimal(value)));
    return Float.intBitsToFloat(bits | 1);
  }

  /** The exact value cut off to single precision, towards zero. */
  static float cut(BigDecimal exact) {
    float nearest = exact.floatValue();
    return new BigDecimal(nearest).abs().compareTo(exact.abs()) > 0
        ? Math.signum(nearest) * Math.nextDown(Math.abs(nearest))
        : nearest;
  }

  static short bfloat(double value) {
    float single = (float) value;
    return bfloat(single == value ? single : odd(value));
  }

  /** The half next below or above an exact float. */
  static short beside(float value, boolean up) {
    short nearest = Float.floatToFloat16(value);
    if (up ? singleOfHalf(nearest) >= value : singleOfHalf(nearest) <= value) {
      return nearest;
    }
    // Of a negative number, the larger magnitude is the next below.
    return (short) (nearest + (up == value > 0 ? 1 : -1));
  }
}
