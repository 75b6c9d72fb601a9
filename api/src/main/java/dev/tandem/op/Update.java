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

    /** The same rule without weight decay, for parameters that are to be left out of it. */
    Optimizer withoutDecay();

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

  /** Whether weights have masters of more digits, and how they are rounded from them. */
  enum Masters {
    /** Weights of F32 and F64 are their own. */
    NONE,
    /** Weights are their masters rounded to nearest even. */
    ROUNDED_TO_NEAREST,
    /** Weights are their masters rounded up or down at random, with the probability of what is cut off. */
    ROUNDED_STOCHASTICALLY
  }

  /**
   * One step of a rule for many weights of one element type. Operands: for each weight w, its states, and of a BF16 or F16 weight its
   * master, all written; then dw for each weight; then the scalars lr and factor; t if the rule is counted; a generator's state
   * ({@link Stochastic#STATE}) if rounding draws. States, master, lr and factor are of {@link DType#statistics}, so F32 for BF16 and
   * F16, dw of w's type.
   *
   * <p>The rule's dw is factor * dw, computed in the states' type: by factor gradients are clipped and unscaled. A factor that is not
   * finite leaves everything as it is: a step whose gradients overflowed is skipped, without the host. The master is the weight
   * that the rule works on, and w is the master rounded: to nearest even, or stochastically by adding random bits below those kept
   * and cutting off. The bits of element i = 4b + j of weight number n are the low 16 (BF16) or 13 (F16) of word j of Philox(counter
   * = (b, n, draw low, draw high), key); adding them goes to the next number with a probability of the part cut off. They are
   * added to the bits of the F32, of which the low 16 or 13 are then cleared; what F16 cannot hold of that, below 2^-14 and above
   * 65504, is rounded to nearest. Infinities and NaN are rounded to nearest. Mixed precision: Micikevicius et al. 2017, arXiv:1710.03740. Stochastic rounding: Gupta et al. 2015, arXiv:1502.02551.
   *
   * @param count how many weights, at least 1
   */
  record Many(Optimizer rule, int count, Masters masters) implements Update {
    /** Throws {@link dev.tandem.shape.ShapeException} when a component is out of its range; the message names it. */
    public Many {
      Check.attribute(
          count >= 1, "many", "there must be a weight", count, "give the optimizer parameters");
    }

    /** How many written operands a weight has: itself, its states, and its master. */
    public int group() {
      return 1 + rule.states() + (masters == Masters.NONE ? 0 : 1);
    }

    @Override
    public int written() {
      return count * group();
    }

    @Override
    public void check(List<TensorType> operands) {
      Check.attribute(
          !operands.isEmpty(), name(), "there are no operands", 0, "give weights, gradients, lr");
      DType dtype = operands.getFirst().dtype();
      Check.floating(name(), operands.getFirst());
      if (dtype.half() == (masters == Masters.NONE)) {
        throw Check.fail(
            name(),
            "BF16 and F16 weights need masters, and others have none",
            dtype + " with masters " + masters,
            "choose by the type of the weights");
      }
      boolean stochastic = masters == Masters.ROUNDED_STOCHASTICALLY;
      int group = group();
      int scalars = 2 + (rule.counted() ? 1 : 0) + (stochastic ? 1 : 0);
      int wanted = count * (group + 1) + scalars;
      if (operands.size() != wanted) {
        Check.arity(
            name(),
            operands,
            wanted,
            count
                + " times w and "
                + (group - 1)
                + " states, then "
                + count
                + " dw, then lr, factor"
                + (rule.counted() ? ", t" : "")
                + (stochastic ? ", state" : ""));
      }
      for (int i = 0; i < count; i++) {
        TensorType w = operands.get(i * group);
        Check.sameDType(name(), operands.getFirst(), w);
        TensorType wide = w.withDType(dtype.statistics());
        for (int state = 1; state < group; state++) {
          if (!operands.get(i * group + state).equals(wide)) {
            Check.sameType(
                name(),
                "state " + state + " of weight " + i,
                operands.get(i * group + state),
                wide);
          }
        }
        if (!operands.get(count * group + i).equals(w)) {
          Check.sameType(name(), "dw of weight " + i, operands.get(count * group + i), w);
        }
      }
      TensorType scalar = new TensorType(dtype.statistics(), Shape.scalar());
      int at = count * (group + 1);
      Check.sameType(name(), "lr", operands.get(at), scalar);
      Check.sameType(name(), "factor", operands.get(at + 1), scalar);
      if (rule.counted()) {
        Check.sameType(
            name(), "t", operands.get(at + 2), new TensorType(DType.I32, Shape.scalar()));
      }
      if (stochastic) {
        Check.sameType(name(), "state", operands.getLast(), Stochastic.STATE);
      }
    }
  }

  /** t = t + 1 where the factor is finite: {@link Many} does nothing where it is not. operands: t, I32 (); factor, F32 or F64 (). */
  record IncrementIfFinite() implements Update {
    @Override
    public int written() {
      return 1;
    }

    @Override
    public void check(List<TensorType> operands) {
      Check.arity(name(), operands, 2, "t, factor");
      Check.sameType(name(), "t", operands.getFirst(), new TensorType(DType.I32, Shape.scalar()));
      DType dtype = operands.get(1).dtype();
      Check.attribute(
          dtype == DType.F32 || dtype == DType.F64,
          name(),
          "the factor must be F32 or F64",
          operands.get(1),
          "cast it");
      Check.shape(name(), "factor", operands.get(1), Shape.scalar());
    }
  }

  /**
   * The dynamic loss scale of F16, after a step: with a finite norm of the scaled gradients streak = streak + 1, and at the interval
   * scale = scale * growth and streak = 0; otherwise scale = max(1, scale * backoff), streak = 0. operands: scale F32 (), streak
   * I32 (), norm F32 (). A growth beyond F32's range is not done. Micikevicius et al. 2017, arXiv:1710.03740, section 3.2.
   *
   * @param interval how many good steps in a row before the scale grows
   */
  record LossScale(double growth, double backoff, int interval) implements Update {
    /** Throws {@link dev.tandem.shape.ShapeException} when a component is out of its range; the message names it. */
    public LossScale {
      Check.attribute(growth > 1, "loss_scale", "growth must be above 1", growth, "2 is usual");
      Check.attribute(
          backoff > 0 && backoff < 1,
          "loss_scale",
          "backoff must lie between 0 and 1",
          backoff,
          "0.5 is usual");
      Check.attribute(
          interval >= 1,
          "loss_scale",
          "the interval must be at least 1",
          interval,
          "2000 is usual");
    }

    @Override
    public int written() {
      return 2;
    }

    @Override
    public void check(List<TensorType> operands) {
      Check.arity(name(), operands, 3, "scale, streak, norm");
      TensorType f32 = new TensorType(DType.F32, Shape.scalar());
      Check.sameType(name(), "scale", operands.get(0), f32);
      Check.sameType(name(), "streak", operands.get(1), f32.withDType(DType.I32));
      Check.sameType(name(), "norm", operands.get(2), f32);
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
    public Optimizer withoutDecay() {
      return new Sgd(0);
    }

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
    public Optimizer withoutDecay() {
      return new Momentum(momentum, nesterov, 0);
    }

    @Override
    public int states() {
      return 1;
    }
  }

  /** s = s + g^2; w = w - lr * g / (sqrt(s) + epsilon). Duchi, Hazan and Singer 2011. */
  record Adagrad(double epsilon, double weightDecay) implements Optimizer {
    @Override
    public Optimizer withoutDecay() {
      return new Adagrad(epsilon, 0);
    }

    @Override
    public int states() {
      return 1;
    }
  }

  /** s = alpha * s + (1 - alpha) * g^2; w = w - lr * g / (sqrt(s) + epsilon). Tieleman and Hinton 2012. */
  record RmsProp(double alpha, double epsilon, double weightDecay) implements Optimizer {
    @Override
    public Optimizer withoutDecay() {
      return new RmsProp(alpha, epsilon, 0);
    }

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
    public Optimizer withoutDecay() {
      return new Adam(beta1, beta2, epsilon, 0, decoupled);
    }

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
    public Optimizer withoutDecay() {
      return new Lion(beta1, beta2, 0);
    }

    @Override
    public int states() {
      return 1;
    }
  }
}
