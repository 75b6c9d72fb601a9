package dev.tandem.nn;

import dev.tandem.op.Normalization;
import dev.tandem.op.Update;
import dev.tandem.shape.ShapeException;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.List;

/**
 * Batch normalisation a channel, then weight and bias a channel; see
 * {@link Normalization.BatchNorm}. x, y: (N, channels) or (N, channels, ...); weight, bias:
 * (channels), 1 and 0 at first. In training it uses the batch's mean and biased variance and moves
 * the buffers running_mean and running_var (0 and 1 at first) towards the batch's mean and unbiased
 * variance: r = r + momentum * (batch - r). The buffers of a BF16 or F16 layer are F32, for a share
 * of a small change would be rounded away. In evaluation it uses the buffers, so a sample's result
 * does not depend on its neighbours.
 */
public final class BatchNorm extends Module {
  private final int channels;
  private final Options options;
  private final Tensor weight;
  private final Tensor bias;
  private final Tensor runningMean;
  private final Tensor runningVariance;

  /**
   * @param momentum the share of the newest batch in the running statistics, in [0, 1]
   * @param epsilon added to the variance
   */
  public record Options(double momentum, double epsilon) {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public Options {
      if (!(momentum >= 0 && momentum <= 1)) {
        throw new IllegalArgumentException(
            "BatchNorm: the momentum must lie in [0, 1], got " + momentum + "; 0.1 is usual");
      }
    }

    /** PyTorch's defaults: 0.1 and 1e-5. */
    public static Options standard() {
      return new Options(0.1, 1e-5);
    }
  }

  /** Over all axes but the second, which has this length, with the usual options. */
  public BatchNorm(Init init, int channels) {
    this(init, channels, Options.standard());
  }

  /** Over all axes but the second, which has this length. */
  public BatchNorm(Init init, int channels, Options options) {
    this.channels = positive("BatchNorm", "the number of channels", channels);
    this.options = options;
    weight = parameter("weight", init.draw(new Initializer.Constant(1), channels));
    bias = parameter("bias", init.draw(new Initializer.Zeros(), channels));
    Init wide = new Init(init.backend(), init.dtype().statistics(), init.random(), init.blank());
    runningMean = buffer("running_mean", wide.draw(new Initializer.Zeros(), channels));
    runningVariance = buffer("running_var", wide.draw(new Initializer.Constant(1), channels));
  }

  /** Epsilon and momentum. */
  public Options options() {
    return options;
  }

  @Override
  public Tensor forward(Tensor x) {
    requireLength(x, 1, channels, "(N, " + channels + ", ...)");
    return training()
        ? train(x)
        : Tensor.apply(
            new Normalization.BatchNormInference(options.epsilon()),
            x,
            weight,
            bias,
            runningMean,
            runningVariance);
  }

  private Tensor train(Tensor x) {
    long values = x.shape().elements() / channels;
    if (values < 2) {
      throw new ShapeException(
          describe()
              + ": one value a channel has no variance, got "
              + x.type()
              + "; train on larger batches, or drop the last, incomplete one");
    }
    List<Tensor> results =
        Tensor.applyAll(new Normalization.BatchNorm(options.epsilon()), List.of(x, weight, bias));
    Update average = new Update.RunningAverage(options.momentum());
    try (Tape.Pause _ = Tape.noGrad()) {
      Tensor.update(average, runningMean, results.get(1));
      Tensor.update(average, runningVariance, results.get(2).mul((double) values / (values - 1)));
    }
    return results.getFirst();
  }

  @Override
  public String describe() {
    return "BatchNorm(" + channels + ")";
  }
}
