package dev.tandem.train;

import dev.tandem.nn.Module;
import dev.tandem.op.Update;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** A copy of a model's parameters and buffers, on their device. Its memory is taken once, before the first step. */
final class BestWeights implements AutoCloseable {
  private final Map<String, Tensor> weights;
  private final Map<String, Tensor> copies = new LinkedHashMap<>();

  BestWeights(Module model) {
    weights = Learner.weights(model);
    try (Scope _ = Scope.open()) { // frees the first where there is no room for the others
      weights.forEach((name, weight) -> copies.put(name, weight.copy()));
      copies.values().forEach(Tensor::release);
    }
  }

  /** Takes the model's weights as they are now. */
  void take() {
    copies.forEach((name, copy) -> Tensor.update(new Update.Assign(), copy, weights.get(name)));
  }

  /** Gives the model the weights that were taken. */
  void restore() {
    copies.forEach((name, copy) -> Tensor.update(new Update.Assign(), weights.get(name), copy));
  }

  Map<String, Tensor> copies() {
    return Collections.unmodifiableMap(copies);
  }

  @Override
  public void close() {
    copies.values().forEach(Tensor::close);
  }
}
