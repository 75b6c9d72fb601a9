package dev.tandem.jmh;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * What the machine does now, on as many threads as the backend has: multiply-adds in registers, and a triad, z = x + a y, over as
 * many bytes as a call moves, so that both lie in the same cache. Machines are shared and their clocks move: a share of what is
 * reached beside a call says more than a rate.
 */
final class Peak implements AutoCloseable {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int ROUNDS = 3;
  private static final long ROUND_NANOS = 6_000_000;
  private static final int CHAINS = 12;
  private static final int STEPS = 20_000;
  private static final int WARM_CALLS = 10;
  private static final float[] FACTORS = filled(0.999f);
  private static final float[] TERMS = filled(1e-3f);
  private static volatile float sink;

  private static float[] filled(float number) {
    float[] numbers = new float[SPECIES.length() + CHAINS];
    Arrays.fill(numbers, number);
    return numbers;
  }

  private final ExecutorService executor =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("peak-", 0).factory());
  private final List<Callable<Double>> tasks = new ArrayList<>();

  /** Of multiply-adds. */
  Peak(int threads) {
    for (int i = 0; i < threads; i++) {
      tasks.add(Peak::multiplyAdds);
    }
    warm();
  }

  /** Of moving bytes, in three arrays a thread. */
  Peak(int threads, double megabytes) {
    int length =
        Math.max(
            SPECIES.length(),
            (int) (1e6 * megabytes / (3 * Float.BYTES * threads))
                / SPECIES.length()
                * SPECIES.length());
    for (int i = 0; i < threads; i++) {
      float[] x = new float[length];
      float[] y = new float[length];
      float[] z = new float[length];
      tasks.add(() -> triads(x, y, z));
    }
    warm();
  }

  /** 10^9 operations or bytes a second: the best of some rounds, for threads just woken share a core until the kernel parts them. */
  double rate() {
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
      best = Math.max(best, round());
    }
    return best;
  }

  /** The sum over the threads, of which the caller is one, each by its own clock. */
  private double round() {
    try {
      List<Future<Double>> others = new ArrayList<>();
      for (Callable<Double> task : tasks.subList(1, tasks.size())) {
        others.add(executor.submit(task));
      }
      double sum = tasks.getFirst().call();
      for (Future<Double> other : others) {
        sum += other.get();
      }
      return sum;
    } catch (Exception e) {
      throw new IllegalStateException("peak: could not be measured", e);
    }
  }

  @Override
  public void close() {
    executor.shutdown();
  }

  private void warm() {
    for (int i = 0; i < WARM_CALLS; i++) {
      rate();
    }
  }

  private static double multiplyAdds() {
    long start = System.nanoTime();
    long calls = 0;
    long nanos;
    do {
      sink = chains(STEPS);
      calls++;
      nanos = System.nanoTime() - start;
    } while (nanos < ROUND_NANOS);
    return 2.0 * CHAINS * SPECIES.length() * STEPS * calls / nanos;
  }

  private static double triads(float[] x, float[] y, float[] z) {
    long start = System.nanoTime();
    long calls = 0;
    long nanos;
    do {
      triad(x, y, z);
      calls++;
      nanos = System.nanoTime() - start;
    } while (nanos < ROUND_NANOS);
    return 3.0 * Float.BYTES * x.length * calls / nanos;
  }

  private static void triad(float[] x, float[] y, float[] z) {
    for (int i = 0; i < z.length; i += SPECIES.length()) {
      FloatVector.fromArray(SPECIES, y, i)
          .mul(0.999f)
          .add(FloatVector.fromArray(SPECIES, x, i))
          .intoArray(z, i);
    }
  }

  /**
   * Independent chains hide the latency of one: of 10 a core of an EPYC (Zen 5) reached 84 % of what it does with 12. They begin with loads:
   * of a vector that is more than one chain's beginning C2 makes an object each time round.
   */
  private static float chains(int steps) {
    FloatVector a = FloatVector.fromArray(SPECIES, FACTORS, 0);
    FloatVector b = FloatVector.fromArray(SPECIES, TERMS, 0);
    FloatVector c0 = FloatVector.fromArray(SPECIES, TERMS, 0);
    FloatVector c1 = FloatVector.fromArray(SPECIES, TERMS, 1);
    FloatVector c2 = FloatVector.fromArray(SPECIES, TERMS, 2);
    FloatVector c3 = FloatVector.fromArray(SPECIES, TERMS, 3);
    FloatVector c4 = FloatVector.fromArray(SPECIES, TERMS, 4);
    FloatVector c5 = FloatVector.fromArray(SPECIES, TERMS, 5);
    FloatVector c6 = FloatVector.fromArray(SPECIES, TERMS, 6);
    FloatVector c7 = FloatVector.fromArray(SPECIES, TERMS, 7);
    FloatVector c8 = FloatVector.fromArray(SPECIES, TERMS, 8);
    FloatVector c9 = FloatVector.fromArray(SPECIES, TERMS, 9);
    FloatVector c10 = FloatVector.fromArray(SPECIES, TERMS, 10);
    FloatVector c11 = FloatVector.fromArray(SPECIES, TERMS, 11);
    for (int i = 0; i < steps; i++) {
      c0 = c0.fma(a, b);
      c1 = c1.fma(a, b);
      c2 = c2.fma(a, b);
      c3 = c3.fma(a, b);
      c4 = c4.fma(a, b);
      c5 = c5.fma(a, b);
      c6 = c6.fma(a, b);
      c7 = c7.fma(a, b);
      c8 = c8.fma(a, b);
      c9 = c9.fma(a, b);
      c10 = c10.fma(a, b);
      c11 = c11.fma(a, b);
    }
    FloatVector sum = c0.add(c1).add(c2).add(c3).add(c4).add(c5);
    return sum.add(c6).add(c7).add(c8).add(c9).add(c10).add(c11).lane(0);
  }
}
