package dev.tandem.ptx.machine;

/**
 * Conversions between types, as functions of one lane. Integers come and go as longs, floating numbers come as doubles,
 * which hold all of them exactly.
 */
final class Conversions {
  private static final double TWO_63 = 0x1p63;
  private static final double TWO_64 = 0x1p64;

  private Conversions() {}

  /** Who reads and who writes does it all. */
  static long same(long x) {
    return x;
  }

  static float sameSingle(float x) {
    return Singles.canonical(x);
  }

  static double sameDouble(double x) {
    return Doubles.canonical(x);
  }

  /** Held to a range. */
  static long clamp(long x, long min, long max) {
    return Math.clamp(x, min, max);
  }

  /** An unsigned number held below a bound that has no sign bit. */
  static long clampUnsigned(long x, long max) {
    return Long.compareUnsigned(x, max) > 0 ? max : x;
  }

  /**
   * To an integer of up to 64 signed bits.
   *
   * @param nan what NaN gives
   */
  static long toInteger(double x, Rounding mode, long min, long max, long nan) {
    return x == x ? Math.clamp((long) Rounding.integral(x, mode), min, max) : nan;
  }

  static long toUnsignedLong(double x, Rounding mode, long nan) {
    if (x != x) {
      return nan;
    }
    double whole = Rounding.integral(x, mode);
    if (whole >= TWO_64) {
      return -1;
    }
    return whole >= TWO_63 ? (long) (whole - TWO_63) ^ Long.MIN_VALUE : Math.max(0, (long) whole);
  }

  static double toDouble(long x, Rounding mode) {
    return sum((double) (x >> 32) * 0x1p32, (double) (x & 0xFFFFFFFFL), mode);
  }

  static double toDoubleUnsigned(long x, Rounding mode) {
    return sum((double) (x >>> 32) * 0x1p32, (double) (x & 0xFFFFFFFFL), mode);
  }

  static float toFormat(long x, Format format, Rounding mode) {
    if (format == Format.SINGLE && mode == Rounding.RN) {
      return x;
    }
    double odd = Rounding.addToOdd((double) (x >> 32) * 0x1p32, (double) (x & 0xFFFFFFFFL));
    return Format.narrow(odd, format, mode);
  }

  static float toFormatUnsigned(long x, Format format, Rounding mode) {
    double odd = Rounding.addToOdd((double) (x >>> 32) * 0x1p32, (double) (x & 0xFFFFFFFFL));
    return Format.narrow(odd, format, mode);
  }

  /** Two integers held to a range, side by side below a third. */
  static int pack(int a, int b, int c, int bits, boolean signed) {
    int min = signed ? -1 << bits - 1 : 0;
    int max = (1 << (signed ? bits - 1 : bits)) - 1;
    int mask = (1 << bits) - 1;
    int pair = (Math.clamp(a, min, max) & mask) << bits | Math.clamp(b, min, max) & mask;
    return bits == 16 ? pair : c << 2 * bits | pair;
  }

  private static double sum(double high, double low, Rounding mode) {
    if (mode == Rounding.RN) {
      return high + low;
    }
    return high + low == 0 ? 0 : DirectedDoubles.add(high, low, mode);
  }
}
