package dev.tandem.optim;

import dev.tandem.op.Update;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * Limits gradients in place between backward and the update, so that one bad batch cannot throw
 * the weights far off. All on the device: nothing waits. Parameters without a gradient are passed
 * over; the optimizer's step names them.
 */
public sealed interface Clipping {
  /** Clips the gradients that the parameters have gathered. */
  void apply(Collection<Tensor> parameters);

  /** Leaves gradients as they are. */
  record None() implements Clipping {
    @Override
    public void apply(Collection<Tensor> parameters) {}
  }

  /** Limits each element to [-limit, limit]. Bends the direction of the step. */
  record ByValue(double limit) implements Clipping {
    public ByValue {
      checkLimit("clip_by_value", limit);
    }

    @Override
    public void apply(Collection<Tensor> parameters) {
      Update clamp = new Update.ClampInPlace(-limit, limit);
      gradients(parameters).forEach(gradient -> Tensor.update(clamp, gradient));
    }
  }

  /**
   * Scales all gradients by one factor, min(1, limit / (norm + 1e-6)), norm being
   * {@link #globalNorm}: keeps the direction of the step. Pascanu, Mikolov and Bengio 2012,
   * arXiv:1211.5063; the formula of torch.nn.utils.clip_grad_norm_. A norm of NaN makes every
   * gradient NaN, so that it cannot go unseen.
   */
  record ByGlobalNorm(double limit) implements Clipping {
    public ByGlobalNorm {
      checkLimit("clip_by_global_norm", limit);
    }

    @Override
    public void apply(Collection<Tensor> parameters) {
      if (!gradients(parameters).isEmpty()) {
        try (Scope _ = Scope.open()) {
          apply(parameters, globalNorm(parameters));
        }
      }
    }

    /** Clips by a norm that has been computed already. norm: (). */
    public void apply(Collection<Tensor> parameters, Tensor norm) {
      try (Scope _ = Scope.open();
          Tape.Pause _ = Tape.noGrad()) {
        Tensor factor =
            Tensor.scalar(norm.backend(), norm.dtype(), limit)
                .div(norm.add(1e-6))
                .clamp(Double.NEGATIVE_INFINITY, 1);
        for (Tensor gradient : gradients(parameters)) {
          Tensor.update(new Update.Scale(), gradient, factor.cast(gradient.dtype()));
        }
      }
    }
  }

  /**
   * The Euclidean norm of all gradients taken as one vector, (), of the first gradient's type.
   * Belongs to the scope around the call.
   *
   * @throws IllegalStateException if no parameter has a gradient
   */
  static Tensor globalNorm(Collection<Tensor> parameters) {
    List<Tensor> gradients = gradients(parameters);
    if (gradients.isEmpty()) {
      throw new IllegalStateException(
          "global_norm: no parameter has a gradient, got "
              + parameters.size()
              + " parameters; run backward first");
    }
    try (Scope scope = Scope.open();
        Tape.Pause _ = Tape.noGrad()) {
      Tensor total = null;
      for (Tensor gradient : gradients) {
        Tensor squares = gradient.square().sum().cast(gradients.getFirst().dtype());
        total = total == null ? squares : total.add(squares);
      }
      return scope.keep(total.sqrt());
    }
  }

  private static List<Tensor> gradients(Collection<Tensor> parameters) {
    return parameters.stream().map(Tensor::gradient).flatMap(Optional::stream).toList();
  }

  private static void checkLimit(String clipping, double limit) {
    if (!(limit > 0)) {
      throw new IllegalArgumentException(
          clipping
              + ": the limit must be positive, got "
              + limit
              + "; leave clipping out to have none");
    }
  }
}
