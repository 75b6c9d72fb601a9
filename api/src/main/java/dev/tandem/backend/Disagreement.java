package dev.tandem.backend;

import dev.tandem.shape.DType;
import java.util.Optional;

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
   * the former still lie thousands of times below the latter. Only where every result is what is left of large terms
   * that cancel is rounding as large as the result: this cannot be told from a mistake.
   */
  private static final double OF_LARGEST = 1e-5;
  private static final double OF_ELEMENT = 1e-4;

  /** What differs between what one backend made and what the other did. Empty where they agree. */
  static Optional<Disagreement> between(HostTensor got, HostTensor expected) {
    DType dtype = expected.type().dtype();
    double ofElement = dtype.floating() ? ofElement(dtype) : 0;
    double slack = dtype.floating() ? OF_LARGEST * largest(expected) : 0;
    long first = -1;
    long count = 0;
    for (long i = 0; i < expected.type().elements(); i++) {
      double b = expected.at(i);
      if (!agree(got.at(i), b, ofElement * Math.abs(b) + slack)) {
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

  private static double largest(HostTensor tensor) {
    double largest = 0;
    for (long i = 0; i < tensor.type().elements(); i++) {
      double magnitude = Math.abs(tensor.at(i));
      if (Double.isFinite(magnitude)) {
        largest = Math.max(largest, magnitude);
      }
    }
    return largest;
  }
}
