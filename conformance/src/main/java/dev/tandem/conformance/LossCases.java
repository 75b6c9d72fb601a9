package dev.tandem.conformance;

import static dev.tandem.conformance.Source.indices;
import static dev.tandem.conformance.Source.repeating;
import static dev.tandem.conformance.Source.result;
import static dev.tandem.conformance.Source.statistics;
import static dev.tandem.conformance.Source.uniform;

import dev.tandem.op.Loss.CrossEntropy;
import dev.tandem.op.Loss.CrossEntropyGrad;
import dev.tandem.op.Loss.SoftCrossEntropy;
import dev.tandem.op.Loss.SoftCrossEntropyGrad;
import dev.tandem.op.Normalization.Softmax;
import dev.tandem.shape.Shape;
import java.util.List;

/**
 * Samples of the fused losses. Saturated logits are those of a network that has gone wrong, or has finished.
 */
final class LossCases {
  private static final List<Shape> LOGITS =
      List.of(
          Shape.of(1, 1),
          Shape.of(7, 3),
          Shape.of(3, 257),
          Shape.of(5, 10),
          Shape.of(150, 33),
          Shape.of(0, 5));

  private LossCases() {}

  static List<OpCase> all() {
    Cases cases = new Cases();
    for (Shape logits : LOGITS) {
      Shape rows = Shape.of(logits.length(0));
      Source dy = statistics(uniform(rows, -2, 2));
      for (double bound : new double[] {6, 300}) {
        Source x = uniform(logits, -bound, bound);
        // lse and x[target] are up to the bound, and the loss is their difference.
        Tolerance forward = Tolerance.relative(4).plusAbsolute(2 * bound);
        // softmax from the lse, which is rounded to bound * 2^-24, hence the exponent's error.
        Tolerance backward = Tolerance.relative(8).plusAbsolute(8 + 2 * bound).ofSlope(bound / 3);
        for (double smoothing : new double[] {0, 0.1, 1}) {
          CrossEntropy op = new CrossEntropy(smoothing);
          Source targets = indices(rows, logits.length(1));
          cases.add(op, forward, x, targets);
          cases.add(new CrossEntropyGrad(smoothing), backward, x, targets, result(op, 1, 0, 1), dy);
        }
        SoftCrossEntropy soft = new SoftCrossEntropy();
        Source distribution =
            new Source(
                "soft",
                (dtype, key, before) ->
                    result(new Softmax(), 0, 0)
                        .make(
                            dtype, key, List.of(uniform(logits, -3, 3).make(dtype, key, before))));
        cases.add(soft, forward, x, distribution);
        cases.add(new SoftCrossEntropyGrad(), backward, x, distribution, result(soft, 1, 0, 1), dy);
        // Weights that sum to something else than 1: about C / 2, and the loss with them.
        Tolerance weighted =
            Tolerance.relative(4 + logits.length(1)).plusAbsolute(2 * bound * logits.length(1));
        cases.add(soft, weighted, x, uniform(logits, 0, 1));
        cases.add(
            new SoftCrossEntropyGrad(),
            weighted.ofSlope(bound / 3 * logits.length(1)),
            x,
            uniform(logits, 0, 1),
            result(soft, 1, 0, 1),
            dy);
      }
    }
    Source equal = repeating("equal", Shape.of(4, 19), 1000);
    cases.add(
        new CrossEntropy(0),
        Tolerance.relative(4).plusAbsolute(2000),
        equal,
        indices(Shape.of(4), 19));
    return cases.list();
  }
}
