package dev.tandem.train;

import dev.tandem.backend.Backend;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.Module;
import dev.tandem.shape.DType;
import dev.tandem.tensor.Tensor;
import java.util.Map;
import java.util.TreeMap;

/**
 * What learns: a model, and the loss that says how wrong it is.
 *
 * @param reduction what of a batch's losses is made small
 */
public record Learner(Module model, LossFunction loss, Reduction reduction) {
  /** A batch's losses as one number. Figures are reported as means either way. */
  public enum Reduction {
    /** {@link LossFunction#mean}: the step does not grow with the batch. */
    MEAN,
    /** {@link LossFunction#sum}, such as the sum of squares: the step grows with the batch. */
    SUM
  }

  /** Throws IllegalArgumentException when the model has nothing to train. */
  public Learner {
    if (model.parameters().isEmpty()) {
      throw new IllegalArgumentException(
          "learner: the model has no parameters, got "
              + model.describe()
              + "; add a layer that has, such as Linear");
    }
  }

  /** Makes the mean small. */
  public Learner(Module model, LossFunction loss) {
    this(model, loss, Reduction.MEAN);
  }

  Backend backend() {
    return first(model).backend();
  }

  /** The type inputs are brought to: that of the parameters. */
  DType dtype() {
    return first(model).dtype();
  }

  static Tensor first(Module model) {
    return model.parameters().values().iterator().next();
  }

  /** Parameters and buffers under their names, which a module keeps apart: what a model file holds. */
  static Map<String, Tensor> weights(Module model) {
    Map<String, Tensor> weights = new TreeMap<>(model.parameters());
    weights.putAll(model.buffers());
    return weights;
  }
}
