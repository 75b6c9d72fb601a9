package dev.tandem.nn;

import dev.tandem.tensor.Tensor;

/**
 * The network that a transformer applies to each position alone: y = c_proj(gelu(c_fc(x))), GELU in its tanh form. x, y: (...,
 * channels). Radford et al. 2019 (GPT-2).
 */
public final class GeluMlp extends Module {
  private final Linear in;
  private final Linear out;

  /** @param hidden numbers between the two products, usually 4 times the channels */
  public GeluMlp(Init init, int channels, int hidden, Initializer first, Initializer second) {
    in = child("c_fc", new Linear(init, channels, hidden, new Linear.Options(first, true)));
    out = child("c_proj", new Linear(init, hidden, channels, new Linear.Options(second, true)));
  }

  @Override
  public Tensor forward(Tensor x) {
    return out.forward(in.forwardGeluTanh(x));
  }

  @Override
  public String describe() {
    return "GeluMlp(" + in.describe() + ", " + out.describe() + ")";
  }
}
