package dev.tandem.conformance;

import static dev.tandem.conformance.Source.repeating;
import static dev.tandem.conformance.Source.result;
import static dev.tandem.conformance.Source.statistics;
import static dev.tandem.conformance.Source.uniform;

import dev.tandem.op.Normalization.BatchNorm;
import dev.tandem.op.Normalization.BatchNormGrad;
import dev.tandem.op.Normalization.BatchNormInference;
import dev.tandem.op.Normalization.LayerNorm;
import dev.tandem.op.Normalization.LayerNormGrad;
import dev.tandem.op.Normalization.LogSoftmax;
import dev.tandem.op.Normalization.LogSoftmaxGrad;
import dev.tandem.op.Normalization.RmsNorm;
import dev.tandem.op.Normalization.RmsNormGrad;
import dev.tandem.op.Normalization.Softmax;
import dev.tandem.op.Normalization.SoftmaxGrad;
import dev.tandem.op.Op;
import dev.tandem.shape.Shape;
import java.util.List;

/**
 * Samples of the normalisations. Backward ops get y and statistics that belong to x, as they do in training.
 */
final class NormalizationCases {
  private static final double EPSILON = 1e-5;
  private static final List<Shape> ROWS =
      List.of(
          Shape.of(1),
          Shape.of(7),
          Shape.of(3, 257),
          Shape.of(2, 3, 5),
          Shape.of(5, 1),
          Shape.of(2, 1, 2, 1, 9),
          Shape.of(600, 33),
          Shape.of(0, 5));
  private static final List<Shape> CHANNELS =
      List.of(
          Shape.of(1, 1),
          Shape.of(7, 3),
          Shape.of(3, 257),
          Shape.of(300, 5),
          Shape.of(2, 3, 5),
          Shape.of(2, 5, 3, 7),
          Shape.of(1, 4, 2, 2),
          Shape.of(3, 2, 17, 9),
          Shape.of(2, 3, 2, 1, 4));

  private NormalizationCases() {}

  static List<OpCase> all() {
    Cases cases = new Cases();
    softmax(cases);
    layerNorm(cases);
    rmsNorm(cases);
    batchNorm(cases);
    return cases.list();
  }

  private static void softmax(Cases cases) {
    // y <= 1, and its relative error is that of x - max, which grows with the spread: absolute
    // covers the small y.
    Tolerance forward = Tolerance.relative(16).plusAbsolute(2);
    // x - max - ln(sum) cancels only in the row's largest, where terms are of order ln C.
    Tolerance logForward = Tolerance.relative(4).plusAbsolute(8);
    // dy up to 2 times y; dy - sum cancels.
    Tolerance backward = Tolerance.relative(8).plusAbsolute(12);
    // A row of 257 adds up that many dy.
    Tolerance logBackward = Tolerance.relative(8).plusAbsolute(64);
    for (Shape shape : ROWS) {
      for (Source x : List.of(uniform(shape, -6, 6), uniform(shape, -300, 300))) {
        cases.add(new Softmax(), forward, x);
        cases.add(new LogSoftmax(), logForward, x);
        cases.add(new SoftmaxGrad(), backward, of(new Softmax(), x), uniform(shape, -2, 2));
        cases.add(
            new LogSoftmaxGrad(), logBackward, of(new LogSoftmax(), x), uniform(shape, -2, 2));
      }
    }
    double infinity = Double.POSITIVE_INFINITY;
    Shape shape = Shape.of(4, 19);
    // Masked entries get no probability; equal ones share; a shift changes nothing.
    for (Source x :
        List.of(
            repeating("masked", shape, 1, -infinity, 2, 3, -infinity, -infinity, 5),
            repeating("equal", shape, 300),
            repeating("far", shape, 1e30, -1e30, 1e30),
            uniform(shape, 10_000, 10_010))) {
      cases.add(new Softmax(), forward, x);
      cases.add(new LogSoftmax(), logForward, x);
    }
    cases.add(new Softmax(), forward, repeating("NaN", Shape.of(2, 3), 1, Double.NaN, 2, 1, 2, 3));
    cases.add(new Softmax(), forward, uniform(Shape.of(4, 0), 0, 1));
    cases.add(new LogSoftmax(), logForward, uniform(Shape.of(4, 0), 0, 1));
  }

  /** What the forward gives for x. */
  private static Source of(Op forward, Source x) {
    return new Source(
        "of " + x.range(),
        (dtype, key, before) ->
            result(forward, 0, 0).make(dtype, key, List.of(x.make(dtype, key, before))));
  }

  private static void layerNorm(Cases cases) {
    LayerNorm norm = new LayerNorm(EPSILON);
    for (Shape x : ROWS) {
      Shape c = Shape.of(x.length(-1));
      cases.add(norm, forward(), uniform(x, -2, 2), uniform(c, -2, 2), uniform(c, -1, 1));
      cases.add(
          new LayerNormGrad(),
          backward(x),
          uniform(x, -2, 2),
          uniform(c, -2, 2),
          statistic(norm, 1),
          statistic(norm, 2),
          uniform(x, -2, 2));
    }
    Shape x = Shape.of(5, 131);
    Shape c = Shape.of(131);
    // x - mean cancels: x and the mean are known to 2^-24 * 1000, and are divided by a deviation of
    // about 0.6.
    Tolerance offset = forward().plusAbsolute(4000);
    cases.add(norm, offset, uniform(x, 1000, 1002), uniform(c, -2, 2), uniform(c, -1, 1));
    cases.add(
        new LayerNorm(1e-12),
        forward(),
        uniform(x, -1e-3, 1e-3),
        uniform(c, -2, 2),
        uniform(c, -1, 1));
    cases.add(norm, forward(), uniform(x, 1e4, 3e4), uniform(c, -2, 2), uniform(c, -1, 1));
    // No variance: y is beta. 2 is summed without error, so not even rounding shows.
    cases.add(norm, forward(), repeating("equal", x, 2), uniform(c, -2, 2), uniform(c, -1, 1));
  }

  private static void rmsNorm(Cases cases) {
    RmsNorm norm = new RmsNorm(EPSILON);
    for (Shape x : ROWS) {
      Shape c = Shape.of(x.length(-1));
      cases.add(norm, forward(), uniform(x, -2, 2), uniform(c, -2, 2));
      cases.add(
          new RmsNormGrad(),
          backward(x),
          uniform(x, -2, 2),
          uniform(c, -2, 2),
          new Source("", (dtype, key, before) -> result(norm, 1, 0, 1).make(dtype, key, before)),
          uniform(x, -2, 2));
    }
    Shape x = Shape.of(5, 131);
    Shape c = Shape.of(131);
    cases.add(norm, forward(), uniform(x, 1000, 1002), uniform(c, -2, 2));
    cases.add(norm, forward(), uniform(x, -1e-4, 1e-4), uniform(c, -2, 2));
    // rstd is 1 / sqrt(epsilon) = 316 here.
    cases.add(norm, forward(), repeating("zero", x, 0), uniform(c, -2, 2));
  }

  private static void batchNorm(Cases cases) {
    BatchNorm norm = new BatchNorm(EPSILON);
    for (Shape x : CHANNELS) {
      Shape c = Shape.of(x.length(1));
      cases.add(norm, forward(), uniform(x, -2, 2), uniform(c, -2, 2), uniform(c, -1, 1));
      cases.add(
          new BatchNormGrad(EPSILON),
          batchBackward(x),
          uniform(x, -2, 2),
          uniform(c, -2, 2),
          statistic(norm, 1),
          statistic(norm, 2),
          uniform(x, -2, 2));
      cases.add(
          new BatchNormInference(EPSILON),
          forward(),
          uniform(x, -2, 2),
          uniform(c, -2, 2),
          uniform(c, -1, 1),
          statistics(uniform(c, -1, 1)),
          statistics(uniform(c, 0.1, 2)));
    }
    Shape x = Shape.of(4, 3, 9, 7);
    Shape c = Shape.of(3);
    cases.add(
        norm,
        forward().plusAbsolute(4000),
        uniform(x, 1000, 1002),
        uniform(c, -2, 2),
        uniform(c, -1, 1));
    cases.add(norm, forward(), repeating("equal", x, 2), uniform(c, -2, 2), uniform(c, -1, 1));
    cases.add(
        new BatchNormInference(EPSILON),
        forward(),
        uniform(Shape.of(0, 3, 2), -2, 2),
        uniform(c, -2, 2),
        uniform(c, -1, 1),
        statistics(uniform(c, -1, 1)),
        statistics(uniform(c, 0.1, 2)));
    cases.add(
        new BatchNormInference(EPSILON),
        forward(),
        uniform(Shape.of(9, 3, 51, 77), -2, 2),
        uniform(c, -2, 2),
        uniform(c, -1, 1),
        statistics(uniform(c, -1, 1)),
        statistics(uniform(c, 0.1, 2)));
  }

  /** A statistic of the case's own x and gamma; beta plays no part in it, and gamma serves in its place. */
  static Source statistic(Op norm, int result) {
    return new Source(
        "", (dtype, key, before) -> result(norm, result, 0, 1, 1).make(dtype, key, before));
  }

  /**
   * |h| is at most the root of C, 16 here, but rarely above 2; gamma up to 2; mean and rstd lose some units
   * each.
   */
  static Tolerance forward() {
    return Tolerance.relative(8).plusAbsolute(16);
  }

  /**
   * dx = rstd * (g - mean(g) - h * mean(g * h)) cancels where g is nearly linear in h, and rstd is 316 where a
   * row has no variance; sums over the batch grow with it. The oracle differentiates sums of hundreds of terms
   * by narrow steps.
   */
  static Tolerance backward(Shape x) {
    long rows = x.elements(0, x.rank() - 1);
    double rstd = x.length(-1) == 1 ? 316 : 1;
    return Tolerance.relative(8).plusAbsolute(40 * rstd + rows).ofSlope(10);
  }

  /** As backward; a batch of 3 whose numbers lie close together has a larger rstd than a row. */
  private static Tolerance batchBackward(Shape x) {
    long batch = x.elements() / x.length(1);
    double rstd = batch == 1 ? 316 : 1;
    return Tolerance.relative(8).plusAbsolute(120 * rstd + batch).ofSlope(10);
  }
}
