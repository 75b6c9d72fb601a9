package dev.tandem.conformance;

import dev.tandem.op.Elementwise;
import dev.tandem.op.Elementwise.*;
import dev.tandem.shape.TensorType;
import java.util.List;

/**
 * The definition of the elementwise ops. Backward ops are the slope of their forward, but for those with a
 * kink.
 */
final class OracleElementwise {
  private OracleElementwise() {}

  static double[] run(Elementwise op, List<Values> inputs, TensorType output) {
    double[] y = new double[Positions.elements(output.shape())];
    double[] v = new double[inputs.size()];
    for (int i = 0; i < y.length; i++) {
      int[] place = Positions.place(output.shape(), i);
      for (int k = 0; k < v.length; k++) {
        v[k] = inputs.get(k).data()[Positions.stretched(inputs.get(k).shape(), place)];
      }
      y[i] = value(op, v);
    }
    return y;
  }

  private static double value(Elementwise op, double[] v) {
    return switch (op) {
      case Add _ -> v[0] + v[1];
      case Sub _ -> v[0] - v[1];
      case Mul _ -> v[0] * v[1];
      case Div _ -> v[0] / v[1];
      case Maximum _ -> Math.max(v[0], v[1]);
      case Minimum _ -> Math.min(v[0], v[1]);
      case Equal _ -> v[0] == v[1] ? 1 : 0;
      case Less _ -> v[0] < v[1] ? 1 : 0;
      case LessEqual _ -> v[0] <= v[1] ? 1 : 0;
      case Select _ -> v[0] != 0 ? v[1] : v[2];
      case Cast cast -> Rounding.to(cast.to(), v[0]);
      case Affine affine -> affine.scale() * v[0] + affine.shift();
      case Exp _ -> Math.exp(v[0]);
      case Log _ -> Math.log(v[0]);
      case Sqrt _ -> Math.sqrt(v[0]);
      case Rsqrt _ -> 1 / Math.sqrt(v[0]);
      case Pow pow -> Math.pow(v[0], pow.exponent());
      case Abs _ -> Math.abs(v[0]);
      case Sign _ -> Math.signum(v[0]);
      case Clamp clamp ->
          v[0] < clamp.low() ? clamp.low() : v[0] > clamp.high() ? clamp.high() : v[0];
      case Relu _ -> v[0] < 0 ? 0 : v[0];
      case LeakyRelu leaky -> v[0] > 0 ? v[0] : leaky.slope() * v[0];
      case Sigmoid _ -> sigmoid(v[0]);
      case Tanh _ -> Math.tanh(v[0]);
      case GeluTanh _ -> geluTanh(v[0]);
      case GeluErf _ -> geluErf(v[0]);
      case Silu _ -> v[0] * sigmoid(v[0]);
      case Softplus _ -> Math.max(v[0], 0) + Math.log1p(Math.exp(-Math.abs(v[0])));

      // A kink has no slope; the op says what holds there.
      case ReluGrad _ -> v[0] > 0 ? v[1] : 0;
      case LeakyReluGrad leaky -> v[0] > 0 ? v[1] : leaky.slope() * v[1];

      // These take y, so the slope is that of the forward where it gives y: at the inverse.
      case SigmoidGrad _ ->
          v[1] * Slope.at(OracleElementwise::sigmoid, Math.log(v[0] / (1 - v[0])));
      case TanhGrad _ -> v[1] * Slope.at(Math::tanh, Math.log((1 + v[0]) / (1 - v[0])) / 2);

      case GeluTanhGrad _ -> v[1] * Slope.at(OracleElementwise::geluTanh, v[0]);
      case GeluErfGrad _ -> v[1] * Slope.at(OracleElementwise::geluErf, v[0]);
      case SiluGrad _ -> v[1] * Slope.at(x -> x * sigmoid(x), v[0]);
    };
  }

  private static double sigmoid(double x) {
    return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
  }

  private static double geluTanh(double x) {
    return x / 2 * (1 + Math.tanh(GeluTanh.BETA * (x + GeluTanh.KAPPA * x * x * x)));
  }

  private static double geluErf(double x) {
    return x / 2 * erfc(-x / Math.sqrt(2));
  }

  /**
   * 1 - erf(x). Near 0 by the series erf(x) = 2/sqrt(pi) e^(-x^2) sum of 2^n x^(2n+1) / (2n+1)!!, whose terms
   * have one sign (Abramowitz and Stegun 7.1.6); in the tail by the continued fraction 7.1.14, since 1 - erf
   * cancels there.
   */
  static double erfc(double x) {
    if (x < 0) {
      return 2 - erfc(-x);
    }
    double density = Math.exp(-x * x) / Math.sqrt(Math.PI);
    if (x < 2) {
      double term = x;
      double sum = x;
      for (int n = 1; term > sum * 1e-18; n++) {
        term *= 2 * x * x / (2 * n + 1);
        sum += term;
      }
      return 1 - 2 * density * sum;
    }
    double fraction = x;
    for (int n = 200; n >= 1; n--) {
      fraction = x + n / 2.0 / fraction;
    }
    return density / fraction;
  }
}
