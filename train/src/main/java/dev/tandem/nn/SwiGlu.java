package dev.tandem.nn;

import dev.tandem.tensor.Tensor;

/**
 * A gated network for each position alone: y = down_proj(silu(gate_proj(x)) * up_proj(x)), without biases. x, y: (..., channels).
 * Shazeer 2020, arXiv:2002.05202.
 */
public final class SwiGlu extends Module {
  private final Linear gate;
  private final Linear up;
  private final Linear down;

  /** @param hidden numbers between the products, usually 8/3 times the channels, rounded up */
  public SwiGlu(Init init, int channels, int hidden, Initializer first, Initializer second) {
    Linear.Options in = new Linear.Options(first, false);
    gate = child("gate_proj", new Linear(init, channels, hidden, in));
    up = child("up_proj", new Linear(init, channels, hidden, in));
    down =
        child("down_proj", new Linear(init, hidden, channels, new Linear.Options(second, false)));
  }

  @Override
  public Tensor forward(Tensor x) {
    return down.forward(gate.forward(x).silu().mul(up.forward(x)));
  }

  @Override
  public String describe() {
    return "SwiGlu(" + gate.describe() + ", " + down.describe() + ")";
  }
}
