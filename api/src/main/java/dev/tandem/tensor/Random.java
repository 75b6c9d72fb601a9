package dev.tandem.tensor;

import dev.tandem.backend.Backend;
import dev.tandem.op.Philox;
import dev.tandem.op.Stochastic;
import java.lang.foreign.MemorySegment;

/**
 * A seeded source of random numbers, the same on every backend and every machine: draws for initial values are made on
 * the host from Philox words; ops that draw on the device get a {@link #state} of their own.
 */
public final class Random {
  /** Separates the uses of one seed: each takes a key of its own. */
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private final long seed;
  private long streams;

  /** A stream that the seed alone decides. */
  public Random(long seed) {
    this.seed = seed;
  }

  /** What it was made with. */
  public long seed() {
    return seed;
  }

  /** The key of the next stream of this seed; the i-th call always gives the same. */
  private long nextKey() {
    // The finaliser of SplitMix64 (Steele, Lea and Flood 2014): nearby seeds and streams get
    // unrelated keys.
    long z = seed + GOLDEN_GAMMA * ++streams;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** Numbers spread evenly from low to high; rounding to F32 may reach high itself. */
  public float[] uniform(int count, double low, double high) {
    double[] unit = units(count);
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) (low + (high - low) * unit[i]);
    }
    return numbers;
  }

  /** Numbers of the normal distribution. */
  public float[] normal(int count, double mean, double deviation) {
    double[] unit = units(count);
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) (mean + deviation * NormalQuantile.of(unit[i]));
    }
    return numbers;
  }

  /** A state for dropout on the backend, (4) I32; the caller owns it. See {@link Stochastic}. */
  public Tensor state(Backend backend) {
    long key = nextKey();
    int[] words = {(int) key, (int) (key >>> 32), 0, 0};
    return Tensor.of(backend, Stochastic.STATE, MemorySegment.ofArray(words)).release();
  }

  /** Multiples of 2^-32, from half of that up to 1 less that: never 0 or 1, where the normal quantile is infinite. */
  private double[] units(int count) {
    long key = nextKey();
    double[] units = new double[count];
    int[] words = new int[4];
    for (int i = 0; i < count; i++) {
      if (i % 4 == 0) {
        Philox.block(key, i / 4, 0, words);
      }
      units[i] = (Integer.toUnsignedLong(words[i % 4]) + 0.5) * 0x1p-32;
    }
    return units;
  }
}
