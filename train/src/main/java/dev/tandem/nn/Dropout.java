package dev.tandem.nn;

import dev.tandem.tensor.Tensor;

/**
 * In training zeroes each element with probability p and scales the rest by 1 / (1 - p); in
 * evaluation passes x on. x, y: S. What it draws depends on its state alone, which is saved with
 * checkpoints. Srivastava et al. 2014.
 */
public final class Dropout extends Module {
  private final double p;
  private final Tensor state;

  /** Zeroes with probability p in training; in evaluation it does nothing. */
  public Dropout(Init init, double p) {
    if (!(p >= 0 && p < 1)) {
      throw new IllegalArgumentException(
          "Dropout: the probability must lie in [0, 1), got " + p + "; 0 means none");
    }
    this.p = p;
    state = randomState("state", init.random().state(init.backend()));
  }

  @Override
  public Tensor forward(Tensor x) {
    return training() && p > 0 ? x.dropout(p, state) : x;
  }

  @Override
  public String describe() {
    return "Dropout(" + p + ")";
  }
}
