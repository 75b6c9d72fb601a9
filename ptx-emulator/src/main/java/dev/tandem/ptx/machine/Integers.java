package dev.tandem.ptx.machine;

/**
 * Integer arithmetic of up to 32 bits, as functions of one lane. Operands of 8 and 16 bits come extended; results are cut
 * to the width of their type by who writes them. Where signed and unsigned 32 bits differ, operands come as longs, each
 * extended as its type says, and the two need no functions of their own. What a form fixes follows the operands.
 */
final class Integers {
  private Integers() {}

  static int add(int a, int b) {
    return a + b;
  }

  static int subtract(int a, int b) {
    return a - b;
  }

  static int multiply(int a, int b) {
    return a * b;
  }

  static int multiplyAdd(int a, int b, int c) {
    return a * b + c;
  }

  static int negate(int a) {
    return -a;
  }

  static int addSaturating(long a, long b) {
    return saturate(a + b);
  }

  static int subtractSaturating(long a, long b) {
    return saturate(a - b);
  }

  /** Bits 16 to 31 of the product of 16-bit numbers. */
  static int multiplyHigh16(int a, int b) {
    return (a * b) >>> 16;
  }

  static int multiplyHigh16Add(int a, int b, int c) {
    return ((a * b) >>> 16) + c;
  }

  /** Bits 32 to 63 of the product of 32-bit numbers. */
  static int multiplyHigh(long a, long b) {
    return (int) ((a * b) >>> 32);
  }

  static int multiplyHighAdd(long a, long b, int c) {
    return (int) ((a * b) >>> 32) + c;
  }

  static int multiplyHighAddSaturating(long a, long b, long c) {
    return saturate(((a * b) >> 32) + c);
  }

  /** Low half of the 48-bit product of numbers cut to 24 bits. */
  static int multiply24(int a, int b, boolean signed) {
    return (int) product24(a, b, signed);
  }

  /** Bits 16 to 47 of the 48-bit product of numbers cut to 24 bits. */
  static int multiply24High(int a, int b, boolean signed) {
    return (int) (product24(a, b, signed) >> 16);
  }

  static int multiply24Add(int a, int b, int c, boolean signed) {
    return (int) product24(a, b, signed) + c;
  }

  static int multiply24HighAdd(int a, int b, int c, boolean signed) {
    return (int) (product24(a, b, signed) >> 16) + c;
  }

  static int multiply24HighAddSaturating(int a, int b, int c) {
    return saturate((product24(a, b, true) >> 16) + c);
  }

  /** The quotient; all ones where the divisor is zero, of which PTX says nothing. */
  static int divide(int a, int b) {
    return b == 0 ? -1 : a / b;
  }

  /** The remainder; the dividend where the divisor is zero, of which PTX says nothing. */
  static int remainder(int a, int b) {
    return b == 0 ? a : a % b;
  }

  /** Sum of a carry and two numbers. */
  static int addCarry(int a, int b, boolean carry) {
    return a + b + (carry ? 1 : 0);
  }

  static int subtractBorrow(int a, int b, boolean borrow) {
    return a - b - (borrow ? 1 : 0);
  }

  static int multiplyAddCarry(int a, int b, int c, boolean carry) {
    return a * b + c + (carry ? 1 : 0);
  }

  static int multiplyHighAddCarry(long a, long b, int c, boolean carry) {
    return (int) ((a * b) >>> 32) + c + (carry ? 1 : 0);
  }

  /** Whether a sum of unsigned numbers and a carry needs 33 bits. */
  static boolean carries(long a, long b, boolean carry) {
    return a + b + (carry ? 1 : 0) > 0xFFFFFFFFL;
  }

  static boolean borrows(long a, long b, boolean borrow) {
    return a - b - (borrow ? 1 : 0) < 0;
  }

  static boolean multiplyAddCarries(long a, long b, long c, boolean carry) {
    return carries(a * b & 0xFFFFFFFFL, c, carry);
  }

  static boolean multiplyHighAddCarries(long a, long b, long c, boolean carry) {
    return carries(a * b >>> 32, c, carry);
  }

  /** Sum of the products of four bytes each and a number. */
  static int dot4(int a, int b, int c, boolean signedA, boolean signedB) {
    int sum = c;
    for (int i = 0; i < 32; i += 8) {
      sum += part(a, i, 8, signedA) * part(b, i, 8, signedB);
    }
    return sum;
  }

  /**
   * Sum of the products of two 16-bit numbers with two bytes, and a number.
   *
   * @param from where the two bytes begin in b: 0 or 16
   */
  static int dot2(int a, int b, int c, boolean signedA, boolean signedB, int from) {
    return c
        + part(a, 0, 16, signedA) * part(b, from, 8, signedB)
        + part(a, 16, 16, signedA) * part(b, from + 8, 8, signedB);
  }

  /** Distances of packed numbers, packed; the third operand is for masked forms, which are none of ours. */
  static int distances(int a, int b, int c, int bits, boolean signed) {
    int result = 0;
    for (int i = 0; i < 32; i += bits) {
      int distance = Math.abs(part(a, i, bits, signed) - part(b, i, bits, signed));
      result |= (distance & (1 << bits) - 1) << i;
    }
    return result;
  }

  /** Sum of the distances of packed numbers and a number. */
  static int distancesAdd(int a, int b, int c, int bits, boolean signed) {
    int sum = c;
    for (int i = 0; i < 32; i += bits) {
      sum += Math.abs(part(a, i, bits, signed) - part(b, i, bits, signed));
    }
    return sum;
  }

  static int select(int a, int b, boolean first) {
    return first ? a : b;
  }

  private static int part(int x, int at, int bits, boolean signed) {
    int up = x << (32 - bits - at);
    return signed ? up >> (32 - bits) : up >>> (32 - bits);
  }

  private static long product24(int a, int b, boolean signed) {
    return (long) part(a, 0, 24, signed) * part(b, 0, 24, signed);
  }

  private static int saturate(long x) {
    return Math.clamp(x, Integer.MIN_VALUE, Integer.MAX_VALUE);
  }
}
