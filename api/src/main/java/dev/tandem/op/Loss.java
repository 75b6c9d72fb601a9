package dev.tandem.op;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;

/**
 * Classification losses that are fused with the log-softmax. Losses that are sums of elementwise ops are composed. Losses, lse and
 * dy are of {@link DType#statistics}: F32 for BF16 and F16, whose few digits a sum over a batch would lose.
 */
public sealed interface Loss extends Op {

  /**
   * Softmax cross-entropy against class numbers, one loss a row: with s = smoothing, loss = lse - (1 - s) * x[target] - s *
   * mean(x), lse = ln(sum e^x). logits: (N, C); targets: I32 (N), each in [0, C). Results: loss (N), lse (N). Label
   * smoothing: Szegedy et al. 2015, arXiv:1512.00567, section 7.
   */
  record CrossEntropy(double smoothing) implements Loss {
    /** Throws {@link dev.tandem.shape.ShapeException} when a component is out of its range; the message names it. */
    public CrossEntropy {
      Check.attribute(
          smoothing >= 0 && smoothing <= 1,
          "cross_entropy",
          "label smoothing must lie in [0, 1]",
          smoothing,
          "0 means none");
    }

    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "logits, targets");
      TensorType rows = rows(name(), inputs.getFirst());
      Check.sameType(name(), "targets", inputs.get(1), rows.withDType(DType.I32));
      return List.of(rows, rows);
    }
  }

  /**
   * dlogits = dy * (softmax(x) - (1 - s) * onehot(target) - s / C). inputs: logits (N, C), targets I32 (N), lse (N), dy (N).
   * The only op that may be given the memory of an input, its logits, for its result: of a large vocabulary they are the
   * largest tensor of a step, and nobody needs them after.
   */
  record CrossEntropyGrad(double smoothing) implements Loss {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 4, "logits, targets, lse, dy");
      TensorType rows = rows(name(), inputs.getFirst());
      Check.sameType(name(), "targets", inputs.get(1), rows.withDType(DType.I32));
      Check.sameType(name(), "lse", inputs.get(2), rows);
      Check.sameType(name(), "dy", inputs.get(3), rows);
      return List.of(inputs.getFirst());
    }
  }

  /**
   * Softmax cross-entropy against given probabilities p, one loss a row: loss = lse * sum(p) - sum(p * x). logits, targets:
   * (N, C). Results: loss (N), lse (N). Smoothing: mix the targets with 1/C before.
   */
  record SoftCrossEntropy() implements Loss {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "logits, targets");
      TensorType rows = rows(name(), inputs.getFirst());
      Check.sameType(name(), "targets", inputs.get(1), inputs.getFirst());
      return List.of(rows, rows);
    }
  }

  /** dlogits = dy * (softmax(x) * sum(p) - p). inputs: logits (N, C), targets (N, C), lse (N), dy (N). */
  record SoftCrossEntropyGrad() implements Loss {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 4, "logits, targets, lse, dy");
      TensorType rows = rows(name(), inputs.getFirst());
      Check.sameType(name(), "targets", inputs.get(1), inputs.getFirst());
      Check.sameType(name(), "lse", inputs.get(2), rows);
      Check.sameType(name(), "dy", inputs.get(3), rows);
      return List.of(inputs.getFirst());
    }
  }

  private static TensorType rows(String op, TensorType logits) {
    Check.floating(op, logits);
    Check.rank(op, "logits", logits, 2, "(N, C)");
    Check.attribute(
        logits.shape().length(1) > 0,
        op,
        "there are no classes",
        logits.shape(),
        "C must be 1 or more");
    return new TensorType(logits.dtype().statistics(), Shape.of(logits.shape().length(0)));
  }
}
