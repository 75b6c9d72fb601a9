package dev.tandem.cpu;

import dev.tandem.op.Elementwise.GeluTanh;

/**
 * Elementary functions of floats as chains of fused multiply-adds. {@link VectorMath} does the same steps in
 * the same order, so that both give the same bits; the JDK's own functions differ between interpreter and
 * compiler. Polynomials are made by {@code src/main/python/minimax.py}, which prints them as they stand here.
 */
final class FloatMath {
  /** Added and taken off again, it rounds to a whole number, which also stands in the low bits of the sum. */
  static final float ROUNDER = 0x1.8p23f;

  static final int ROUNDER_BITS = 0x4B400000;
  static final float LOG2_E = 0x1.715476p+0f;
  static final float LN2_HIGH = 0x1.62e430p-1f;
  static final float LN2_LOW = -0x1.05c610p-29f;

  /** Beyond these e^x is infinite, or rounds to 0. */
  static final float EXP_OVERFLOW = 89;

  static final float EXP_UNDERFLOW = -104;

  /** Below this e^x is hardly a normal float. */
  static final float WEIGHT_UNDERFLOW = -87;

  /** Beyond this tanh rounds to 1. */
  static final float TANH_SATURATION = 10;

  /** Beyond these the slopes of the two GELU are 0 or 1 to the last bit. */
  static final float GELU_TANH_SATURATION = 12;

  static final float NORMAL_SATURATION = 15;

  /**
   * Twice the argument of GELU's tanh is x * (GELU_LINEAR + GELU_CUBIC * x^2), its slope x * (.. + 3 *
   * GELU_CUBIC ..).
   */
  static final float GELU_LINEAR = (float) (2 * GeluTanh.BETA);

  static final float GELU_CUBIC = (float) (2 * GeluTanh.BETA * GeluTanh.KAPPA);
  static final float GELU_CUBIC_SLOPE = (float) (6 * GeluTanh.BETA * GeluTanh.KAPPA);
  static final float NORMAL_DENSITY_AT_0 = (float) (1 / Math.sqrt(2 * Math.PI));

  /** Bits of sqrt(1/2): a significand from there to sqrt(2) leaves the smallest argument to log1p. */
  static final int SQRT_HALF_BITS = Float.floatToRawIntBits((float) Math.sqrt(0.5));

  static final float SQRT_2_MINUS_1 = (float) (Math.sqrt(2) - 1);
  static final float NORMAL_TAIL_CENTRE = 4;

  // Q(r) = (expm1(r) - r) / r^2, |r| <= ln(2) / 2: relative error of expm1 2^-26.1
  static final float EXPM1_6 = 0x1.6b97a6p-10f;
  static final float EXPM1_5 = 0x1.122538p-7f;
  static final float EXPM1_4 = 0x1.5556f6p-5f;
  static final float EXPM1_3 = 0x1.5554b4p-3f;
  static final float EXPM1_2 = 0x1.fffffep-2f;

  // P(f) = (log1p(f) - f + f^2 / 2) / f^3, sqrt(1/2) <= 1 + f <= sqrt(2): relative error of log1p
  // 2^-27.4
  static final float LOG1P_10 = -0x1.38c968p-4f;
  static final float LOG1P_9 = 0x1.055eacp-3f;
  static final float LOG1P_8 = -0x1.0d8246p-3f;
  static final float LOG1P_7 = 0x1.22d930p-3f;
  static final float LOG1P_6 = -0x1.54728ap-3f;
  static final float LOG1P_5 = 0x1.99a01cp-3f;
  static final float LOG1P_4 = -0x1.000226p-2f;
  static final float LOG1P_3 = 0x1.555554p-2f;

  // T(q) = (1 - Phi(a)) * e^(a^2 / 2) * (a + 4), q = (a - 4) / (a + 4), 0 <= a < 15: relative error
  // 2^-25.7
  static final float TAIL_9 = -0x1.0595dep-13f;
  static final float TAIL_8 = 0x1.972186p-13f;
  static final float TAIL_7 = 0x1.9bf668p-10f;
  static final float TAIL_6 = -0x1.cdea04p-9f;
  static final float TAIL_5 = -0x1.ed67acp-8f;
  static final float TAIL_4 = 0x1.eedaf0p-5f;
  static final float TAIL_3 = -0x1.7dff90p-3f;
  static final float TAIL_2 = 0x1.8c6d84p-2f;
  static final float TAIL_1 = -0x1.373e3ap-1f;
  static final float TAIL_0 = 0x1.82b4bcp-1f;

  private FloatMath() {}

  static float exp(float x) {
    float shifted = Math.fma(x, LOG2_E, ROUNDER);
    float r = reduced(x, shifted - ROUNDER);
    int power = Float.floatToRawIntBits(shifted) - ROUNDER_BITS;
    // In two factors, for 2^-150 and 2^128 are no floats while their products with the rest may be.
    int half = power >> 1;
    float y = (expm1Near0(r) + 1) * powerOf2(half) * powerOf2(power - half);
    return x > EXP_OVERFLOW ? Float.POSITIVE_INFINITY : x < EXP_UNDERFLOW ? 0 : y;
  }

  static float log(float x) {
    boolean subnormal = x < Float.MIN_NORMAL;
    int bits = Float.floatToRawIntBits(subnormal ? x * 0x1p23f : x);
    int exponent = bits - SQRT_HALF_BITS >> 23;
    float f = Float.intBitsToFloat(bits - (exponent << 23)) - 1;
    float y = logOf1Plus(f, (float) exponent - (subnormal ? 23 : 0));
    y = x > 0 ? y : Float.NaN;
    y = x == 0 ? Float.NEGATIVE_INFINITY : y;
    return x == Float.POSITIVE_INFINITY ? x : y;
  }

  /** e^x for x not above 88, and 0 where it is no normal float: a third cheaper than where it must be right everywhere. */
  static float weight(float x) {
    float shifted = Math.fma(x, LOG2_E, ROUNDER);
    float p = expm1Near0(reduced(x, shifted - ROUNDER));
    float y = (p + 1) * powerOf2(Float.floatToRawIntBits(shifted) - ROUNDER_BITS);
    return x < WEIGHT_UNDERFLOW ? 0 : y;
  }

  static float tanh(float x) {
    float a = Math.min(Math.abs(x), TANH_SATURATION);
    float u = a + a;
    float shifted = Math.fma(u, LOG2_E, ROUNDER);
    float p = expm1Near0(reduced(u, shifted - ROUNDER));
    float scale = powerOf2(Float.floatToRawIntBits(shifted) - ROUNDER_BITS);
    float expm1 = Math.fma(scale, p, scale - 1);
    return withSignOf(x, expm1 / (expm1 + 2));
  }

  static float sigmoid(float x) {
    float z = decay(x);
    return (x < 0 ? z : 1) / (z + 1);
  }

  /** e^-|x|. */
  private static float decay(float x) {
    return exp(-Math.abs(x));
  }

  static float softplus(float x) {
    float z = decay(x);
    boolean large = z > SQRT_2_MINUS_1;
    float f = large ? Math.fma(z, 0.5f, -0.5f) : z;
    return (x > 0 ? x : 0) + logOf1Plus(f, large ? 1 : 0);
  }

  static float silu(float x) {
    return sigmoid(x) * x;
  }

  static float siluSlope(float x) {
    float z = decay(x);
    float r = 1 / (z + 1);
    float rest = (x < 0 ? 1 : z) * r;
    return Math.fma(x, rest, 1) * ((x < 0 ? z : 1) * r);
  }

  /** By 1 + tanh(u) = 2 sigmoid(2u), which does not cancel where tanh nears -1. */
  static float geluTanh(float x) {
    float z = weight(geluTanhExponent(x));
    return (x < 0 ? z : 1) / (z + 1) * x;
  }

  static float geluTanhSlope(float x) {
    float v = limited(x, GELU_TANH_SATURATION);
    float z = weight(geluTanhExponent(v));
    float r = 1 / (z + 1);
    float s = (v < 0 ? z : 1) * r;
    float slope = Math.fma(v * v, GELU_CUBIC_SLOPE, GELU_LINEAR) * v;
    return Math.fma(slope, z * r * r, s);
  }

  /** -|u|, u twice the argument of the tanh. */
  private static float geluTanhExponent(float x) {
    return -Math.abs(Math.fma(x * x, GELU_CUBIC, GELU_LINEAR) * x);
  }

  static float geluErf(float x) {
    float v = limited(x, NORMAL_SATURATION);
    return normal(v, bell(v) * tailRatio(Math.abs(v))) * x;
  }

  static float geluErfSlope(float x) {
    float v = limited(x, NORMAL_SATURATION);
    float bell = bell(v);
    return Math.fma(v * NORMAL_DENSITY_AT_0, bell, normal(v, bell * tailRatio(Math.abs(v))));
  }

  /** The normal distribution's Phi(x), from 1 - Phi(|x|). */
  private static float normal(float x, float tail) {
    return x < 0 ? tail : 1 - tail;
  }

  /**
   * e^(-a^2 / 2). The square's rounding error is 45 units in the last place of the result at 13, hence the
   * repair.
   */
  private static float bell(float x) {
    float lost = Math.fma(x, x, -(x * x));
    float bell = exp(bellExponent(x));
    return Math.fma(bell, lost * -0.5f, bell);
  }

  static float bellExponent(float x) {
    return x * x * -0.5f;
  }

  /** (1 - Phi(a)) / e^(-a^2 / 2). */
  private static float tailRatio(float a) {
    float r = 1 / (a + NORMAL_TAIL_CENTRE);
    float q = (a - NORMAL_TAIL_CENTRE) * r;
    float t = TAIL_9;
    t = Math.fma(t, q, TAIL_8);
    t = Math.fma(t, q, TAIL_7);
    t = Math.fma(t, q, TAIL_6);
    t = Math.fma(t, q, TAIL_5);
    t = Math.fma(t, q, TAIL_4);
    t = Math.fma(t, q, TAIL_3);
    t = Math.fma(t, q, TAIL_2);
    t = Math.fma(t, q, TAIL_1);
    t = Math.fma(t, q, TAIL_0);
    return t * r;
  }

  private static float reduced(float x, float n) {
    return Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, x));
  }

  private static float expm1Near0(float r) {
    float q = Math.fma(EXPM1_6, r, EXPM1_5);
    q = Math.fma(q, r, EXPM1_4);
    q = Math.fma(q, r, EXPM1_3);
    q = Math.fma(q, r, EXPM1_2);
    return Math.fma(r * r, q, r);
  }

  /** exponent * ln 2 + log1p(f). */
  private static float logOf1Plus(float f, float exponent) {
    float p = Math.fma(LOG1P_10, f, LOG1P_9);
    p = Math.fma(p, f, LOG1P_8);
    p = Math.fma(p, f, LOG1P_7);
    p = Math.fma(p, f, LOG1P_6);
    p = Math.fma(p, f, LOG1P_5);
    p = Math.fma(p, f, LOG1P_4);
    p = Math.fma(p, f, LOG1P_3);
    float square = f * f;
    float y = Math.fma(square * f, p, exponent * LN2_LOW);
    y = Math.fma(square, -0.5f, y) + f;
    return Math.fma(exponent, LN2_HIGH, y);
  }

  private static float powerOf2(int power) {
    return Float.intBitsToFloat(power + 127 << 23);
  }

  /** Keeps NaN. */
  static float limited(float x, float limit) {
    return Math.max(Math.min(x, limit), -limit);
  }

  private static float withSignOf(float x, float magnitude) {
    return Float.intBitsToFloat(
        Float.floatToRawIntBits(magnitude) | Float.floatToRawIntBits(x) & Integer.MIN_VALUE);
  }
}
