package dev.tandem.cpu;

import dev.tandem.op.Elementwise;
import dev.tandem.op.Elementwise.GeluTanh;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;

/** Elementwise functions of doubles, right rather than fast: F64 is for gradient checks and reference values. */
final class DoubleMath {
  private static final double SQRT_HALF = Math.sqrt(0.5);
  private static final double TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);
  private static final double DENSITY_AT_0 = 1 / Math.sqrt(2 * Math.PI);
  // From here on the continued fraction of erfc converges in fewer terms than the series of erf.
  private static final double FRACTION_FROM = 2.5;
  private static final int FRACTION_TERMS = 120;

  private DoubleMath() {}

  static DoubleUnaryOperator function(Elementwise.Unary op) {
    return switch (op) {
      case Elementwise.Affine affine -> x -> affine.scale() * x + affine.shift();
      case Elementwise.Exp _ -> StrictMath::exp;
      case Elementwise.Log _ -> StrictMath::log;
      case Elementwise.Sqrt _ -> Math::sqrt;
      case Elementwise.Rsqrt _ -> x -> 1 / Math.sqrt(x);
      case Elementwise.Pow pow -> x -> StrictMath.pow(x, pow.exponent());
      case Elementwise.Abs _ -> Math::abs;
      case Elementwise.Sign _ -> Math::signum;
      case Elementwise.Clamp clamp -> x -> Math.max(Math.min(x, clamp.high()), clamp.low());
      case Elementwise.Relu _ -> x -> Math.max(x, 0);
      case Elementwise.LeakyRelu leaky -> x -> x > 0 ? x : leaky.slope() * x;
      case Elementwise.Sigmoid _ -> DoubleMath::sigmoid;
      case Elementwise.Tanh _ -> StrictMath::tanh;
      case GeluTanh _ -> DoubleMath::geluTanh;
      case Elementwise.GeluErf _ -> x -> x * normal(x);
      case Elementwise.Silu _ -> x -> x * sigmoid(x);
      case Elementwise.Softplus _ ->
          x -> Math.max(x, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(x)));
    };
  }

  /** From the forward tensor and dy to dx. */
  static DoubleBinaryOperator function(Elementwise.Chain op) {
    return switch (op) {
      case Elementwise.ReluGrad _ -> (y, dy) -> y > 0 ? dy : 0;
      case Elementwise.LeakyReluGrad leaky -> (x, dy) -> x > 0 ? dy : leaky.slope() * dy;
      case Elementwise.SigmoidGrad _ -> (y, dy) -> dy * y * (1 - y);
      case Elementwise.TanhGrad _ -> (y, dy) -> dy * ((1 - y) * (1 + y));
      case Elementwise.GeluTanhGrad _ -> (x, dy) -> dy * geluTanhSlope(x);
      case Elementwise.GeluErfGrad _ -> (x, dy) -> dy * geluErfSlope(x);
      case Elementwise.SiluGrad _ -> (x, dy) -> dy * sigmoid(x) * (1 + x * sigmoid(-x));
    };
  }

  static DoubleBinaryOperator function(Elementwise.Binary op) {
    return switch (op) {
      case Elementwise.Add _ -> (a, b) -> a + b;
      case Elementwise.Sub _ -> (a, b) -> a - b;
      case Elementwise.Mul _ -> (a, b) -> a * b;
      case Elementwise.Div _ -> (a, b) -> a / b;
      case Elementwise.Maximum _ -> Math::max;
      case Elementwise.Minimum _ -> Math::min;
    };
  }

  static double sigmoid(double x) {
    double z = StrictMath.exp(-Math.abs(x));
    return (x < 0 ? z : 1) / (1 + z);
  }

  /** The normal distribution's Phi(x) = erfc(-x / sqrt 2) / 2, without cancellation in the lower tail. */
  static double normal(double x) {
    double tail = erfc(Math.abs(x) * SQRT_HALF) / 2;
    return x < 0 ? tail : 1 - tail;
  }

  /**
   * 1 - erf(x) for x >= 0. Below 2.5 by erf's series without alternating signs, Abramowitz and Stegun 1964,
   * 7.1.6; above by the continued fraction of erfc, 7.1.14, from its far end.
   */
  static double erfc(double x) {
    double bell = StrictMath.exp(-x * x);
    if (x < FRACTION_FROM) {
      double term = x;
      double sum = x;
      for (int n = 1; term > sum * 0x1p-60; n++) {
        term *= 2 * x * x / (2 * n + 1);
        sum += term;
      }
      return 1 - TWO_OVER_SQRT_PI * bell * sum;
    }
    double fraction = x;
    for (int n = FRACTION_TERMS; n > 0; n--) {
      fraction = x + n / 2.0 / fraction;
    }
    return bell * TWO_OVER_SQRT_PI / 2 / fraction;
  }

  private static double doubledGeluArgument(double x) {
    return 2 * GeluTanh.BETA * (x * (1 + GeluTanh.KAPPA * x * x));
  }

  static double geluTanh(double x) {
    return x * sigmoid(doubledGeluArgument(x));
  }

  static double geluTanhSlope(double x) {
    // Limited, for far out 0 * infinity would come of what is 0 or 1.
    double v = Math.clamp(x, -40, 40);
    double s = sigmoid(doubledGeluArgument(v));
    double rest = sigmoid(-doubledGeluArgument(v));
    return s + v * s * rest * 2 * GeluTanh.BETA * (1 + 3 * GeluTanh.KAPPA * v * v);
  }

  private static double geluErfSlope(double x) {
    double v = Math.clamp(x, -40, 40);
    return normal(v) + v * DENSITY_AT_0 * StrictMath.exp(-v * v / 2);
  }
}
