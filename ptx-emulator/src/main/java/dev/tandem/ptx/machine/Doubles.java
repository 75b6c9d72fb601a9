package dev.tandem.ptx.machine;

/**
 * Arithmetic in f64, rounded to nearest, as functions of one lane. A NaN operand is handed on, made quiet, the first of
 * several; an invalid operation gives the NaN that the device gives. Said here and not left to the host's processor, which
 * may take the operands in either order.
 */
final class Doubles {
  private static final double INVALID = Double.longBitsToDouble(0xFFF8000000000000L);
  private static final long QUIET = 0x0008000000000000L;

  private Doubles() {}

  static double add(double a, double b) {
    double sum = a + b;
    return sum == sum ? sum : nan(a, b, b);
  }

  static double subtract(double a, double b) {
    double difference = a - b;
    return difference == difference ? difference : nan(a, b, b);
  }

  static double multiply(double a, double b) {
    double product = a * b;
    return product == product ? product : nan(a, b, b);
  }

  static double fma(double a, double b, double c) {
    double sum = Math.fma(a, b, c);
    return sum == sum ? sum : nan(a, b, c);
  }

  static double divide(double a, double b) {
    double quotient = a / b;
    return quotient == quotient ? quotient : nan(a, b, b);
  }

  static double reciprocal(double a) {
    return divide(1, a);
  }

  static double squareRoot(double a) {
    double root = Math.sqrt(a);
    return root == root ? root : nan(a, a, a);
  }

  static double canonical(double a) {
    return a == a ? a : nan(a, a, a);
  }

  static long negate(long a) {
    return a ^ Long.MIN_VALUE;
  }

  static long absolute(long a) {
    return a & Long.MAX_VALUE;
  }

  /** Held to [0, 1]; NaN gives zero. */
  static double saturate(double x) {
    return x > 0 ? Math.min(x, 1) : 0;
  }

  /** The smaller, minus zero being smaller than zero; of a NaN and a number the number. */
  static double min(double a, double b) {
    return a != a ? canonical(b) : b != b ? a : Math.min(a, b);
  }

  static double max(double a, double b) {
    return a != a ? canonical(b) : b != b ? a : Math.max(a, b);
  }

  /** The second with the first's sign. */
  static long copySign(long sign, long magnitude) {
    return sign & Long.MIN_VALUE | magnitude & Long.MAX_VALUE;
  }

  static double integral(double x, Rounding mode) {
    return canonical(Rounding.integral(x, mode));
  }

  /** What an operation without a number as its result gives. */
  static double nan(double a, double b, double c) {
    double first = a != a ? a : b != b ? b : c;
    return first == first
        ? INVALID
        : Double.longBitsToDouble(Double.doubleToRawLongBits(first) | QUIET);
  }
}
