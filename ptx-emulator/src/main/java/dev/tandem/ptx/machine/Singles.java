package dev.tandem.ptx.machine;

/**
 * Arithmetic in f32, rounded to nearest, as functions of one lane. All NaN results are the one NaN that the device gives.
 */
final class Singles {
  static final float NAN = Float.intBitsToFloat(0x7FFFFFFF);

  private Singles() {}

  static float canonical(float x) {
    return x == x ? x : NAN;
  }

  static float add(float a, float b) {
    return canonical(a + b);
  }

  static float subtract(float a, float b) {
    return canonical(a - b);
  }

  static float multiply(float a, float b) {
    return canonical(a * b);
  }

  static float fma(float a, float b, float c) {
    return canonical(Math.fma(a, b, c));
  }

  static float divide(float a, float b) {
    return canonical(a / b);
  }

  static float reciprocal(float a) {
    return canonical(1 / a);
  }

  static float squareRoot(float a) {
    return canonical((float) Math.sqrt(a));
  }

  static float negate(float a) {
    return -a;
  }

  static float absolute(float a) {
    return Float.intBitsToFloat(Float.floatToRawIntBits(a) & Integer.MAX_VALUE);
  }

  /** A subnormal number made the zero of its sign. */
  static float flush(float x) {
    return Math.abs(x) < Float.MIN_NORMAL ? Math.copySign(0f, x) : x;
  }

  /** Held to [0, 1]; NaN gives zero. */
  static float saturate(float x) {
    return x > 0 ? Math.min(x, 1) : 0;
  }

  /** Zero for negative numbers; NaN stays NaN. */
  static float relu(float x) {
    return x > 0 ? x : x == x ? 0 : NAN;
  }

  /** The smaller, minus zero being smaller than zero; of a NaN and a number the number. */
  static float min(float a, float b) {
    return a != a ? canonical(b) : b != b ? a : Math.min(a, b);
  }

  static float max(float a, float b) {
    return a != a ? canonical(b) : b != b ? a : Math.max(a, b);
  }

  /** The smaller; NaN where either is. */
  static float minNan(float a, float b) {
    return canonical(Math.min(a, b));
  }

  static float maxNan(float a, float b) {
    return canonical(Math.max(a, b));
  }

  /** The smaller magnitude, with the product's sign. */
  static float minXorSign(float a, float b) {
    return xorSign(min(Math.abs(a), Math.abs(b)), a, b);
  }

  static float maxXorSign(float a, float b) {
    return xorSign(max(Math.abs(a), Math.abs(b)), a, b);
  }

  static float minNanXorSign(float a, float b) {
    return xorSign(minNan(Math.abs(a), Math.abs(b)), a, b);
  }

  static float maxNanXorSign(float a, float b) {
    return xorSign(maxNan(Math.abs(a), Math.abs(b)), a, b);
  }

  /** The second with the first's sign. */
  static int copySign(int sign, int magnitude) {
    return sign & Integer.MIN_VALUE | magnitude & Integer.MAX_VALUE;
  }

  static float integral(float x, Rounding mode) {
    return canonical((float) Rounding.integral(x, mode));
  }

  private static float xorSign(float magnitude, float a, float b) {
    int sign = (Float.floatToRawIntBits(a) ^ Float.floatToRawIntBits(b)) & Integer.MIN_VALUE;
    return magnitude == magnitude
        ? Float.intBitsToFloat(Float.floatToRawIntBits(magnitude) | sign)
        : NAN;
  }
}
