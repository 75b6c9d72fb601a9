package dev.tandem.ptx.machine;

import java.util.Locale;
import java.util.Optional;

/** How an exact result becomes one of a floating type. */
enum Rounding {
  /** To nearest, ties to even. */
  RN,
  /** Toward zero. */
  RZ,
  /** Down, toward minus infinity. */
  RM,
  /** Up, toward plus infinity. */
  RP,
  /** To nearest, ties away from zero. */
  RNA;

  /** The modifier's: {@code rz}, and {@code rzi} which rounds to an integer. */
  static Optional<Rounding> of(String modifier) {
    for (Rounding rounding : values()) {
      if (modifier.equals(rounding.word()) || modifier.equals(rounding.word() + "i")) {
        return Optional.of(rounding);
      }
    }
    return Optional.empty();
  }

  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  // Chains of comparisons with constants and no switches in what follows: a switch on an enum reads
  // a table, which the
  // compiler does not fold when the mode is known.

  /** The integer that a number is rounded to; its sign stays where that is zero. */
  static double integral(double x, Rounding mode) {
    if (mode == RN) {
      return Math.rint(x);
    }
    if (mode == RM) {
      return Math.floor(x);
    }
    if (mode == RP) {
      return Math.ceil(x);
    }
    if (mode == RZ) {
      return x < 0 ? Math.ceil(x) : Math.floor(x);
    }
    return Math.copySign(Math.floor(Math.abs(x) + 0.5), x);
  }

  /** What lies past the largest number: that, or infinity. */
  static double overflow(double sign, double largest, Rounding mode) {
    boolean infinite = mode == RN || mode == RNA || mode == (sign > 0 ? RP : RM);
    return Math.copySign(infinite ? Double.POSITIVE_INFINITY : largest, sign);
  }

  /** A zero that is the sum of the given two: with the sign of both, or where they differ with the mode's. */
  static double zeroSum(double a, double b, Rounding mode) {
    boolean negativeA = Math.copySign(1, a) < 0;
    boolean negativeB = Math.copySign(1, b) < 0;
    return negativeA == negativeB ? (negativeA ? -0.0 : 0.0) : mode == RM ? -0.0 : 0.0;
  }

  /**
   * A sum rounded to odd: cut short, and where that lost anything the last bit set. Rounding it again to a type two bits
   * shorter or more, in whatever mode, gives what the exact sum would.
   */
  static double addToOdd(double a, double b) {
    double sum = a + b;
    boolean ordered = Math.abs(a) >= Math.abs(b);
    double large = ordered ? a : b;
    double small = ordered ? b : a;
    return toOdd(sum, small - (sum - large));
  }

  /**
   * A result rounded to nearest, made the one rounded to odd.
   *
   * @param error what was lost, or anything of its sign; NaN beside infinities, which stay
   */
  static double toOdd(double nearest, double error) {
    if (!(error < 0 || error > 0) || (Double.doubleToRawLongBits(nearest) & 1) != 0) {
      return nearest;
    }
    return error > 0 ? Math.nextUp(nearest) : Math.nextDown(nearest);
  }

  /** A double rounded to odd as a float. */
  static float singleToOdd(double x) {
    float nearest = (float) x;
    if (!(nearest < x || nearest > x) || (Float.floatToRawIntBits(nearest) & 1) != 0) {
      return nearest;
    }
    return nearest < x ? Math.nextUp(nearest) : Math.nextDown(nearest);
  }
}
