package dev.tandem.conformance;

import java.util.function.DoubleUnaryOperator;
import java.util.function.ToDoubleFunction;

/**
 * Derivatives by central differences, so that the oracle of a backward op is its forward and no second formula
 * exists to be wrong. Six points: the error is h^6 f'''''''/140 plus rounding of about 2e-16 |f| / h, together
 * below 1e-10 for the smooth functions of order 1 that occur here. Points lie a power of two apart, so that x +
 * h is exact.
 */
final class Slope {
  /** For functions that change over lengths of 1; rounding is then least. */
  static final double WIDE = 0x1p-8;

  /** For functions that change over the deviation of a few numbers, which may lie close together. */
  static final double NARROW = 0x1p-12;

  private Slope() {}

  static double at(DoubleUnaryOperator f, double x) {
    return at(f, x, WIDE);
  }

  static double at(DoubleUnaryOperator f, double x, double h) {
    double near = f.applyAsDouble(x + h) - f.applyAsDouble(x - h);
    double middle = f.applyAsDouble(x + 2 * h) - f.applyAsDouble(x - 2 * h);
    double far = f.applyAsDouble(x + 3 * h) - f.applyAsDouble(x - 3 * h);
    return (45 * near - 9 * middle + far) / (60 * h);
  }

  /** The gradient of a function of many numbers. The array is changed while it is probed and left as it was. */
  static double[] gradient(ToDoubleFunction<double[]> f, double[] x, double step) {
    double[] gradient = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      int axis = i;
      double here = x[i];
      gradient[i] =
          at(
              moved -> {
                x[axis] = moved;
                return f.applyAsDouble(x);
              },
              here,
              step);
      x[i] = here;
    }
    return gradient;
  }
}
