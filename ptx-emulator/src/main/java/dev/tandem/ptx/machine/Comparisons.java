package dev.tandem.ptx.machine;

/**
 * Comparisons, as functions of one lane. Integers come as longs extended as their types say, so that only 64 unsigned bits
 * need functions of their own; floating numbers come as doubles.
 */
final class Comparisons {
  private Comparisons() {}

  static boolean equal(long a, long b) {
    return a == b;
  }

  static boolean notEqual(long a, long b) {
    return a != b;
  }

  static boolean less(long a, long b) {
    return a < b;
  }

  static boolean lessOrEqual(long a, long b) {
    return a <= b;
  }

  static boolean greater(long a, long b) {
    return a > b;
  }

  static boolean greaterOrEqual(long a, long b) {
    return a >= b;
  }

  static boolean lessUnsigned(long a, long b) {
    return Long.compareUnsigned(a, b) < 0;
  }

  static boolean lessOrEqualUnsigned(long a, long b) {
    return Long.compareUnsigned(a, b) <= 0;
  }

  static boolean greaterUnsigned(long a, long b) {
    return Long.compareUnsigned(a, b) > 0;
  }

  static boolean greaterOrEqualUnsigned(long a, long b) {
    return Long.compareUnsigned(a, b) >= 0;
  }

  static boolean eq(double a, double b) {
    return a == b;
  }

  static boolean ne(double a, double b) {
    return a < b || a > b;
  }

  static boolean lt(double a, double b) {
    return a < b;
  }

  static boolean le(double a, double b) {
    return a <= b;
  }

  static boolean gt(double a, double b) {
    return a > b;
  }

  static boolean ge(double a, double b) {
    return a >= b;
  }

  // With u: true also where an operand is NaN.

  static boolean equ(double a, double b) {
    return !(a < b || a > b);
  }

  static boolean neu(double a, double b) {
    return a != b;
  }

  static boolean ltu(double a, double b) {
    return !(a >= b);
  }

  static boolean leu(double a, double b) {
    return !(a > b);
  }

  static boolean gtu(double a, double b) {
    return !(a <= b);
  }

  static boolean geu(double a, double b) {
    return !(a < b);
  }

  /** Whether both are numbers. */
  static boolean num(double a, double b) {
    return a == a && b == b;
  }

  static boolean nan(double a, double b) {
    return a != a || b != b;
  }

  static boolean finite(double a) {
    return Math.abs(a) <= Double.MAX_VALUE;
  }

  static boolean infinite(double a) {
    return Double.isInfinite(a);
  }

  static boolean number(double a) {
    return a == a;
  }

  static boolean notanumber(double a) {
    return a != a;
  }

  /** Whether a number is neither infinite nor, of its type, subnormal; zeros count as normal. */
  static boolean normal(double a, boolean single) {
    return finite(a) && !subnormal(a, single);
  }

  static boolean subnormal(double a, boolean single) {
    return a != 0 && Math.abs(a) < (single ? Float.MIN_NORMAL : Double.MIN_NORMAL);
  }
}
