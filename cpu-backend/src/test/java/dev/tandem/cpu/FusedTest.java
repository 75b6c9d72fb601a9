package dev.tandem.cpu;

import dev.tandem.op.Elementwise.GeluTanh;
import dev.tandem.op.Fused.BiasGeluTanh;
import dev.tandem.op.Fused.BiasGeluTanhGrad;
import dev.tandem.op.Fused.BiasedConv2d;
import dev.tandem.op.Fused.ResidualLayerNorm;
import dev.tandem.op.Fused.ResidualLayerNormGrad;
import dev.tandem.op.Linear;
import dev.tandem.op.Sequence.Rotary;
import dev.tandem.op.Size2d;
import dev.tandem.shape.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/** Fused passes and rotations against their formulas in double. */
class FusedTest {
  private static final List<Shape> SHAPES =
      List.of(
          Shape.of(1),
          Shape.of(3, 1),
          Shape.of(5, 33),
          Shape.of(2, 7, 128),
          Shape.of(300, 257),
          Shape.of(2, 9_000),
          Shape.of(0, 5));

  private static double[] numbers(long count, int seed) {
    Random random = new Random(seed);
    double[] numbers = new double[(int) count];
    Arrays.setAll(numbers, i -> (float) (4 * random.nextDouble() - 2));
    return numbers;
  }

  private static double gelu(double x) {
    return x / 2 * (1 + Math.tanh(GeluTanh.BETA * (x + GeluTanh.KAPPA * x * x * x)));
  }

  private static double slope(DoubleUnaryOperator f, double x) {
    double h = 1e-5;
    return (f.applyAsDouble(x + h) - f.applyAsDouble(x - h)) / (2 * h);
  }

  private static void holds(Trial trial, double f32, double f64, double[]... expected) {
    List<double[]> single = trial.f32();
    List<double[]> exact = trial.f64();
    for (int i = 0; i < expected.length; i++) {
      Trial.assertClose("F32 result " + i, expected[i], single.get(i), f32);
      Trial.assertClose("F64 result " + i, expected[i], exact.get(i), f64);
    }
  }

  /** Each way to convolve, whose bias and relu are added where its sums are made: tiles, rows, parts of rows, few channels. */
  @Test
  void biasedConvolutions() {
    record Layer(Shape x, Shape w, Linear.Conv2dGeometry geometry) {}
    for (Layer layer :
        List.of(
            new Layer(
                Shape.of(3, 32, 13, 15), Shape.of(40, 32, 3, 3), Linear.Conv2dGeometry.plain()),
            new Layer(Shape.of(2, 3, 10, 11), Shape.of(8, 3, 3, 3), Linear.Conv2dGeometry.plain()),
            new Layer(Shape.of(2, 16, 64, 8), Shape.of(9, 16, 1, 1), Linear.Conv2dGeometry.plain()),
            new Layer(
                Shape.of(2, 8, 9, 9),
                Shape.of(10, 4, 3, 3),
                new Linear.Conv2dGeometry(Size2d.of(2), Size2d.of(1), Size2d.of(1), 2)),
            new Layer(
                Shape.of(2, 6, 9, 9),
                Shape.of(6, 1, 3, 3),
                new Linear.Conv2dGeometry(Size2d.of(1), Size2d.of(1), Size2d.of(1), 6)))) {
      for (boolean relu : new boolean[] {false, true}) {
        int terms = (int) layer.w.elements(1, 4);
        // F64 convolves and adds in loops of its own, which conformance holds to the definition.
        new Trial(new BiasedConv2d(layer.geometry, relu))
            .input(layer.x, -1, 1)
            .input(layer.w, -1, 1)
            .input(Shape.of(layer.w.length(0)), -8, 8)
            .agrees(1e-6 * terms + 1e-6);
      }
    }
  }

  @Test
  void biasGelu() {
    for (Shape shape : SHAPES) {
      int n = shape.length(-1);
      double[] x = numbers(shape.elements(), 1);
      double[] b = numbers(n, 2);
      double[] dy = numbers(shape.elements(), 3);
      double[] y = new double[x.length];
      double[] dx = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        y[i] = gelu(x[i] + b[i % n]);
        dx[i] = dy[i] * slope(FusedTest::gelu, x[i] + b[i % n]);
      }
      // As for gelu itself, and the rounding of x + b.
      holds(new Trial(new BiasGeluTanh()).values(shape, x).values(Shape.of(n), b), 2e-6, 1e-14, y);
      holds(
          new Trial(new BiasGeluTanhGrad())
              .values(shape, x)
              .values(Shape.of(n), b)
              .values(shape, dy),
          4e-6,
          1e-9, // the slope's own error
          dx);
    }
  }

  /** The norm as layer norms are tested; the gradient by the formula written out, with sums over whole columns. */
  @Test
  void residualLayerNorm() {
    double epsilon = 1e-5;
    for (Shape shape : SHAPES) {
      int n = shape.length(-1);
      int rows = (int) shape.elements() / n;
      Shape channels = Shape.of(n);
      double[] x = numbers(shape.elements(), 1);
      double[] delta = numbers(shape.elements(), 2);
      double[] gamma = numbers(n, 3);
      double[] beta = numbers(n, 4);
      double[] dy = numbers(shape.elements(), 5);
      double[] dsum = numbers(shape.elements(), 6);
      double[] y = new double[x.length];
      double[] sum = new double[x.length];
      double[] mean = new double[rows];
      double[] rstd = new double[rows];
      double[] dx = new double[x.length];
      double[] dgamma = new double[n];
      double[] dbeta = new double[n];
      for (int row = 0; row < rows; row++) {
        double variance = 0;
        for (int i = row * n; i < (row + 1) * n; i++) {
          // Few enough digits that F32 holds the sum nearly as it is.
          sum[i] = x[i] + delta[i];
          mean[row] += sum[i] / n;
        }
        for (int i = row * n; i < (row + 1) * n; i++) {
          variance += (sum[i] - mean[row]) * (sum[i] - mean[row]) / n;
        }
        rstd[row] = 1 / Math.sqrt(variance + epsilon);
        double meanG = 0;
        double meanGh = 0;
        for (int j = 0, i = row * n; j < n; j++, i++) {
          double h = (sum[i] - mean[row]) * rstd[row];
          y[i] = h * gamma[j] + beta[j];
          meanG += dy[i] * gamma[j] / n;
          meanGh += dy[i] * gamma[j] * h / n;
          dgamma[j] += dy[i] * h;
          dbeta[j] += dy[i];
        }
        for (int j = 0, i = row * n; j < n; j++, i++) {
          double h = (sum[i] - mean[row]) * rstd[row];
          dx[i] = rstd[row] * (dy[i] * gamma[j] - meanG - h * meanGh) + dsum[i];
        }
      }
      holds(
          new Trial(new ResidualLayerNorm(epsilon))
              .values(shape, x)
              .values(shape, delta)
              .values(channels, gamma)
              .values(channels, beta),
          n == 1 ? 1e-4 : 4e-6, // where the row is one number, its difference from the mean is 0
          1e-12,
          y,
          sum,
          mean,
          rstd);
      if (n == 1) {
        continue; // rstd is 316, and all that it multiplies is rounding
      }
      holds(
          new Trial(new ResidualLayerNormGrad())
              .values(shape, sum)
              .values(channels, gamma)
              .values(shape.without(-1), mean)
              .values(shape.without(-1), rstd)
              .values(shape, dy)
              .values(shape, dsum),
          3e-5,
          1e-12,
          dx,
          dgamma,
          dbeta);
    }
  }

  @Test
  void rotary() {
    for (Shape shape :
        List.of(Shape.of(1, 1, 1, 2), Shape.of(2, 7, 3, 6), Shape.of(1, 70, 5, 64))) {
      int heads = shape.length(2);
      int half = shape.length(3) / 2;
      for (int rotated = 0; rotated <= heads; rotated++) {
        for (boolean inverse : new boolean[] {false, true}) {
          double[] x = numbers(shape.elements(), 1);
          double[] y = x.clone();
          int start = 1_000;
          for (int row = 0; row < x.length / (2 * half); row++) {
            int position = start + row / heads % shape.length(1);
            for (int i = 0; row % heads < rotated && i < half; i++) {
              double angle = position * Math.pow(10_000, -2.0 * i / (2 * half));
              angle = inverse ? -angle : angle;
              double a = x[row * 2 * half + i];
              double b = x[row * 2 * half + half + i];
              y[row * 2 * half + i] = a * Math.cos(angle) - b * Math.sin(angle);
              y[row * 2 * half + half + i] = b * Math.cos(angle) + a * Math.sin(angle);
            }
          }
          // Cosine, sine, a product and a fused one are each rounded once; a position of 1000
          // rounds the angle in double to 1e-13.
          holds(
              new Trial(new Rotary(rotated, 10_000, start, inverse)).values(shape, x),
              5e-7,
              1e-12,
              y);
        }
      }
    }
  }
}
