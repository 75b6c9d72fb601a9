package dev.tandem.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

/** How near to the exact answer a result must be: so many times a step of its type at the answer, or at a given size. */
final class Closeness {
  private Closeness() {}

  /** Differs by at most {@code relative} times the expected value, or {@code absolute} where that is more. */
  static void near(
      String what, double[] expected, float[] actual, double relative, double absolute) {
    double[] wide = new double[actual.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = actual[i];
    }
    near(what, expected, wide, relative, absolute);
  }

  static void near(
      String what, double[] expected, double[] actual, double relative, double absolute) {
    assertEquals(expected.length, actual.length, what + ": count");
    for (int i = 0; i < expected.length; i++) {
      near(what + "[" + i + "]", expected[i], actual[i], relative, absolute);
    }
  }

  static void near(String what, double expected, double actual, double relative, double absolute) {
    double allowed = Math.max(Math.abs(expected) * relative, absolute);
    // Written so that a NaN fails.
    if (!(Math.abs(expected - actual) <= allowed) && Double.compare(expected, actual) != 0) {
      fail(
          what
              + ": expected "
              + expected
              + ", got "
              + actual
              + ", which is "
              + Math.abs(expected - actual) / allowed
              + " times what is allowed");
    }
  }

  /** So many roundings to single precision, in the worst case. */
  static double roundings(int count) {
    return count * 0x1p-24;
  }
}
