package dev.tandem.conformance;

import dev.tandem.shape.DType;
import java.util.Arrays;
import org.junit.jupiter.api.Assertions;

/** Compares what a backend gave with what the oracle says, and tells where and by how much it differs. */
final class Comparison {
  private Comparison() {}

  /**
   * Fails unless all elements agree within the tolerance.
   *
   * @param title op, shapes and backend, for the message
   * @param magnitude the op over absolute values, for tolerances that need it, or else the expected values
   */
  static void check(
      String title, Values expected, Values magnitude, Values actual, Tolerance tolerance) {
    DType dtype = actual.dtype();
    int wrong = 0;
    int worst = -1;
    double worstFraction = 0;
    for (int i = 0; i < actual.data().length; i++) {
      double rounded = Rounding.to(dtype, expected.data()[i]);
      // Near the largest number a result may round to infinity or stay below it: the rounded value
      // decides.
      double reference = Double.isInfinite(rounded) ? rounded : expected.data()[i];
      double allowed =
          dtype.floating() ? tolerance.allowed(dtype, reference, magnitude.data()[i]) : 0;
      double fraction = fraction(allowed == 0 ? rounded : reference, actual.data()[i], allowed);
      if (fraction > 1) {
        wrong++;
        if (fraction > worstFraction) {
          worstFraction = fraction;
          worst = i;
        }
      }
    }
    if (wrong > 0) {
      double is = actual.data()[worst];
      double should = expected.data()[worst];
      Assertions.fail(
          title
              + ": "
              + wrong
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
              + (float) worstFraction
              + " times the tolerance");
    }
  }

  /** The error as a fraction of what is allowed; infinite where no number is allowed. */
  static double fraction(double expected, double actual, double allowed) {
    if (expected == actual || Double.isNaN(expected) && Double.isNaN(actual)) {
      return 0;
    }
    double error = Math.abs(expected - actual);
    return Double.isFinite(error) ? error / allowed : Double.POSITIVE_INFINITY;
  }
}
