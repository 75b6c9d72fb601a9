package dev.tandem.nn;

import dev.tandem.shape.Shape;
import dev.tandem.tensor.Tensor;
import java.util.function.UnaryOperator;

/**
 * y = x W^T + b. x: (..., in); weight W: (out, in); bias b: (out); y: (..., out). Also called
 * dense, fully connected.
 */
public final class Linear extends Module implements BeforeRelu {
  private final int in;
  private final int out;
  private final Tensor weight;
  private final Tensor bias;

  /**
   * How a layer's parameters start.
   *
   * @param weight the distribution of the weights
   * @param bias whether the layer has a bias, which starts at 0; pointless before a norm that
   *     subtracts the mean
   */
  public record Options(Initializer weight, boolean bias) {
    /**
     * He's uniform weights and a bias. PyTorch's default is sqrt(6) times smaller, for reasons of
     * history.
     */
    public static Options standard() {
      return new Options(new Initializer.HeUniform(), true);
    }

    /** The same with weights drawn in another way. */
    public Options withWeight(Initializer initializer) {
      return new Options(initializer, bias);
    }

    /** The same without a bias. */
    public Options withoutBias() {
      return new Options(weight, false);
    }
  }

  /** A layer with the standard options. */
  public Linear(Init init, int in, int out) {
    this(init, in, out, Options.standard());
  }

  /** From so many features to so many. */
  public Linear(Init init, int in, int out, Options options) {
    this.in = positive("Linear", "the number of inputs", in);
    this.out = positive("Linear", "the number of outputs", out);
    weight = parameter("weight", init.draw(options.weight(), out, in));
    bias = options.bias() ? parameter("bias", init.draw(new Initializer.Zeros(), out)) : null;
  }

  @Override
  public Tensor forward(Tensor x) {
    return withRows(
        x, rows -> bias == null ? product(rows) : rows.biasedMatmul(weight, bias, false));
  }

  @Override
  public Tensor forwardRelu(Tensor x) {
    return withRows(
        x, rows -> bias == null ? product(rows).relu() : rows.biasedMatmul(weight, bias, true));
  }

  /** gelu_tanh(x W^T + b), the bias and the function in one pass. A layer without a bias has the function's alone. */
  public Tensor forwardGeluTanh(Tensor x) {
    return withRows(
        x, rows -> bias == null ? product(rows).geluTanh() : product(rows).biasGeluTanh(bias));
  }

  private Tensor product(Tensor rows) {
    return rows.matmul(weight, false, true);
  }

  private Tensor withRows(Tensor x, UnaryOperator<Tensor> layer) {
    requireLength(x, -1, in, "(..., " + in + ")");
    // One matrix product over all rows; a batched one would make a weight gradient a batch element
    // and add them up.
    Shape leading = x.shape().without(-1);
    Tensor rows =
        leading.rank() == 1 ? x : x.reshape(Shape.of(Math.toIntExact(leading.elements()), in));
    Tensor y = layer.apply(rows);
    return leading.rank() == 1 ? y : y.reshape(leading.then(Shape.of(out)));
  }

  @Override
  public String describe() {
    return "Linear(" + in + " -> " + out + (bias == null ? ", no bias" : "") + ")";
  }
}
