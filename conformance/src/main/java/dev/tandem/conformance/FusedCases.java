package dev.tandem.conformance;

import static dev.tandem.conformance.Source.listed;
import static dev.tandem.conformance.Source.repeating;
import static dev.tandem.conformance.Source.uniform;

import dev.tandem.op.Fused.BiasGeluTanh;
import dev.tandem.op.Fused.BiasGeluTanhGrad;
import dev.tandem.op.Fused.ResidualLayerNorm;
import dev.tandem.op.Fused.ResidualLayerNormGrad;
import dev.tandem.op.Normalization.LayerNorm;
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
    biasGelu(cases);
    residualLayerNorm(cases);
    return cases.list();
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
