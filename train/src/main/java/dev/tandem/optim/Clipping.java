package dev.tandem.optim;

import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
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
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
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
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public ByGlobalNorm {
      checkLimit("clip_by_global_norm", limit);
    }

    @Override
    public void apply(Collection<Tensor> parameters) {
      if (!gradients(parameters).isEmpty()) {
        try (Scope _ = Scope.open();
            Tape.Pause _ = Tape.noGrad()) {
          Tensor factor = factor(globalNorm(parameters));
          for (Tensor gradient : gradients(parameters)) {
            Tensor.update(new Update.Scale(), gradient, factor.cast(gradient.dtype()));
          }
        }
      }
    }

    /**
     * What gradients are multiplied by so that a norm comes down to the limit, in the norm's type; NaN where the norm is not finite,
     * which an optimizer's step takes for a step to be left out. norm: ().
     */
    public Tensor factor(Tensor norm) {
      return Tensor.scalar(norm.backend(), norm.dtype(), limit)
          .div(norm.add(1e-6))
          .clamp(Double.NEGATIVE_INFINITY, 1)
          .add(norm.sub(norm));
    }
  }

  /**
   * The Euclidean norm of all gradients taken as one vector, (), of the widest gradients' {@link
   * DType#statistics}. Belongs to the scope around the call.
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
      Map<DType, List<Tensor>> byType = new EnumMap<>(DType.class);
      gradients.forEach(gradient ->
          byType.computeIfAbsent(gradient.dtype(), _ -> new ArrayList<>()).add(gradient));
      List<Tensor> norms = byType.values().stream().map(Tensor::globalNorm).toList();
      if (norms.size() == 1) {
        return scope.keep(norms.getFirst());
      }
      DType widest =
          norms.stream()
              .map(Tensor::dtype)
              .max(Comparator.comparingInt(DType::bytes))
              .orElseThrow();
      return scope.keep(Tensor.globalNorm(norms.stream().map(norm -> norm.cast(widest)).toList()));
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
