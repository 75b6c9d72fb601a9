package dev.tandem.cli.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The network: layers one after the other. What they take follows from the data and from the layer before. */
public record ModelConfig(
    @Setting(value = "the layers, first to last", example = "[flatten, linear: 10]")
        List<LayerConfig> layers,
    @Setting(
            value = "initial weights; biases begin at 0",
            otherwise = "he_normal",
            mistaken = {"initializer", "initialization"})
        InitConfig init,
    @Setting(
            value =
                "weights to begin with: a folder of 'tandem train' or 'tandem import', or a safetensors file",
            example = "runs/gpt-char-1",
            mistaken = {"checkpoint", "pretrained"})
        Optional<Path> weights) {
  public ModelConfig {
    if (layers.isEmpty()) {
      throw new IllegalArgumentException(
          "no layers, got an empty list; give e.g. [flatten, linear: 10]");
    }
  }

  /** A layer. */
  @Choice(value = "layer", named = true)
  public sealed interface LayerConfig {}

  @Named(
      value = "weighted sums of all features of the last axis",
      mistaken = {"dense", "fully_connected"})
  public record Linear(
      @Setting(
              value = "how many it puts out",
              example = "10",
              min = 1,
              mistaken = {"out", "size", "features", "width"})
          int units,
      @Setting(value = "whether a bias is added", otherwise = "true") boolean bias)
      implements LayerConfig {}

  @Named(
      value = "convolution of pictures (C, H, W)",
      mistaken = {"conv2d", "convolution"})
  public record Conv(
      @Setting(
              value = "how many it puts out",
              example = "16",
              min = 1,
              mistaken = {"filters", "out"})
          int channels,
      @Setting(value = "side of the window, pixels", otherwise = "3", min = 1, mistaken = "size")
          int kernel,
      @Setting(value = "pixels from one window to the next", otherwise = "1", min = 1) int stride,
      @Setting(value = "zeros on each side, pixels", otherwise = "0", min = 0) int padding,
      @Setting(value = "pixels from one point of a window to the next", otherwise = "1", min = 1)
          int dilation,
      @Setting(value = "parts that the channels are split in", otherwise = "1", min = 1) int groups,
      @Setting(value = "whether a bias is added", otherwise = "true") boolean bias)
      implements LayerConfig {}

  @Named(
      value = "largest of each window",
      mistaken = {"max_pool2d", "pool"})
  public record MaxPool(
      @Setting(value = "side of the window, pixels", otherwise = "2", min = 1, mistaken = "size")
          int kernel,
      @Setting(value = "pixels from one window to the next; default: the kernel", min = 1)
          Optional<Integer> stride,
      @Setting(value = "pixels on each side, which never win", otherwise = "0", min = 0)
          int padding)
      implements LayerConfig {}

  @Named(
      value = "mean of each window",
      mistaken = {"avg_pool2d", "average_pool"})
  public record AvgPool(
      @Setting(value = "side of the window, pixels", otherwise = "2", min = 1, mistaken = "size")
          int kernel,
      @Setting(value = "pixels from one window to the next; default: the kernel", min = 1)
          Optional<Integer> stride,
      @Setting(value = "zeros on each side, pixels", otherwise = "0", min = 0) int padding)
      implements LayerConfig {}

  @Named(
      value = "mean of each channel: (C, H, W) to (C)",
      mistaken = {"global_average_pool", "adaptive_avg_pool"})
  public record GlobalAvgPool() implements LayerConfig {}

  @Named("all axes of a sample to one")
  public record Flatten() implements LayerConfig {}

  @Named("tokens to vectors: (T) to (T, size)")
  public record Embedding(@Setting(value = "length of a vector", example = "32", min = 1) int size)
      implements LayerConfig {}

  @Named(
      value = "GPT-2 of any size, whole: tokens (T) to logits (T, vocabulary); the only layer",
      mistaken = {"gpt2", "transformer"})
  public record Gpt(
      @Setting(
              value = "blocks of attention and network",
              example = "4",
              min = 1,
              mistaken = "depth")
          int layers,
      @Setting(value = "attention heads, which share the channels", example = "4", min = 1)
          int heads,
      @Setting(
              value = "numbers a position",
              example = "128",
              min = 1,
              mistaken = {"width", "size", "embedding", "d_model"})
          int channels,
      @Setting(
              value = "positions at most; default: the tokens of a window",
              example = "1024",
              min = 1,
              mistaken = {"positions", "block_size"})
          Optional<Integer> context,
      @Setting(value = "how often a value is set to 0", otherwise = "0", min = 0, below = 1)
          double dropout,
      @Setting(
              value = "whether blocks are computed again in backward, which saves memory",
              otherwise = "false")
          boolean recompute,
      @Setting(
              value =
                  "whether tables are padded to a multiple of 128 tokens, which is faster; Hugging Face's are not",
              otherwise = "true")
          boolean padded)
      implements LayerConfig {}

  @Named(
      value =
          "a transformer like Llama, whole: tokens (T) to logits (T, vocabulary); the only layer")
  public record Llama(
      @Setting(
              value = "layers of attention and network",
              example = "4",
              min = 1,
              mistaken = "depth")
          int layers,
      @Setting(value = "query heads, which share the channels", example = "4", min = 1) int heads,
      @Setting(
              value = "heads of keys and values, which query heads share; default: as many",
              example = "2",
              min = 1)
          Optional<Integer> keyHeads,
      @Setting(
              value = "numbers a position",
              example = "128",
              min = 1,
              mistaken = {"width", "size", "embedding", "d_model"})
          int channels,
      @Setting(
              value = "positions at most; default: the tokens of a window",
              example = "1024",
              min = 1,
              mistaken = {"positions", "block_size"})
          Optional<Integer> context,
      @Setting(
              value =
                  "numbers inside a gated network; default: 8/3 of the channels, rounded up to 64",
              example = "384",
              min = 1)
          Optional<Integer> hidden,
      @Setting(value = "base of the rotary positions", otherwise = "10000", above = 0) double base,
      @Setting(value = "added to the mean square in norms", otherwise = "1e-6", above = 0)
          double epsilon,
      @Setting(value = "whether the head shares the embedding's weights", otherwise = "false")
          boolean tied,
      @Setting(
              value = "whether layers are computed again in backward, which saves memory",
              otherwise = "false")
          boolean recompute,
      @Setting(
              value =
                  "whether tables are padded to a multiple of 128 tokens, which is faster; Hugging Face's are not",
              otherwise = "true")
          boolean padded)
      implements LayerConfig {}

  @Named("sets values to 0 at random while training")
  public record Dropout(
      @Setting(value = "how often", otherwise = "0.5", min = 0, below = 1, mistaken = "p")
          double rate)
      implements LayerConfig {}

  @Named(
      value = "mean 0 and deviation 1 for each channel over the batch",
      mistaken = {"batch_norm2d", "bn"})
  public record BatchNorm(
      @Setting(
              value = "weight of a batch in the running statistics",
              otherwise = "0.1",
              above = 0,
              max = 1)
          double momentum,
      @Setting(value = "added to the variance", otherwise = "1e-5", above = 0) double epsilon)
      implements LayerConfig {}

  @Named("mean 0 and deviation 1 over the last axis")
  public record LayerNorm(
      @Setting(value = "added to the variance", otherwise = "1e-5", above = 0) double epsilon)
      implements LayerConfig {}

  @Named("root of the mean square 1 over the last axis")
  public record RmsNorm(
      @Setting(value = "added to the mean square", otherwise = "1e-6", above = 0) double epsilon)
      implements LayerConfig {}

  @Named(
      value = "adds its input to what its layers make of it",
      mistaken = {"skip", "shortcut"})
  public record Residual(
      @Setting(value = "the layers", example = "[linear: 64, relu]") List<LayerConfig> layers)
      implements LayerConfig {}

  @Named("max(x, 0)")
  public record Relu() implements LayerConfig {}

  @Named("x, or 0.01 x where x < 0")
  public record LeakyRelu() implements LayerConfig {}

  @Named("1 / (1 + e^-x)")
  public record Sigmoid() implements LayerConfig {}

  @Named("hyperbolic tangent")
  public record Tanh() implements LayerConfig {}

  @Named("x * P(Z < x), Z normal")
  public record Gelu() implements LayerConfig {}

  @Named("GELU by its tanh formula, as in GPT-2")
  public record GeluTanh() implements LayerConfig {}

  @Named(value = "x * sigmoid(x)", mistaken = "swish")
  public record Silu() implements LayerConfig {}

  @Named("ln(1 + e^x)")
  public record Softplus() implements LayerConfig {}

  /** Initial weights. */
  @Choice("initializer")
  public sealed interface InitConfig {}

  @Named(
      value = "normal, variance 2 / inputs: for ReLU",
      mistaken = {"he", "kaiming", "kaiming_normal"})
  public record HeNormal() implements InitConfig {}

  @Named(value = "uniform, variance 2 / inputs: for ReLU", mistaken = "kaiming_uniform")
  public record HeUniform() implements InitConfig {}

  @Named(
      value = "normal, variance 2 / (inputs + outputs): for tanh and sigmoid",
      mistaken = {"xavier", "glorot", "glorot_normal"})
  public record XavierNormal(@Setting(value = "multiplies", otherwise = "1", above = 0) double gain)
      implements InitConfig {}

  @Named(value = "uniform, variance 2 / (inputs + outputs)", mistaken = "glorot_uniform")
  public record XavierUniform(
      @Setting(value = "multiplies", otherwise = "1", above = 0) double gain)
      implements InitConfig {}

  @Named("rows or columns orthonormal")
  public record Orthogonal(@Setting(value = "multiplies", otherwise = "1", above = 0) double gain)
      implements InitConfig {}

  @Named(value = "normal with the given mean and deviation", mistaken = "gaussian")
  public record Normal(
      @Setting(value = "the mean", otherwise = "0") double mean,
      @Setting(
              value = "the deviation",
              otherwise = "0.02",
              min = 0,
              mistaken = {"std", "stddev"})
          double deviation)
      implements InitConfig {}

  @Named("uniform in a range")
  public record Uniform(
      @Setting(value = "the least", otherwise = "-0.05") double low,
      @Setting(value = "the most", otherwise = "0.05") double high)
      implements InitConfig {}

  @Named("all 0: to see that nothing is learned")
  public record Zeros() implements InitConfig {}
}
