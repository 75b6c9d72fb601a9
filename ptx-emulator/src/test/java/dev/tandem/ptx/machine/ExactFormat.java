package dev.tandem.ptx.machine;

import java.math.BigInteger;

/**
 * A binary floating format of IEEE 754, its numbers as exact fractions: what tests compare with. Slow and simple, of
 * integers alone.
 */
record ExactFormat(int exponentBits, int fractionBits) {
  static final ExactFormat HALF = new ExactFormat(5, 10);
  static final ExactFormat BFLOAT = new ExactFormat(8, 7);
  static final ExactFormat TF32 = new ExactFormat(8, 10);
  static final ExactFormat SINGLE = new ExactFormat(8, 23);
  static final ExactFormat DOUBLE = new ExactFormat(11, 52);

  int width() {
    return 1 + exponentBits + fractionBits;
  }

  long infinity() {
    return (1L << exponentBits) - 1 << fractionBits;
  }

  long sign() {
    return 1L << exponentBits + fractionBits;
  }

  boolean negative(long bits) {
    return (bits & sign()) != 0;
  }

  long magnitude(long bits) {
    return bits & sign() - 1;
  }

  boolean nan(long bits) {
    return magnitude(bits) > infinity();
  }

  boolean infinite(long bits) {
    return magnitude(bits) == infinity();
  }

  boolean zero(long bits) {
    return magnitude(bits) == 0;
  }

  boolean subnormal(long bits) {
    return !zero(bits) && magnitude(bits) < 1L << fractionBits;
  }

  /** Minus the exponent of the smallest number. */
  int scale() {
    return (1 << exponentBits - 1) - 2 + fractionBits;
  }

  /** A finite number as a multiple of the smallest. */
  BigInteger units(long bits) {
    long exponent = magnitude(bits) >>> fractionBits;
    long fraction = bits & (1L << fractionBits) - 1;
    BigInteger units =
        exponent == 0
            ? BigInteger.valueOf(fraction)
            : BigInteger.valueOf(fraction | 1L << fractionBits).shiftLeft((int) exponent - 1);
    return negative(bits) ? units.negate() : units;
  }

  /** Bits of the fraction n / d, d positive, rounded; a zero is given the sign asked for. */
  long round(BigInteger n, BigInteger d, boolean negativeZero, Rounding mode) {
    if (n.signum() == 0) {
      return negativeZero ? sign() : 0;
    }
    boolean negative = n.signum() < 0;
    BigInteger[] units = n.abs().shiftLeft(scale()).divideAndRemainder(d);
    int shift = Math.max(0, units[0].bitLength() - fractionBits - 1);
    BigInteger kept = units[0].shiftRight(shift);
    BigInteger lost = units[0].subtract(kept.shiftLeft(shift)).multiply(d).add(units[1]);
    int half = lost.shiftLeft(1).compareTo(d.shiftLeft(shift));
    boolean up =
        switch (mode) {
          case RN -> half > 0 || (half == 0 && kept.testBit(0));
          case RNA -> half >= 0;
          case RZ -> false;
          case RM -> negative && lost.signum() != 0;
          case RP -> !negative && lost.signum() != 0;
        };
    BigInteger bits =
        BigInteger.valueOf(shift)
            .shiftLeft(fractionBits)
            .add(kept)
            .add(up ? BigInteger.ONE : BigInteger.ZERO);
    if (bits.compareTo(BigInteger.valueOf(infinity())) >= 0) {
      boolean toInfinity =
          mode == Rounding.RN
              || mode == Rounding.RNA
              || mode == (negative ? Rounding.RM : Rounding.RP);
      bits = BigInteger.valueOf(toInfinity ? infinity() : infinity() - 1);
    }
    return bits.longValue() | (negative ? sign() : 0);
  }

  /** A subnormal number as the zero of its sign. */
  long flush(long bits) {
    return subnormal(bits) ? bits & sign() : bits;
  }

  /** The number as a double, exactly. */
  double value(long bits) {
    if (nan(bits)) {
      return Double.NaN;
    }
    double magnitude = infinite(bits) ? Double.POSITIVE_INFINITY : scaled(units(magnitude(bits)));
    return negative(bits) ? -magnitude : magnitude;
  }

  private double scaled(BigInteger units) {
    int zeros = Math.max(0, units.getLowestSetBit());
    return Math.scalb((double) units.shiftRight(zeros).longValueExact(), zeros - scale());
  }
}
