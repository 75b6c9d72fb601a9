package dev.tandem.nn;

import dev.tandem.tensor.Tensor;
import java.util.List;

/**
 * Layer normalisation over the innermost axis, then weight and bias a feature; see
 * {@link dev.tandem.op.Normalization.LayerNorm}. x, y: (..., features); weight, bias: (features), 1
 * and 0 at first.
 */
public final class LayerNorm extends Module {
  /** PyTorch's default: added to the variance. */
  public static final double EPSILON = 1e-5;

  private final int features;
  private final double epsilon;
  private final Tensor weight;
  private final Tensor bias;

  /** Over the last axis of this length, with the usual epsilon. */
  public LayerNorm(Init init, int features) {
    this(init, features, EPSILON);
  }

  /** Over the last axis of this length. */
  public LayerNorm(Init init, int features, double epsilon) {
    this.features = positive("LayerNorm", "the number of features", features);
    this.epsilon = epsilon;
    weight = parameter("weight", init.draw(new Initializer.Constant(1), features));
    bias = parameter("bias", init.draw(new Initializer.Zeros(), features));
  }

  /** What is added before the root is taken. */
  public double epsilon() {
    return epsilon;
  }

  @Override
  public Tensor forward(Tensor x) {
    requireLength(x, -1, features, "(..., " + features + ")");
    return x.layerNorm(weight, bias, epsilon);
  }

  /**
   * The norm of x + delta, and the sum, which goes on to the next part of a residual network, in one pass.
   *
   * @return the norm, then the sum, both of x's shape
   */
  public List<Tensor> ofSum(Tensor x, Tensor delta) {
    requireLength(x, -1, features, "(..., " + features + ")");
    return x.residualLayerNorm(delta, weight, bias, epsilon);
  }

  @Override
  public String describe() {
    return "LayerNorm(" + features + ")";
  }
}
