package dev.tandem.nn;

import dev.tandem.tensor.Tensor;

/**
 * Folds all axes but the first into one, copying nothing. x: (N, ...); y: (N, product of the rest).
 */
public final class Flatten extends Module {
  @Override
  public Tensor forward(Tensor x) {
    return x.shape().rank() == 2 ? x : x.flatten(1);
  }
}
