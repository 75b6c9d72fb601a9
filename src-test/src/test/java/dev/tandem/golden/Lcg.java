package dev.tandem.golden;

import dev.tandem.conformance.Values;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;

/**
 * The generator of make_golden.py, so that weights and batches need not be stored: Knuth's MMIX, its upper 24
 * bits.
 */
public final class Lcg {
  private long state;

  public Lcg(long seed) {
    state = seed;
  }

  private double next() {
    state = state * 6364136223846793005L + 1442695040888963407L;
    return (state >>> 40) * 0x1p-24;
  }

  /** Spread evenly over [low, high), on a grid of 1/1024, which F32 holds exactly. */
  public Values tensor(DType dtype, double low, double high, int... lengths) {
    Shape shape = Shape.of(lengths);
    double[] numbers = new double[(int) shape.elements()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Math.floor((low + (high - low) * next()) * 1024) / 1024;
    }
    return Values.of(dtype, shape, numbers);
  }

  /** I32 numbers from 0 to bound - 1. */
  public Values indices(int bound, int... lengths) {
    Shape shape = Shape.of(lengths);
    double[] numbers = new double[(int) shape.elements()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Math.floor(next() * bound);
    }
    return Values.of(DType.I32, shape, numbers);
  }
}
