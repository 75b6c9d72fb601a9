package dev.tandem.ptx.machine;

/** The floating types whose numbers are all floats too. */
enum Format {
  HALF(11, -14, 15),
  BFLOAT(8, -126, 127),
  TF32(11, -126, 127),
  SINGLE(24, -126, 127);

  /** Bits of a normal number's significand. */
  final int precision;

  /** Exponent of the smallest normal number. */
  final int minExponent;

  /** The largest number. */
  final double largest;

  Format(int precision, int minExponent, int maxExponent) {
    this.precision = precision;
    this.minExponent = minExponent;
    this.largest = (2 - power(1 - precision)) * power(maxExponent);
  }

  /** A double rounded to the format. */
  static float narrow(double x, Format format, Rounding mode) {
    if (x != x) {
      return Singles.NAN;
    }
    if (x == 0 || Double.isInfinite(x)) {
      return (float) x;
    }
    if (format == SINGLE && mode != Rounding.RNA) {
      return toSingle(x, mode);
    }
    int ulp = Math.max(Math.getExponent(x), format.minExponent) - format.precision + 1;
    double rounded = Rounding.integral(x * power(-ulp), mode) * power(ulp);
    return (float)
        (Math.abs(rounded) > format.largest ? Rounding.overflow(x, format.largest, mode) : rounded);
  }

  /** A number held to those of the format, infinities too. */
  static float finite(float x, Format format) {
    return Math.abs(x) > format.largest ? Math.copySign((float) format.largest, x) : x;
  }

  static float finiteRelu(float x, Format format) {
    return finite(Singles.relu(x), format);
  }

  /** The host rounds to nearest, so to a neighbour of the number whichever way; from there it is a step at most. */
  private static float toSingle(double x, Rounding mode) {
    float nearest = (float) x;
    boolean down = mode == Rounding.RM || (mode == Rounding.RZ && x > 0);
    boolean up = mode == Rounding.RP || (mode == Rounding.RZ && x < 0);
    if (nearest > x && down) {
      return Math.nextDown(nearest);
    }
    return nearest < x && up ? Math.nextUp(nearest) : nearest;
  }

  private static double power(int exponent) {
    return Double.longBitsToDouble((long) (exponent + Double.MAX_EXPONENT) << 52);
  }
}
