package dev.tandem.ptx.machine;

/**
 * Integer arithmetic in 64 bits, as functions of one lane. The signed ones serve narrower types too, signed or not, where
 * each operand comes extended as its type says.
 */
final class LongIntegers {
  private LongIntegers() {}

  static long add(long a, long b) {
    return a + b;
  }

  static long subtract(long a, long b) {
    return a - b;
  }

  static long multiply(long a, long b) {
    return a * b;
  }

  static long multiplyAdd(long a, long b, long c) {
    return a * b + c;
  }

  static long multiplyHigh(long a, long b) {
    return Math.multiplyHigh(a, b);
  }

  static long multiplyHighUnsigned(long a, long b) {
    return Math.unsignedMultiplyHigh(a, b);
  }

  static long multiplyHighAdd(long a, long b, long c) {
    return Math.multiplyHigh(a, b) + c;
  }

  static long multiplyHighAddUnsigned(long a, long b, long c) {
    return Math.unsignedMultiplyHigh(a, b) + c;
  }

  static long negate(long a) {
    return -a;
  }

  static long absolute(long a) {
    return Math.abs(a);
  }

  static long min(long a, long b) {
    return Math.min(a, b);
  }

  static long max(long a, long b) {
    return Math.max(a, b);
  }

  /** The smaller, but not below zero. */
  static long minRelu(long a, long b) {
    return Math.max(0, Math.min(a, b));
  }

  /** The larger, but not below zero. */
  static long maxRelu(long a, long b) {
    return Math.max(0, Math.max(a, b));
  }

  static long minUnsigned(long a, long b) {
    return Long.compareUnsigned(a, b) < 0 ? a : b;
  }

  static long maxUnsigned(long a, long b) {
    return Long.compareUnsigned(a, b) > 0 ? a : b;
  }

  /** Distance of two numbers, plus a third. */
  static long distanceAdd(long a, long b, long c) {
    return (a < b ? b - a : a - b) + c;
  }

  static long distanceAddUnsigned(long a, long b, long c) {
    return (Long.compareUnsigned(a, b) < 0 ? b - a : a - b) + c;
  }

  /** The quotient; all ones where the divisor is zero, of which PTX says nothing. */
  static long divide(long a, long b) {
    return b == 0 ? -1 : a / b;
  }

  static long divideUnsigned(long a, long b) {
    return b == 0 ? -1 : Long.divideUnsigned(a, b);
  }

  /** The remainder; the dividend where the divisor is zero, of which PTX says nothing. */
  static long remainder(long a, long b) {
    return b == 0 ? a : a % b;
  }

  static long remainderUnsigned(long a, long b) {
    return b == 0 ? a : Long.remainderUnsigned(a, b);
  }

  static long addCarry(long a, long b, boolean carry) {
    return a + b + (carry ? 1 : 0);
  }

  static long subtractBorrow(long a, long b, boolean borrow) {
    return a - b - (borrow ? 1 : 0);
  }

  static long multiplyAddCarry(long a, long b, long c, boolean carry) {
    return a * b + c + (carry ? 1 : 0);
  }

  static long multiplyHighAddCarry(long a, long b, long c, boolean carry) {
    return Math.multiplyHigh(a, b) + c + (carry ? 1 : 0);
  }

  static long multiplyHighAddCarryUnsigned(long a, long b, long c, boolean carry) {
    return Math.unsignedMultiplyHigh(a, b) + c + (carry ? 1 : 0);
  }

  /** Whether a sum of unsigned numbers and a carry needs 65 bits. */
  static boolean carries(long a, long b, boolean carry) {
    long sum = a + b;
    return Long.compareUnsigned(sum, a) < 0 || (carry && sum == -1);
  }

  static boolean borrows(long a, long b, boolean borrow) {
    return Long.compareUnsigned(a, b) < 0 || (borrow && a == b);
  }

  static boolean multiplyAddCarries(long a, long b, long c, boolean carry) {
    return carries(a * b, c, carry);
  }

  static boolean multiplyHighAddCarries(long a, long b, long c, boolean carry) {
    return carries(Math.multiplyHigh(a, b), c, carry);
  }

  static boolean multiplyHighAddCarriesUnsigned(long a, long b, long c, boolean carry) {
    return carries(Math.unsignedMultiplyHigh(a, b), c, carry);
  }

  static long select(long a, long b, boolean first) {
    return first ? a : b;
  }

  /** The first where the third is not negative, else the second. */
  static long selectBySign(long a, long b, int sign) {
    return sign >= 0 ? a : b;
  }

  /** The same by a float: minus zero is not negative, and NaN takes the second. */
  static long selectByFloat(long a, long b, float sign) {
    return sign >= 0 ? a : b;
  }
}
