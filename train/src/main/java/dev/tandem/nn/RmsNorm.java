package dev.tandem.nn;

import dev.tandem.tensor.Tensor;

/**
 * Division by the root of the mean square over the innermost axis, then a weight a feature; see
 * {@link dev.tandem.op.Normalization.RmsNorm}. x, y: (..., features); weight: (features), 1 at
 * first.
 */
public final class RmsNorm extends Module {
  /**
   * As in LLaMA (Touvron et al. 2023, arXiv:2302.13971): added to the mean square. PyTorch takes
   * the type's epsilon.
   */
  public static final double EPSILON = 1e-6;

  private final int features;
  private final double epsilon;
  private final Tensor weight;

  /** Over the last axis of this length, with the usual epsilon. */
  public RmsNorm(Init init, int features) {
    this(init, features, EPSILON);
  }

  /** Over the last axis of this length. */
  public RmsNorm(Init init, int features, double epsilon) {
    this.features = positive("RmsNorm", "the number of features", features);
    this.epsilon = epsilon;
    weight = parameter("weight", init.draw(new Initializer.Constant(1), features));
  }

  /** What is added before the root is taken. */
  public double epsilon() {
    return epsilon;
  }

  @Override
  public Tensor forward(Tensor x) {
    requireLength(x, -1, features, "(..., " + features + ")");
    return x.rmsNorm(weight, epsilon);
  }

  @Override
  public String describe() {
    return "RmsNorm(" + features + ")";
  }
}
