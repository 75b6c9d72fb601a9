package dev.tandem.ptx.machine;

import java.math.BigInteger;

/**
 * Arithmetic in f64 with a mode of rounding other than to nearest, right to the last bit: in exact integers, cut once.
 * Slow; the usual tricks with doubles fail near underflow and overflow, and hardly a kernel rounds doubles this way.
 */
final class DirectedDoubles {
  private static final int MIN_EXPONENT = -1074;
  private static final int PRECISION = 53;

  /** Bits by which a dividend or radicand is lengthened so that its result has more than are kept. */
  private static final int EXTRA = 130;

  private DirectedDoubles() {}

  static double add(double a, double b, Rounding mode) {
    return fma(a, 1, b, mode);
  }

  static double subtract(double a, double b, Rounding mode) {
    return b == b ? fma(a, 1, -b, mode) : Doubles.subtract(a, b);
  }

  static double multiply(double a, double b, Rounding mode) {
    double nearest = Doubles.multiply(a, b);
    if (!finite(a, b, b) || a == 0 || b == 0) {
      return nearest;
    }
    BigInteger product = significand(a).multiply(significand(b));
    return round(product, exponent(a) + exponent(b), mode);
  }

  static double fma(double a, double b, double c, Rounding mode) {
    if (!finite(a, b, c)) {
      return Doubles.fma(a, b, c);
    }
    BigInteger product = significand(a).multiply(significand(b));
    int at = exponent(a) + exponent(b);
    int low = Math.min(at, exponent(c));
    BigInteger sum = product.shiftLeft(at - low).add(significand(c).shiftLeft(exponent(c) - low));
    double sign = Math.copySign(1, a) * Math.copySign(1, b);
    return sum.signum() == 0 ? Rounding.zeroSum(sign, c, mode) : round(sum, low, mode);
  }

  static double divide(double a, double b, Rounding mode) {
    if (!finite(a, b, b) || a == 0 || b == 0) {
      return Doubles.divide(a, b);
    }
    BigInteger[] quotient =
        significand(a).abs().shiftLeft(EXTRA).divideAndRemainder(significand(b).abs());
    BigInteger odd = withSticky(quotient[0], quotient[1].signum() != 0);
    boolean negative = a < 0 != b < 0;
    return round(negative ? odd.negate() : odd, exponent(a) - exponent(b) - EXTRA, mode);
  }

  static double reciprocal(double a, Rounding mode) {
    return divide(1, a, mode);
  }

  static double squareRoot(double a, Rounding mode) {
    if (!(a > 0) || Double.isInfinite(a)) {
      return Doubles.squareRoot(a);
    }
    int odd = exponent(a) & 1;
    BigInteger[] root = significand(a).shiftLeft(EXTRA + odd).sqrtAndRemainder();
    int at = (exponent(a) - odd - EXTRA) / 2;
    return round(withSticky(root[0], root[1].signum() != 0), at, mode);
  }

  private static boolean finite(double a, double b, double c) {
    return Double.isFinite(a) && Double.isFinite(b) && Double.isFinite(c);
  }

  /** A bit more at the end, which says whether anything follows; it stands for a power less. */
  private static BigInteger withSticky(BigInteger bits, boolean more) {
    return more ? bits.setBit(0) : bits;
  }

  private static BigInteger significand(double x) {
    long bits = Double.doubleToRawLongBits(x);
    long fraction = bits & (1L << PRECISION - 1) - 1;
    boolean normal = Math.abs(x) >= Double.MIN_NORMAL;
    long magnitude = normal ? fraction | 1L << PRECISION - 1 : fraction;
    return BigInteger.valueOf(bits < 0 ? -magnitude : magnitude);
  }

  private static int exponent(double x) {
    return Math.max(Math.getExponent(x), Double.MIN_EXPONENT) - PRECISION + 1;
  }

  /** A number that is not zero, {@code bits * 2^at}. */
  private static double round(BigInteger bits, int at, Rounding mode) {
    BigInteger magnitude = bits.abs();
    int ulp = Math.max(at + magnitude.bitLength() - PRECISION, MIN_EXPONENT);
    long kept = magnitude.shiftRight(ulp - at).longValue();
    boolean inexact = ulp > at && magnitude.getLowestSetBit() < ulp - at;
    if (inexact && mode == (bits.signum() > 0 ? Rounding.RP : Rounding.RM)) {
      kept++;
    }
    double result = Math.scalb((double) kept, ulp) * bits.signum();
    return Double.isInfinite(result) ? Rounding.overflow(result, Double.MAX_VALUE, mode) : result;
  }
}
