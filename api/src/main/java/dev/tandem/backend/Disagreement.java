package dev.tandem.backend;

import dev.tandem.shape.DType;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;

/**
 * Elements in which two backends' results of one call differ by more than rounding.
 *
 * @param first the first of them
 * @param elements how many there are
 */
record Disagreement(long first, long elements) {
  /*
   * Two float32 sums of a few thousand terms that differ in the order of their additions differ by a few 1e-6 of the
   * largest result; exp, tanh and their like, of which each backend has its own, by a few 1e-7 of the result itself. A
   * wrong kernel (an index off by one, a term left out) is off by about the result, so bounds ten and more times above
   * the former still lie thousands of times below the latter.
   */
  private static final double OF_LARGEST = 1e-5;
  private static final double OF_ELEMENT = 1e-4;

  /*
   * Where large terms cancel, what is left is rounding, and as large as the result. Then both results are held against
   * the same call in double: one backend's error may be some times the other's, for its sums go in another order, and
   * where the other happens to be exact, some last places of the largest number that went in.
   */
  private static final double OF_OTHER_ERROR = 8;
  private static final double OF_INPUT = 0x1p-21;

  /** What differs by more than rounding, given the same results in double and the largest number that went in. */
  static Optional<Disagreement> beyondRounding(
      HostTensor got, HostTensor expected, HostTensor exact, double largestInput) {
    double error = 0;
    for (long i = 0; i < exact.type().elements(); i++) {
      double other = Math.abs(expected.at(i) - exact.at(i));
      error = Double.isFinite(other) ? Math.max(error, other) : error;
    }
    double allowed = OF_OTHER_ERROR * error + OF_INPUT * largestInput;
    return between(got, exact, _ -> allowed);
  }

  /** What differs between what one backend made and what the other did. Empty where they agree. */
  static Optional<Disagreement> between(HostTensor got, HostTensor expected) {
    DType dtype = expected.type().dtype();
    double ofElement = dtype.floating() ? ofElement(dtype) : 0;
    double slack = dtype.floating() ? OF_LARGEST * expected.largest() : 0;
    return between(got, expected, b -> ofElement * Math.abs(b) + slack);
  }

  private static Optional<Disagreement> between(
      HostTensor got, HostTensor expected, DoubleUnaryOperator tolerance) {
    long first = -1;
    long count = 0;
    for (long i = 0; i < expected.type().elements(); i++) {
      double b = expected.at(i);
      if (!agree(got.at(i), b, tolerance.applyAsDouble(b))) {
        first = count == 0 ? i : first;
        count++;
      }
    }
    return count == 0 ? Optional.empty() : Optional.of(new Disagreement(first, count));
  }

  private static boolean agree(double a, double b, double tolerance) {
    if (Double.isFinite(a) && Double.isFinite(b)) {
      return Math.abs(a - b) <= tolerance;
    }
    return a == b || Double.isNaN(a) && Double.isNaN(b);
  }

  /** Of two numbers that are nearly equal, half types may keep neighbours: they lie one spacing apart. */
  private static double ofElement(DType dtype) {
    return switch (dtype) {
      case F32, F64 -> OF_ELEMENT;
      case BF16 -> 0x1p-7;
      case F16 -> 0x1p-10;
      case I32, U8 -> 0;
    };
  }
}
