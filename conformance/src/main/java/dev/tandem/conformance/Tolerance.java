package dev.tandem.conformance;

import dev.tandem.shape.DType;

/**
 * How far a result may lie from the oracle's, in units of the last place of its type, so that one number serves
 * every type: allowed = epsilon * (relative * |expected| + absolute + linear * magnitude) + floor * (1 +
 * |expected|), where floor is what the oracle itself is worth.
 *
 * @param relative for results whose error is proportional to them
 * @param absolute for results that come from cancelling terms of order 1
 * @param linear for sums of products: magnitude is the same op over absolute values, and so grows with the
 *     length of the sum and with its cancellation
 * @param floor counts in F64 only, for F32 is coarser than the oracle, unless that took a central difference
 */
record Tolerance(double relative, double absolute, double linear, double floor) {
  private static final double SUMMATION = 1e-12;
  private static final double CENTRAL_DIFFERENCE = 1e-10;

  /** Bit for bit: the oracle's value rounded to the type. */
  static Tolerance exact() {
    return new Tolerance(0, 0, 0, 0);
  }

  static Tolerance relative(double units) {
    return new Tolerance(units, 0, 0, SUMMATION);
  }

  /**
   * For sums of products: a multiple of epsilon * sum of |terms|. Each of n additions may lose epsilon / 2 of a
   * partial sum no larger than that; in practice the losses cancel, and 4 holds for any order and length here.
   */
  static Tolerance sums() {
    return new Tolerance(2, 0, 4, SUMMATION);
  }

  Tolerance plusAbsolute(double units) {
    return new Tolerance(relative, absolute + units, linear, floor);
  }

  /** For cases whose expected value is a central difference of a function of order 1. */
  Tolerance ofSlope() {
    return ofSlope(1);
  }

  /**
   * For cases whose expected value is a central difference of a function of this order, which rounds in
   * proportion.
   */
  Tolerance ofSlope(double order) {
    return new Tolerance(relative, absolute, linear, CENTRAL_DIFFERENCE * order);
  }

  /** The largest difference that is no error. */
  double allowed(DType dtype, double expected, double magnitude) {
    if (equals(exact())) {
      return 0;
    }
    double units = relative * Math.abs(expected) + absolute + linear * magnitude;
    double allowed = Rounding.epsilon(dtype) * units + smallestNormal(dtype);
    return dtype == DType.F64 || floor >= CENTRAL_DIFFERENCE
        ? allowed + floor * (1 + Math.abs(expected))
        : allowed;
  }

  /** Devices may flush what is smaller than this to 0. */
  private static double smallestNormal(DType dtype) {
    return switch (dtype) {
      case F64 -> Double.MIN_NORMAL;
      case F32, BF16 -> Float.MIN_NORMAL;
      case F16 -> 0x1p-14;
      case I32, U8 -> 0;
    };
  }
}
