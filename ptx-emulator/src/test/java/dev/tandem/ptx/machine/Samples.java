package dev.tandem.ptx.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Operands for tests: what lies on edges, and random ones of which many lie near each other. */
final class Samples {
  private Samples() {}

  /** Zeros, the ends of the subnormal and normal numbers, ones and their neighbours, infinities, NaN; of both signs. */
  static long[] edges(ExactFormat format) {
    long one = (1L << format.exponentBits() - 1) - 1 << format.fractionBits();
    long normal = 1L << format.fractionBits();
    long infinity = format.infinity();
    long[] positive = {
      0,
      1,
      2,
      normal - 1,
      normal,
      normal + 1,
      one - 1,
      one,
      one + 1,
      one + normal / 2,
      one + normal,
      infinity - 2,
      infinity - 1,
      infinity,
      infinity | normal >> 1,
      infinity | 1
    };
    long[] all = new long[2 * positive.length];
    for (int i = 0; i < positive.length; i++) {
      all[2 * i] = positive[i];
      all[2 * i + 1] = positive[i] | format.sign();
    }
    return all;
  }

  /** Any bits, or those of a number whose exponent is within a few of a given one's. */
  static long random(ExactFormat format, Random random, long near) {
    long mask = format.sign() * 2 - 1;
    long bits = random.nextLong() & mask;
    if (random.nextInt(4) == 0 || format.infinite(near) || format.nan(near)) {
      return bits;
    }
    long exponent = format.magnitude(near) >>> format.fractionBits();
    int spread = format.fractionBits() + 3;
    exponent += random.nextInt(2 * spread + 1) - spread;
    exponent = Math.clamp(exponent, 0, (1L << format.exponentBits()) - 2);
    long fraction = bits & (1L << format.fractionBits()) - 1;
    if (random.nextBoolean()) {
      // Few bits set: exact results and ties.
      fraction = fraction & random.nextLong() & random.nextLong() & random.nextLong();
    }
    return bits & format.sign() | exponent << format.fractionBits() | fraction;
  }

  /** Cases of some operands: edges with edges, then random ones. */
  static List<long[]> cases(ExactFormat format, int operands, int randoms, long seed) {
    Random random = new Random(seed);
    List<long[]> cases = new ArrayList<>();
    long[] edges = edges(format);
    int combinations = (int) Math.min(4096, Math.pow(edges.length, operands));
    boolean all = combinations == Math.pow(edges.length, operands);
    for (int i = 0; i < combinations; i++) {
      long[] one = new long[operands];
      int rest = i;
      for (int k = 0; k < operands; k++) {
        one[k] = edges[all ? rest % edges.length : random.nextInt(edges.length)];
        rest /= edges.length;
      }
      cases.add(one);
    }
    for (int i = 0; i < randoms; i++) {
      long[] one = new long[operands];
      long near = random.nextLong() & format.sign() * 2 - 1;
      for (int k = 0; k < operands; k++) {
        one[k] = random(format, random, near);
      }
      cases.add(one);
    }
    return cases;
  }
}
