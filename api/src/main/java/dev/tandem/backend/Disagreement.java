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

  private static final double LARGEST_F16 = 65504;
  private static final double LEAST_F16 = 0x1p-24;

  /*
   * Where large terms cancel, what is left is rounding, and as large as the result. Then both results are held against
   * the same call in double: one backend's error may be some times the other's, for its sums go in another order, and
   * where the other happens to be exact, some last places of the largest number that went in.
   */
  private static final double OF_OTHER_ERROR = 8;
  private static final double OF_INPUT = 0x1p-21;

  /**
   * What differs by more than rounding, given the same results in double and the largest number that went in. What half types
   * round off at the end is allowed an element, for it is as large as the element and not as the largest of all.
   */
  static Optional<Disagreement> beyondRounding(
      HostTensor got, HostTensor expected, HostTensor exact, double largestInput) {
    DType dtype = expected.type().dtype();
    double error = 0;
    for (long i = 0; i < exact.type().elements(); i++) {
      double b = exact.at(i);
      double other = Math.abs(held(dtype, expected.at(i)) - held(dtype, b)) - spacing(dtype, b);
      error = Double.isFinite(other) ? Math.max(error, other) : error;
    }
    double allowed = OF_OTHER_ERROR * error + OF_INPUT * largestInput;
    return between(dtype, got, exact, b -> allowed + spacing(dtype, b));
  }

  /** What differs between what one backend made and what the other did. Empty where they agree. */
  static Optional<Disagreement> between(HostTensor got, HostTensor expected) {
    DType dtype = expected.type().dtype();
    double ofElement = dtype.floating() && !dtype.half() ? OF_ELEMENT : 0;
    double slack = dtype.floating() ? OF_LARGEST * expected.largest() : 0;
    return between(dtype, got, expected, b -> ofElement * Math.abs(b) + spacing(dtype, b) + slack);
  }

  private static Optional<Disagreement> between(
      DType dtype, HostTensor got, HostTensor expected, DoubleUnaryOperator tolerance) {
    long first = -1;
    long count = 0;
    for (long i = 0; i < expected.type().elements(); i++) {
      double b = held(dtype, expected.at(i));
      if (!agree(held(dtype, got.at(i)), b, tolerance.applyAsDouble(b))) {
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

  /** Of two numbers that are nearly equal, half types may keep neighbours: they lie so far apart, at most. */
  private static double spacing(DType dtype, double number) {
    return switch (dtype) {
      case BF16 -> 0x1p-7 * Math.abs(number);
      case F16 -> Math.max(0x1p-10 * Math.abs(number), LEAST_F16);
      case F32, F64, I32, U8 -> 0;
    };
  }

  /** Infinity is the largest F16's neighbour, and near to it as training meets numbers. */
  private static double held(DType dtype, double number) {
    return dtype == DType.F16 && Math.abs(number) > LARGEST_F16
        ? Math.copySign(LARGEST_F16 + 32, number)
        : number;
  }
}
