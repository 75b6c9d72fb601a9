package dev.tandem.conformance;

import dev.tandem.shape.DType;

/**
 * How far a result may lie from the oracle's, in units of the last place of its type, so that one number serves
 * every type: allowed = epsilon * (relative * |expected| + absolute + linear * magnitude) + floor * (1 +
 * |expected|), where floor is what the oracle itself is worth. BF16 and F16 are computed in F32 and rounded once:
 * half a unit of their own is added to what F32 may lose.
 *
 * @param relative for results whose error is proportional to them
 * @param absolute for results that come from cancelling terms of order 1
 * @param linear for sums of products: magnitude is the same op over absolute values, and so grows with the
 *     length of the sum and with its cancellation
 * @param floor counts in F64 only, for F32 is coarser than the oracle, unless that took a central difference
 * @param ratio for ops that may round on the way in BF16 and F16: how many times the largest error of the same with
 *     every step rounded is allowed in addition; 0 for all others
 */
record Tolerance(double relative, double absolute, double linear, double floor, double ratio) {
  private static final double SUMMATION = 1e-12;
  private static final double CENTRAL_DIFFERENCE = 1e-10;

  /** An angle of 10^5 is known to 2^-53 of it in double, and so is its sine, here as there. */
  private static final double ANGLE = 1e-10;

  /** Bit for bit: the oracle's value rounded to the type. */
  static Tolerance exact() {
    return new Tolerance(0, 0, 0, 0, 0);
  }

  static Tolerance relative(double units) {
    return new Tolerance(units, 0, 0, SUMMATION, 0);
  }

  /**
   * For sums of products: a multiple of epsilon * sum of |terms|. Each of n additions may lose epsilon / 2 of a
   * partial sum no larger than that; in practice the losses cancel, and 4 holds for any order and length here.
   */
  static Tolerance sums() {
    return new Tolerance(2, 0, 4, SUMMATION, 0);
  }

  Tolerance plusAbsolute(double units) {
    return new Tolerance(relative, absolute + units, linear, floor, ratio);
  }

  /** For cases whose expected value is the sine of an angle of many turns. */
  Tolerance ofAngle() {
    return new Tolerance(relative, absolute, linear, ANGLE, ratio);
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
    return new Tolerance(relative, absolute, linear, CENTRAL_DIFFERENCE * order, ratio);
  }

  /**
   * For kernels that feed a half type's matrix units with what they computed: 2 for a forward op and 3 for a backward one is what
   * Dao's own tests ask of flash attention.
   */
  Tolerance orTimesStepwise(double times) {
    return new Tolerance(relative, absolute, linear, floor, times);
  }

  /** The largest difference that is no error. */
  double allowed(DType dtype, double expected, double magnitude) {
    if (equals(exact())) {
      return 0;
    }
    DType computed = dtype.statistics();
    double units = relative * Math.abs(expected) + absolute + linear * magnitude;
    double allowed = Rounding.epsilon(computed) * units + smallestNormal(computed);
    if (dtype == DType.F64 || floor >= CENTRAL_DIFFERENCE) {
      allowed += floor * (1 + Math.abs(expected));
    }
    return dtype.half()
        ? allowed + Rounding.halfUnit(dtype, Math.abs(expected) + allowed)
        : allowed;
  }

  /** Devices may flush what is smaller than this to 0. */
  private static double smallestNormal(DType dtype) {
    return switch (dtype) {
      case F64 -> Double.MIN_NORMAL;
      case F32, BF16, F16 -> Float.MIN_NORMAL;
      case I32, U8 -> 0;
    };
  }
}
