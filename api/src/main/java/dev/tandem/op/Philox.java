package dev.tandem.op;

/**
 * Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw 2011 ("Parallel random numbers: as easy as
 * 1, 2, 3", section 5.2): a keyed bijection of 128-bit counters. Word i of a stream can be had without the ones before
 * it, so every backend and thread count sees the same numbers. Not for cryptography.
 */
public final class Philox {
  // Table 2 of the paper; public for the backends' own loops.
  /** Multiplies word 0 of the counter in each round. */
  public static final int MULTIPLIER_0 = 0xD2511F53;

  /** Multiplies word 2 of the counter in each round. */
  public static final int MULTIPLIER_1 = 0xCD9E8D57;

  /** Added to the low word of the key after each round. */
  public static final int WEYL_0 = 0x9E3779B9;

  /** Added to the high word of the key after each round. */
  public static final int WEYL_1 = 0xBB67AE85;

  /** Rounds of the bijection. */
  public static final int ROUNDS = 10;

  private Philox() {}

  /** Writes the four words for the counter (low: words 0 and 1, high: words 2 and 3) under the key to out[0..3]. */
  public static void block(long key, long low, long high, int[] out) {
    int k0 = (int) key;
    int k1 = (int) (key >>> 32);
    int c0 = (int) low;
    int c1 = (int) (low >>> 32);
    int c2 = (int) high;
    int c3 = (int) (high >>> 32);
    for (int round = 0; round < ROUNDS; round++) {
      long p0 = Integer.toUnsignedLong(MULTIPLIER_0) * Integer.toUnsignedLong(c0);
      long p1 = Integer.toUnsignedLong(MULTIPLIER_1) * Integer.toUnsignedLong(c2);
      int n0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      int n2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c1 = (int) p1;
      c3 = (int) p0;
      c0 = n0;
      c2 = n2;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
  }

  /** A word as a number in [0, 1), a multiple of 2^-24, exact in F32. */
  public static float uniform(int word) {
    return (word >>> 8) * 0x1p-24f;
  }
}
