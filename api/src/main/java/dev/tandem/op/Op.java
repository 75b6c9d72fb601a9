package dev.tandem.op;

import dev.tandem.shape.TensorType;
import java.util.List;

/**
 * A pure function from tensors to new tensors. Inputs are never written to; what works in place is an {@link Update}.
 */
public sealed interface Op
    permits Creation,
        Elementwise,
        Reduction,
        Linear,
        Pooling,
        Movement,
        Indexing,
        Normalization,
        Loss,
        Sequence,
        Fused,
        Stochastic {
  /**
   * Element types and shapes of the results for these inputs.
   *
   * @throws dev.tandem.shape.ShapeException naming op, values and remedy, when the inputs do not fit
   */
  List<TensorType> outputs(List<TensorType> inputs);

  /** How many of the results, from the first on, carry a gradient. The others are statistics for the backward op. */
  default int differentiable() {
    return 1;
  }

  /** The name users meet in messages and kernels: {@code layer_norm_grad} for {@code LayerNormGrad}. */
  default String name() {
    return Names.of(getClass());
  }
}
