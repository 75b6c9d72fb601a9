package dev.tandem.conformance;

import static dev.tandem.conformance.Source.listed;
import static dev.tandem.conformance.Source.repeating;
import static dev.tandem.conformance.Source.uniform;

import dev.tandem.op.Fused.BiasGeluTanh;
import dev.tandem.op.Fused.BiasGeluTanhGrad;
import dev.tandem.op.Fused.BiasedConv2d;
import dev.tandem.op.Fused.BiasedMatmul;
import dev.tandem.op.Fused.ReluGradSum;
import dev.tandem.op.Fused.ResidualLayerNorm;
import dev.tandem.op.Fused.ResidualLayerNormGrad;
import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Normalization.LayerNorm;
import dev.tandem.op.Size2d;
import dev.tandem.shape.Shape;
import java.util.List;

/** Samples of the fused ops, as of what they are composed of. */
final class FusedCases {
  private static final double EPSILON = 1e-5;
  private static final List<Shape> ROWS =
      List.of(
          Shape.of(1),
          Shape.of(7),
          Shape.of(3, 257),
          Shape.of(2, 3, 1, 5),
          Shape.of(5, 1),
          Shape.of(9, 132),
          Shape.of(600, 33),
          Shape.of(0, 5));

  private FusedCases() {}

  static List<OpCase> all() {
    Cases cases = new Cases();
    biasedMatmul(cases);
    biasedConv2d(cases);
    biasRelu(cases);
    biasGelu(cases);
    residualLayerNorm(cases);
    return cases.list();
  }

  /** Products with every way to compute them; where relu cuts the sum off, its slope of 1 hands errors on. */
  private static void biasedMatmul(Cases cases) {
    // M, N, K: single, odd, either side long, one row and one column, few rows, a long sum of few
    // results, beyond tiles and panels, nothing in, an empty sum.
    int[][] sizes = {
      {1, 1, 1},
      {7, 5, 3},
      {1, 257, 3},
      {257, 1, 5},
      {3, 6, 257},
      {9, 7, 4100},
      {13, 2049, 5},
      {97, 65, 513},
      {130, 70, 33},
      {0, 3, 4},
      {4, 3, 0}
    };
    for (int[] size : sizes) {
      for (boolean relu : new boolean[] {false, true}) {
        cases.add(
            new BiasedMatmul(relu),
            biasedSums(),
            uniform(Shape.of(size[0], size[2]), -2, 2),
            uniform(Shape.of(size[1], size[2]), -2, 2),
            uniform(Shape.of(size[1]), -2, 2));
      }
    }
    double infinity = Double.POSITIVE_INFINITY;
    cases.add(
        new BiasedMatmul(true),
        biasedSums(),
        repeating("special", Shape.of(5, 4), 0, 1, 0, 2, 3, 0, Double.NaN, 0, 0),
        repeating("special", Shape.of(6, 4), 1, infinity, 2, -infinity, 3, 4, 5, 0, 0, 6, 7),
        repeating("special", Shape.of(6), 1, -infinity, Double.NaN, -20, 0, -0.0));
  }

  static Tolerance biasedSums() {
    return Tolerance.sums().orTimesStepwise(2);
  }

  private static void biasedConv2d(Cases cases) {
    Conv2dGeometry plain = Conv2dGeometry.plain();
    Conv2dGeometry padded = new Conv2dGeometry(Size2d.of(1), Size2d.of(1), Size2d.of(1), 1);
    Conv2dGeometry strided = new Conv2dGeometry(Size2d.of(2), Size2d.of(1), Size2d.of(1), 2);
    Conv2dGeometry depthwise = new Conv2dGeometry(Size2d.of(1), Size2d.of(1), Size2d.of(1), 5);
    for (boolean relu : new boolean[] {false, true}) {
      biasedConv2d(cases, plain, relu, Shape.of(1, 1, 1, 1), Shape.of(1, 1, 1, 1));
      biasedConv2d(cases, plain, relu, Shape.of(2, 3, 7, 5), Shape.of(4, 3, 3, 3));
      biasedConv2d(cases, plain, relu, Shape.of(2, 67, 5, 5), Shape.of(35, 67, 1, 1));
      biasedConv2d(cases, padded, relu, Shape.of(3, 16, 14, 13), Shape.of(33, 16, 3, 3));
      biasedConv2d(cases, padded, relu, Shape.of(2, 60, 4, 5), Shape.of(7, 60, 3, 3));
      biasedConv2d(cases, strided, relu, Shape.of(2, 4, 9, 8), Shape.of(6, 2, 3, 3));
      biasedConv2d(cases, depthwise, relu, Shape.of(2, 5, 6, 7), Shape.of(5, 1, 3, 3));
      biasedConv2d(cases, padded, relu, Shape.of(0, 3, 5, 5), Shape.of(4, 3, 3, 3));
      biasedConv2d(cases, plain, relu, Shape.of(2, 0, 5, 5), Shape.of(4, 0, 3, 3));
    }
  }

  private static void biasedConv2d(
      Cases cases, Conv2dGeometry geometry, boolean relu, Shape x, Shape w) {
    cases.add(
        new BiasedConv2d(geometry, relu),
        biasedSums(),
        uniform(x, -2, 2),
        uniform(w, -2, 2),
        uniform(w.part(0, 1), -2, 2));
  }

  private static void biasRelu(Cases cases) {
    for (Shape y :
        List.of(
            Shape.of(1, 1),
            Shape.of(7, 5),
            Shape.of(3, 257),
            Shape.of(600, 33),
            Shape.of(70, 2050),
            Shape.of(2, 3, 5),
            Shape.of(5, 4, 9, 7),
            Shape.of(3, 2, 40, 41),
            Shape.of(0, 5),
            Shape.of(2, 0, 3))) {
      cases.add(new ReluGradSum(), Tolerance.sums(), uniform(y, -2, 2), uniform(y, -2, 2));
    }
    cases.add(
        new ReluGradSum(),
        Tolerance.sums(),
        repeating("special", Shape.of(3, 5), 0, -0.0, 1, Double.NaN, 1e-40, -1e30),
        repeating("special", Shape.of(3, 5), 1, 2, -3, 4));
  }

  private static void biasGelu(Cases cases) {
    // As of gelu_tanh; x + b is rounded once more, which its slope of at most 1.13 hands on.
    Tolerance forward = Tolerance.relative(8).plusAbsolute(16);
    Tolerance backward = Tolerance.relative(8).plusAbsolute(40).ofSlope();
    for (Shape x : ROWS) {
      Shape c = Shape.of(x.length(-1));
      cases.add(new BiasGeluTanh(), forward, uniform(x, -4, 4), uniform(c, -2, 2));
      cases.add(
          new BiasGeluTanhGrad(),
          backward,
          uniform(x, -4, 4),
          uniform(c, -2, 2),
          uniform(x, -2, 2));
    }
    Shape x = Cases.LONG;
    Shape c = Shape.of(257);
    for (double side : new double[] {-1, 1}) {
      Source far = uniform(x, side * 350 - 50, side * 350 + 50);
      cases.add(new BiasGeluTanh(), forward, far, uniform(c, -2, 2));
      cases.add(new BiasGeluTanhGrad(), backward, far, uniform(c, -2, 2), uniform(x, -2, 2));
    }
    Source special = listed("special", 0, -0.0, 1e-30, Double.NaN, -0.75, 1e-7, 20, 3e38, -3e38);
    cases.add(new BiasGeluTanh(), forward, special, repeating("special", Shape.of(9), 0));
  }

  private static void residualLayerNorm(Cases cases) {
    ResidualLayerNorm op = new ResidualLayerNorm(EPSILON);
    for (Shape x : ROWS) {
      Shape c = Shape.of(x.length(-1));
      cases.add(
          op,
          NormalizationCases.forward(),
          uniform(x, -2, 2),
          uniform(x, -1, 1),
          uniform(c, -2, 2),
          uniform(c, -1, 1));
      cases.add(
          new ResidualLayerNormGrad(),
          NormalizationCases.backward(x),
          uniform(x, -2, 2),
          uniform(c, -2, 2),
          NormalizationCases.statistic(new LayerNorm(EPSILON), 1),
          NormalizationCases.statistic(new LayerNorm(EPSILON), 2),
          uniform(x, -2, 2),
          uniform(x, -2, 2));
    }
    Shape x = Shape.of(5, 131);
    Shape c = Shape.of(131);
    // As of layer_norm: beside a mean of 1000 the sum, rounded, is known to 2^-14.
    cases.add(
        op,
        NormalizationCases.forward().plusAbsolute(8000),
        uniform(x, 1000, 1002),
        uniform(x, -1, 1),
        uniform(c, -2, 2),
        uniform(c, -1, 1));
    // What is added takes all away: no variance, y is beta.
    cases.add(
        op,
        NormalizationCases.forward(),
        repeating("cancelling", x, 2, -3, 5),
        repeating("cancelling", x, -2, 3, -5),
        uniform(c, -2, 2),
        uniform(c, -1, 1));
  }
}
