import java.util.Arrays;
import java.util.function.IntConsumer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** What the machine can do at most: multiply-adds in registers, and bytes through memory. */
final class Ceilings {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int CHAINS = 12;
  private static final int PEAK_STEPS = 4_000_000;
  private static final int ELEMENTS = 1 << 25; // three arrays of 128 MiB, which no cache holds
  private static final float[] FACTORS = filled(0.999f);
  private static final float[] TERMS = filled(1e-3f);
  private static final float[] SCALES = filled(3);
  private static volatile float sink;

  private Ceilings() {}

  private static float[] filled(float number) {
    float[] numbers = new float[SPECIES.length() + CHAINS];
    Arrays.fill(numbers, number);
    return numbers;
  }

  /** A step of fused multiply-adds; counts two operations for each. */
  static Worker.Case fma(int threads) {
    long operations = 2L * CHAINS * SPECIES.length() * PEAK_STEPS * threads;
    return new Worker.Case(operations, () -> together(threads, _ -> sink = chains(PEAK_STEPS)), () -> {});
  }

  /** a = b + s c; counts the three arrays once, though processors read a line before they write to it. */
  static Worker.Case triad(int threads) {
    float[] a = new float[ELEMENTS];
    float[] b = new float[ELEMENTS];
    float[] c = new float[ELEMENTS];
    int share = ELEMENTS / threads / SPECIES.length() * SPECIES.length();
    return new Worker.Case(
        3L * Float.BYTES * share * threads, () -> together(threads, worker -> triad(a, b, c, worker * share, share)), () -> {});
  }

  private static double together(int threads, IntConsumer work) {
    Thread[] others = new Thread[threads - 1];
    for (int i = 0; i < others.length; i++) {
      int worker = i + 1;
      others[i] = Thread.ofPlatform().start(() -> work.accept(worker));
    }
    work.accept(0);
    try {
      for (Thread other : others) {
        other.join();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return 0;
  }

  private static void triad(float[] a, float[] b, float[] c, int start, int length) {
    FloatVector scale = FloatVector.fromArray(SPECIES, SCALES, 0);
    for (int i = start; i < start + length; i += SPECIES.length()) {
      FloatVector.fromArray(SPECIES, c, i).fma(scale, FloatVector.fromArray(SPECIES, b, i)).intoArray(a, i);
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
