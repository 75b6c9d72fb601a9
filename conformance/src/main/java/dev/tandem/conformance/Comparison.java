package dev.tandem.conformance;

import dev.tandem.shape.DType;
import java.util.Arrays;

/**
 * How what a backend gave differs from what the oracle says.
 *
 * @param wrong how many elements differ by more than the tolerance
 * @param fraction the largest error as a fraction of what the tolerance allows
 * @param error the largest error, as a fraction of the expected number where that is larger than 1
 * @param message how many elements differ, where the worst is and by how much; empty where none does
 */
record Comparison(int wrong, double fraction, double error, String message) {
  /**
   * @param magnitude the op over absolute values, for tolerances that need it, or else the expected values
   * @param slack allowed in addition, see {@link Tolerance#ratio}
   */
  static Comparison of(
      Values expected, Values magnitude, Values actual, Tolerance tolerance, double slack) {
    DType dtype = actual.dtype();
    int wrong = 0;
    int worst = -1;
    double worstFraction = 0;
    double largest = 0;
    for (int i = 0; i < actual.data().length; i++) {
      double rounded = Rounding.computed(dtype, expected.data()[i]);
      // Near the largest number a result may round to infinity or stay below it: the rounded value
      // decides.
      double reference = Double.isInfinite(rounded) ? rounded : expected.data()[i];
      double allowed =
          dtype.floating() ? tolerance.allowed(dtype, reference, magnitude.data()[i]) + slack : 0;
      double target = allowed == 0 ? rounded : reference;
      double error = error(target, actual.data()[i]);
      double fraction = fraction(error, allowed);
      largest =
          Math.max(largest, Double.isFinite(error) ? error / Math.max(1, Math.abs(target)) : error);
      if (fraction > worstFraction) {
        worstFraction = fraction;
        worst = i;
      }
      if (fraction > 1) {
        wrong++;
      }
    }
    String message = wrong == 0 ? "" : message(expected, actual, wrong, worst, worstFraction);
    return new Comparison(wrong, worstFraction, largest, message);
  }

  boolean agrees() {
    return wrong == 0;
  }

  /** Infinite where one of the two is no number, or is infinite, and the other is not the same. */
  private static double error(double expected, double actual) {
    if (expected == actual || Double.isNaN(expected) && Double.isNaN(actual)) {
      return 0;
    }
    double error = Math.abs(expected - actual);
    return Double.isFinite(error) ? error : Double.POSITIVE_INFINITY;
  }

  /** Infinite where nothing is allowed, and where what is allowed is no number. */
  private static double fraction(double error, double allowed) {
    double fraction = error == 0 ? 0 : error / allowed;
    return Double.isNaN(fraction) ? Double.POSITIVE_INFINITY : fraction;
  }

  private static String message(
      Values expected, Values actual, int wrong, int worst, double fraction) {
    double is = actual.data()[worst];
    double should = expected.data()[worst];
    return wrong
        + " of "
        + actual.data().length
        + " elements differ, the worst at "
        + Arrays.toString(Positions.place(actual.shape(), worst))
        + ": expected "
        + should
        + ", actual "
        + is
        + ", error "
        + Math.abs(is - should)
        + ", "
        + (float) fraction
        + " times the tolerance";
  }
}
