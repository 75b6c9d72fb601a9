package dev.tandem.ptx.machine;

/**
 * The functions that a GPU approximates, as functions of one lane: computed in double, rounded to f32 once. That keeps
 * every bound on the error that the PTX ISA states, without being what any one device gives. From {@link StrictMath} or
 * from +, * and /, so that every machine gives the same bits.
 */
final class Approximations {
  /** Coefficients of 2^x = sum of (x ln 2)^k / k!; for |x| up to 1/2 twelve leave an error below 1e-15. */
  private static final double[] POWERS = powers(12);

  private static final double LN_2 = StrictMath.log(2);
  private static final double MIN_RECIPROCAL = 0x1p126;

  /** The NaN of the rough functions, which have the upper 32 bits only. */
  private static final double ROUGH_NAN = Double.longBitsToDouble(0x7FFFFFFFL << 32);

  private Approximations() {}

  static float reciprocal(float x) {
    return Singles.canonical((float) (1 / (double) x));
  }

  static float squareRoot(float x) {
    return Singles.canonical((float) Math.sqrt(x));
  }

  /** Of minus zero, minus infinity. */
  static float reciprocalRoot(float x) {
    return x == 0 ? 1 / x : Singles.canonical((float) (1 / Math.sqrt(x)));
  }

  /** A divisor above 2^126 gives zero, and NaN under infinity: its reciprocal would be subnormal. */
  static float divide(float a, float b) {
    float magnitude = Math.abs(b);
    if (magnitude > MIN_RECIPROCAL && magnitude <= Float.MAX_VALUE) {
      return Singles.canonical(a * Math.copySign(0f, b));
    }
    return Singles.canonical(a / b);
  }

  static float sine(float x) {
    return x == 0 ? x : Singles.canonical((float) StrictMath.sin(x));
  }

  static float cosine(float x) {
    return Singles.canonical((float) StrictMath.cos(x));
  }

  static float logarithm(float x) {
    return Singles.canonical((float) (StrictMath.log(x) / LN_2));
  }

  static float power(float x) {
    if (x != x) {
      return Singles.NAN;
    }
    double held = Math.clamp((double) x, -200.0, 200.0);
    double whole = Math.rint(held);
    double rest = held - whole;
    double sum = POWERS[POWERS.length - 1];
    for (int k = POWERS.length - 2; k >= 0; k--) {
      sum = sum * rest + POWERS[k];
    }
    return (float) (sum * Double.longBitsToDouble((long) whole + Double.MAX_EXPONENT << 52));
  }

  static float tangent(float x) {
    return Singles.canonical((float) StrictMath.tanh(x));
  }

  /** Of f64, from the upper 32 bits to the upper 32 bits; subnormal numbers count as zeros. */
  static double reciprocalRough(double x) {
    double upper = upper(x);
    return x == x ? flush(roundUpper(1 / upper)) : ROUGH_NAN;
  }

  static double reciprocalRootRough(double x) {
    double upper = upper(x);
    if (upper == 0) {
      return 1 / upper;
    }
    double root = 1 / Math.sqrt(upper);
    return root == root ? roundUpper(root) : ROUGH_NAN;
  }

  static double reciprocalRootDouble(double x) {
    if (x == 0) {
      return 1 / x;
    }
    double root = 1 / Math.sqrt(x);
    return root == root ? root : Doubles.nan(x, x, x);
  }

  private static double upper(double x) {
    return flush(Double.longBitsToDouble(Double.doubleToRawLongBits(x) & ~0xFFFFFFFFL));
  }

  private static double flush(double x) {
    return Math.abs(x) < Double.MIN_NORMAL ? Math.copySign(0.0, x) : x;
  }

  private static double roundUpper(double x) {
    return Double.longBitsToDouble(Double.doubleToRawLongBits(x) + 0x80000000L & ~0xFFFFFFFFL);
  }

  private static double[] powers(int terms) {
    double[] coefficients = new double[terms + 1];
    coefficients[0] = 1;
    for (int k = 1; k <= terms; k++) {
      coefficients[k] = coefficients[k - 1] * StrictMath.log(2) / k;
    }
    return coefficients;
  }
}
