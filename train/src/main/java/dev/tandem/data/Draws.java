package dev.tandem.data;

import dev.tandem.op.Philox;

/**
 * A sequence of Philox words under a key, read in order. The counter's high half names the sequence
 * (purpose, stage, epoch), its low half holds the sample and the block number, so that no two sequences
 * overlap.
 */
final class Draws {
  /** What the numbers are for: keeps a shuffle and an augmentation under one seed apart. */
  enum Purpose {
    SHUFFLE,
    SPLIT,
    AUGMENTATION,
    WINDOW
  }

  private final long key;
  private final long high;
  private final long sample;
  private final int[] words = new int[4];
  private int block;
  private int used = 4;

  private Draws(long key, long high, int sample) {
    this.key = key;
    this.high = high;
    this.sample = (long) sample << 32;
  }

  /** The sequence of a purpose and an epoch. */
  static Draws of(long seed, Purpose purpose, int epoch) {
    return new Draws(seed, (long) purpose.ordinal() << 48 | epoch, 0);
  }

  /** The sequence of one sample in an epoch, for the given one of several augmentations. */
  static Draws ofSample(long seed, int stage, int epoch, int sample) {
    return new Draws(
        seed, (long) Purpose.AUGMENTATION.ordinal() << 48 | (long) stage << 32 | epoch, sample);
  }

  /** The sequence of one window of a text in an epoch. */
  static Draws ofWindow(long seed, int epoch, int window) {
    return new Draws(seed, (long) Purpose.WINDOW.ordinal() << 48 | epoch, window);
  }

  private int word() {
    if (used == 4) {
      Philox.block(key, sample | Integer.toUnsignedLong(block++), high, words);
      used = 0;
    }
    return words[used++];
  }

  /**
   * A whole number in [0, bound), each equally likely: Lemire 2019, arXiv:1805.10941, multiplication
   * with rejection.
   */
  int below(int bound) {
    long product = Integer.toUnsignedLong(word()) * bound;
    if ((product & 0xFFFFFFFFL) < bound) {
      long threshold = (1L << 32) % bound;
      while ((product & 0xFFFFFFFFL) < threshold) {
        product = Integer.toUnsignedLong(word()) * bound;
      }
    }
    return (int) (product >>> 32);
  }

  /** As {@link #below(int)}, for bounds beyond 32 bits. */
  long below(long bound) {
    long drawn = longWord();
    if (Long.compareUnsigned(drawn * bound, bound) < 0) {
      long threshold = Long.remainderUnsigned(-bound, bound);
      while (Long.compareUnsigned(drawn * bound, threshold) < 0) {
        drawn = longWord();
      }
    }
    return Math.unsignedMultiplyHigh(drawn, bound);
  }

  private long longWord() {
    long high = (long) word() << 32;
    return high | Integer.toUnsignedLong(word());
  }

  /** A number in [0, 1), a multiple of 2^-24. */
  float uniform() {
    return Philox.uniform(word());
  }

  /** Fisher-Yates in place; every order is equally likely. */
  static void shuffle(int[] values, Draws draws) {
    for (int i = values.length - 1; i > 0; i--) {
      int j = draws.below(i + 1);
      int kept = values[i];
      values[i] = values[j];
      values[j] = kept;
    }
  }
}
