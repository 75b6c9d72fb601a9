package dev.tandem.ptx.machine;

/** Logic, shifts, bit fields and bytes, as functions of one lane. */
final class Bits {
  private Bits() {}

  static long and(long a, long b) {
    return a & b;
  }

  static long or(long a, long b) {
    return a | b;
  }

  static long xor(long a, long b) {
    return a ^ b;
  }

  static long not(long a) {
    return ~a;
  }

  /** C's logical not: 1 of 0, else 0. */
  static int logicalNot(long a) {
    return a == 0 ? 1 : 0;
  }

  /** Shifts of 32 bits and fewer; a count past the width leaves nothing. */
  static int shiftLeft(int a, int count) {
    return (count & ~31) != 0 ? 0 : a << count;
  }

  static int shiftRight(int a, int count) {
    return (count & ~31) != 0 ? 0 : a >>> count;
  }

  /** A count past the width leaves the sign in all bits. */
  static int shiftRightSigned(int a, int count) {
    return a >> ((count & ~31) != 0 ? 31 : count);
  }

  static long shiftLeftLong(long a, int count) {
    return (count & ~63) != 0 ? 0 : a << count;
  }

  static long shiftRightLong(long a, int count) {
    return (count & ~63) != 0 ? 0 : a >>> count;
  }

  static long shiftRightSignedLong(long a, int count) {
    return a >> ((count & ~63) != 0 ? 63 : count);
  }

  /** Upper half of {high, low} shifted left. */
  static int funnelLeft(long low, long high, int count, boolean clamp) {
    return (int) ((high << 32 | low) << funnelCount(count, clamp) >>> 32);
  }

  /** Lower half of {high, low} shifted right. */
  static int funnelRight(long low, long high, int count, boolean clamp) {
    return (int) ((high << 32 | low) >>> funnelCount(count, clamp));
  }

  private static int funnelCount(int count, boolean clamp) {
    return clamp ? ((count & ~31) != 0 ? 32 : count) : count & 31;
  }

  static int count(int a) {
    return Integer.bitCount(a);
  }

  static int countLong(long a) {
    return Long.bitCount(a);
  }

  static int leadingZeros(int a) {
    return Integer.numberOfLeadingZeros(a);
  }

  static int leadingZerosLong(long a) {
    return Long.numberOfLeadingZeros(a);
  }

  static int reverse(int a) {
    return Integer.reverse(a);
  }

  static long reverseLong(long a) {
    return Long.reverse(a);
  }

  /**
   * The place of the highest bit that is set or, of a signed number, that is not like its sign; -1 without one.
   *
   * @param amount whether to give the shift that brings it to the top instead
   */
  static int highest(int a, boolean signed, boolean amount) {
    int zeros = Integer.numberOfLeadingZeros(signed && a < 0 ? ~a : a);
    return zeros == 32 ? -1 : amount ? zeros : 31 - zeros;
  }

  static int highestLong(long a, boolean signed, boolean amount) {
    int zeros = Long.numberOfLeadingZeros(signed && a < 0 ? ~a : a);
    return zeros == 64 ? -1 : amount ? zeros : 63 - zeros;
  }

  /** The place of the n-th bit set at or above (n > 0), at or below (n < 0) a place; n = 0: that place if set. */
  static int nthSet(int mask, int base, int n) {
    long wanted = Math.max(1, Math.abs((long) n));
    int last = n == 0 ? base : n > 0 ? 31 : 0;
    for (int at = base; at >= 0 && at < 32; at += n < 0 ? -1 : 1) {
      if ((mask >>> at & 1) != 0 && --wanted == 0) {
        return at;
      }
      if (at == last) {
        break;
      }
    }
    return -1;
  }

  /** A field of a number that comes extended without sign; of places past 63, zeros. */
  static long extract(long a, int from, int length) {
    int at = from & 255;
    long bits = at > 63 ? 0 : a >>> at;
    return bits & ones(length & 255);
  }

  /** A field of a number that comes extended with its sign; the field's last bit, or the number's, is its sign. */
  static long extractSigned(long a, int from, int length) {
    int wide = Math.min(64, length & 255);
    return wide == 0 ? 0 : a >> Math.min(63, from & 255) << (64 - wide) >> (64 - wide);
  }

  /** The second with a field of it replaced by the first. */
  static long insert(long field, long into, int from, int length) {
    int at = from & 255;
    if (at > 63) {
      return into;
    }
    long mask = ones(length & 255) << at;
    return into & ~mask | field << at & mask;
  }

  /** A row of ones. */
  static int mask(int from, int length, boolean clamp) {
    if (!clamp) {
      return (int) (ones(length & 31) << (from & 31));
    }
    return (from & ~31) != 0 ? 0 : (int) (ones((length & ~31) != 0 ? 32 : length) << from);
  }

  /** The low bits, extended from the highest of them. */
  static int extend(int a, int bits, boolean signed, boolean clamp) {
    int wide = clamp ? ((bits & ~31) != 0 ? 32 : bits) : bits & 31;
    if (wide == 0) {
      return 0;
    }
    int up = a << (32 - wide);
    return signed ? up >> (32 - wide) : up >>> (32 - wide);
  }

  /** Any function of three bits, for each bit: bit 4a + 2b + c of the table is its value. */
  static int lookup(int a, int b, int c, int table) {
    int result = 0;
    result |= (table & 1) != 0 ? ~a & ~b & ~c : 0;
    result |= (table & 2) != 0 ? ~a & ~b & c : 0;
    result |= (table & 4) != 0 ? ~a & b & ~c : 0;
    result |= (table & 8) != 0 ? ~a & b & c : 0;
    result |= (table & 16) != 0 ? a & ~b & ~c : 0;
    result |= (table & 32) != 0 ? a & ~b & c : 0;
    result |= (table & 64) != 0 ? a & b & ~c : 0;
    result |= (table & 128) != 0 ? a & b & c : 0;
    return result;
  }

  static boolean lookupNotZero(int a, int b, int c, int table) {
    return lookup(a, b, c, table) != 0;
  }

  /** Four of the eight bytes of {b, a}, or of their signs, as the selector's nibbles say. */
  static int permute(long a, long b, int selector) {
    long bytes = b << 32 | a;
    int result = 0;
    for (int i = 0; i < 4; i++) {
      int nibble = selector >>> 4 * i;
      int taken = (byte) (bytes >>> 8 * (nibble & 7));
      result |= ((nibble & 8) != 0 ? taken >> 31 : taken) << 8 * i & 255 << 8 * i;
    }
    return result;
  }

  /** Four bytes by one of the fixed patterns, {@link #permute} having the general one. */
  static int permuteBy(long a, long b, int selector, BytePattern pattern) {
    return permute(a, b, pattern.selector(selector & 3));
  }

  /** Two numbers as one, the first below. */
  static int pair16(int low, int high) {
    return low & 0xFFFF | high << 16;
  }

  static long pair32(long low, long high) {
    return low & 0xFFFFFFFFL | high << 32;
  }

  /** Four numbers as one, the first lowest. */
  static long quad(long a, long b, long c, long d, int bits) {
    long mask = (1L << bits) - 1;
    return a & mask | (b & mask) << bits | (c & mask) << 2 * bits | (d & mask) << 3 * bits;
  }

  /** What lies above some bits. */
  static long above(long a, int bits) {
    return a >>> bits;
  }

  private static long ones(int length) {
    return length > 63 ? -1 : (1L << length) - 1;
  }
}
