package dev.tandem.op;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;

/**
 * What works in place: the first {@link #written} operands are read and overwritten, the rest are read. No gradient
 * exists for an update. Learning rate lr and step count t are scalar tensors on the device, so that a captured step need
 * not be captured again when they change; lr has the element type of w, t is I32 and counts from 1.
 *
 * <p>In formulas w is the weight, dw its gradient and g = dw + weightDecay * w.
 */
public sealed interface Update {
  /** How many leading operands are overwritten. */
  int written();

  /** Checks operand types. @throws dev.tandem.shape.ShapeException naming update, values and remedy */
  void check(List<TensorType> operands);

  /** The name users meet in messages and kernels. */
  default String name() {
    return Names.of(getClass());
  }

  /** Two tensors of one type, the first overwritten. */
  sealed interface Pairwise extends Update {
    @Override
    default int written() {
      return 1;
    }

    @Override
    default void check(List<TensorType> operands) {
      Check.arity(name(), operands, 2, "target, source");
      Check.sameType(name(), "source", operands.get(1), operands.getFirst());
    }
  }

  /**
   * A weight and its states, overwritten, then dw of the same type, then the scalar lr, and the scalar t if counted.
   * Formulas and defaults are those of PyTorch's torch.optim unless said otherwise.
   */
  sealed interface Optimizer extends Update {
    /** How many state tensors the optimizer keeps a weight. They start at 0. */
    int states();

    /** Whether the step count t is the last operand. */
    default boolean counted() {
      return false;
    }

    @Override
    default int written() {
      return 1 + states();
    }

    @Override
    default void check(List<TensorType> operands) {
      Check.arity(
          name(),
          operands,
          states() + (counted() ? 4 : 3),
          "w, " + states() + " states, dw, lr" + (counted() ? ", t" : ""));
      TensorType w = operands.getFirst();
      Check.floating(name(), w);
      for (int i = 1; i <= states(); i++) {
        Check.sameType(name(), "state " + i, operands.get(i), w);
      }
      Check.sameType(name(), "dw", operands.get(states() + 1), w);
      Check.sameType(name(), "lr", operands.get(states() + 2), w.withShape(Shape.scalar()));
      if (counted()) {
        Check.sameType(name(), "t", operands.getLast(), new TensorType(DType.I32, Shape.scalar()));
      }
    }
  }

  /** target = source. */
  record Assign() implements Pairwise {}

  /** target = target + source. Gradients accumulate by this. */
  record Accumulate() implements Pairwise {}

  /** target = target + weight * (source - target): a running average. */
  record RunningAverage(double weight) implements Pairwise {}

  /** target = target limited to [low, high]; NaN stays NaN. One operand. */
  record ClampInPlace(double low, double high) implements Update {
    @Override
    public int written() {
      return 1;
    }

    @Override
    public void check(List<TensorType> operands) {
      Check.arity(name(), operands, 1, "target");
      Check.floating(name(), operands.getFirst());
    }
  }

  /** target = target * factor. operands: target, the scalar factor of its element type. */
  record Scale() implements Update {
    @Override
    public int written() {
      return 1;
    }

    @Override
    public void check(List<TensorType> operands) {
      Check.arity(name(), operands, 2, "target, factor");
      Check.floating(name(), operands.getFirst());
      Check.sameType(
          name(), "factor", operands.get(1), operands.getFirst().withShape(Shape.scalar()));
    }
  }

  /** t = t + 1. operand: I32 scalar. */
  record Increment() implements Update {
    @Override
    public int written() {
      return 1;
    }

    @Override
    public void check(List<TensorType> operands) {
      Check.arity(name(), operands, 1, "t");
      Check.sameType(name(), "t", operands.getFirst(), new TensorType(DType.I32, Shape.scalar()));
    }
  }

  /** Moves a generator's state on by one draw: the 64-bit number in words 2 and 3 grows by 1. */
  record NextDraw() implements Update {
    @Override
    public int written() {
      return 1;
    }

    @Override
    public void check(List<TensorType> operands) {
      Check.arity(name(), operands, 1, "state");
      Check.sameType(name(), "state", operands.getFirst(), Stochastic.STATE);
    }
  }

  /** The delta rule: w = w - lr * g. With weightDecay 0 exactly w = w - lr * dw: one product, one difference, no fma. */
  record Sgd(double weightDecay) implements Optimizer {
    @Override
    public int states() {
      return 0;
    }
  }

  /**
   * v = momentum * v + g; w = w - lr * v, or with nesterov w = w - lr * (g + momentum * v). Polyak 1964; Nesterov's as
   * in Sutskever et al. 2013.
   */
  record Momentum(double momentum, boolean nesterov, double weightDecay) implements Optimizer {
    @Override
    public int states() {
      return 1;
    }
  }

  /** s = s + g^2; w = w - lr * g / (sqrt(s) + epsilon). Duchi, Hazan and Singer 2011. */
  record Adagrad(double epsilon, double weightDecay) implements Optimizer {
    @Override
    public int states() {
      return 1;
    }
  }

  /** s = alpha * s + (1 - alpha) * g^2; w = w - lr * g / (sqrt(s) + epsilon). Tieleman and Hinton 2012. */
  record RmsProp(double alpha, double epsilon, double weightDecay) implements Optimizer {
    @Override
    public int states() {
      return 1;
    }
  }

  /**
   * m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * g^2; w = w - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 -
   * beta2^t)) + epsilon). Kingma and Ba 2014, arXiv:1412.6980. Decoupled is AdamW: g = dw, and w is first multiplied by
   * 1 - lr * weightDecay; Loshchilov and Hutter 2017, arXiv:1711.05101.
   */
  record Adam(double beta1, double beta2, double epsilon, double weightDecay, boolean decoupled)
      implements Optimizer {
    @Override
    public int states() {
      return 2;
    }

    @Override
    public boolean counted() {
      return true;
    }
  }

  /**
   * u = sign(beta1 * m + (1 - beta1) * dw); w = w * (1 - lr * weightDecay) - lr * u; m = beta2 * m + (1 - beta2) * dw.
   * Chen et al. 2023, arXiv:2302.06675, algorithm 2.
   */
  record Lion(double beta1, double beta2, double weightDecay) implements Optimizer {
    @Override
    public int states() {
      return 1;
    }
  }
}
