package dev.tandem.ptx.machine;

/**
 * Arithmetic in f32 with a mode of rounding, right to the last bit: each result is first had in double, exactly or rounded
 * to odd, and then rounded once.
 */
final class DirectedSingles {
  private DirectedSingles() {}

  static float add(float a, float b, Rounding mode) {
    return sum(a, b, mode);
  }

  static float subtract(float a, float b, Rounding mode) {
    return sum(a, -b, mode);
  }

  static float multiply(float a, float b, Rounding mode) {
    return Format.narrow((double) a * b, Format.SINGLE, mode);
  }

  static float fma(float a, float b, float c, Rounding mode) {
    return sum((double) a * b, c, mode);
  }

  static float divide(float a, float b, Rounding mode) {
    double nearest = (double) a / b;
    if (Double.isInfinite(nearest)) {
      return Format.narrow(nearest, Format.SINGLE, mode);
    }
    double rest = Math.fma(-nearest, b, a) * Math.signum(b);
    return Format.narrow(Rounding.toOdd(nearest, rest), Format.SINGLE, mode);
  }

  static float reciprocal(float a, Rounding mode) {
    return divide(1, a, mode);
  }

  static float squareRoot(float a, Rounding mode) {
    double nearest = Math.sqrt(a);
    double rest = Math.fma(-nearest, nearest, a);
    return Format.narrow(Rounding.toOdd(nearest, rest), Format.SINGLE, mode);
  }

  private static float sum(double a, double b, Rounding mode) {
    double sum = Rounding.addToOdd(a, b);
    return Format.narrow(sum == 0 ? Rounding.zeroSum(a, b, mode) : sum, Format.SINGLE, mode);
  }
}
