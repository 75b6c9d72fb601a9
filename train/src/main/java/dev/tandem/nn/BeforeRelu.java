package dev.tandem.nn;

import dev.tandem.tensor.Tensor;

/** A layer that computes relu(forward(x)) with fewer trips through memory than one after the other. */
interface BeforeRelu {
  /** relu(forward(x)). */
  Tensor forwardRelu(Tensor x);
}
