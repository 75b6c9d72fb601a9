package dev.tandem.cli;

import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.cli.config.ModelConfig;
import dev.tandem.cli.config.ModelConfig.InitConfig;
import dev.tandem.cli.config.ModelConfig.LayerConfig;
import dev.tandem.data.Target;
import dev.tandem.nn.Activation;
import dev.tandem.nn.AvgPool2d;
import dev.tandem.nn.BatchNorm;
import dev.tandem.nn.Conv2d;
import dev.tandem.nn.Dropout;
import dev.tandem.nn.Embedding;
import dev.tandem.nn.Flatten;
import dev.tandem.nn.GlobalAvgPool2d;
import dev.tandem.nn.Gpt;
import dev.tandem.nn.Init;
import dev.tandem.nn.Initializer;
import dev.tandem.nn.LanguageModel;
import dev.tandem.nn.LayerNorm;
import dev.tandem.nn.Linear;
import dev.tandem.nn.Llama;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.MaxPool2d;
import dev.tandem.nn.Module;
import dev.tandem.nn.Residual;
import dev.tandem.nn.RmsNorm;
import dev.tandem.nn.Sequential;
import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Pooling.Window;
import dev.tandem.op.Size2d;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/** The network of a config, whose every layer is known to fit the one before, the data and the target. */
record Network(List<Layer> layers, Initializer weights) {
  /**
   * A layer.
   *
   * @param description {@code Linear(784 -> 256)}
   * @param output the shape of what it puts out for one sample
   * @param parameters how many numbers are trained
   */
  record Layer(String description, Shape output, long parameters, Maker maker) {}

  /** Makes a layer, which draws its initial weights. */
  private interface Maker extends BiFunction<Init, Initializer, Module> {}

  /** The samples of the batch on which shapes are tried: 2, for batch norm finds no variance in 1. */
  private static final int BATCH = 2;

  /** @throws dev.tandem.cli.config.ConfigException naming the line of the first layer that does not fit */
  static Network of(LoadedConfig loaded, TensorType sample, Target target, LossFunction loss) {
    ModelConfig model = loaded.config().model();
    Trial trial = new Trial(loaded, target, Init.blank(new ShapeOnly(), DType.F32));
    try (Scope _ = Scope.open()) {
      TensorType batch = sample.withShape(Shape.of(BATCH).then(sample.shape()));
      Tensor x = Tensor.zeros(trial.init.backend(), batch);
      List<Layer> layers = trial.layers(model.layers(), "model.layers", x);
      checkOutput(loaded, layers.getLast().output(), expected(sample, target, loss));
      return new Network(layers, initializer(model.init()));
    }
  }

  /** Tries a batch of so many samples, without computing. @throws IllegalArgumentException by the layer that refuses it */
  void tryBatch(TensorType sample, int samples) {
    Init init = Init.blank(new ShapeOnly(), DType.F32);
    try (Scope _ = Scope.open()) {
      TensorType batch = sample.withShape(Shape.of(samples).then(sample.shape()));
      Tensor x = Tensor.zeros(init.backend(), batch);
      for (Layer layer : layers) {
        x = layer.maker().apply(init, new Initializer.Zeros()).forward(x);
      }
    }
  }

  /** Draws the network's weights. */
  Sequential build(Init init) {
    return new Sequential(
        layers.stream().map(layer -> layer.maker().apply(init, weights)).toList());
  }

  long parameters() {
    return layers.stream().mapToLong(Layer::parameters).sum();
  }

  /** What the network must put out for a sample. @param alternatives shapes that do as well */
  private record Expected(Shape shape, List<Shape> alternatives, String because) {}

  private static Expected expected(TensorType sample, Target target, LossFunction loss) {
    return switch (target) {
      case Target.Classes(List<String> names) ->
          new Expected(
              Shape.of(names.size()),
              // Of two classes one number can tell, except by a softmax.
              names.size() == 2 && !(loss instanceof LossFunction.CrossEntropy)
                  ? List.of(Shape.of(1))
                  : List.of(),
              "the data have " + names.size() + " classes");
      case Target.Numbers(List<String> names) ->
          new Expected(
              Shape.of(names.size()),
              List.of(),
              "the data have "
                  + names.size()
                  + (names.size() == 1 ? " number" : " numbers")
                  + " to predict");
      case Target.Tokens(int vocabulary) ->
          new Expected(
              sample.shape().then(Shape.of(vocabulary)),
              // Logits beyond the vocabulary are never a target.
              List.of(sample.shape().then(Shape.of(LanguageModel.padded(vocabulary)))),
              "the text has " + vocabulary + " different tokens, and windows of " + sample.shape());
    };
  }

  private static void checkOutput(LoadedConfig loaded, Shape output, Expected expected) {
    if (!output.equals(expected.shape()) && !expected.alternatives().contains(output)) {
      int last = loaded.config().model().layers().size() - 1;
      throw loaded.problem(
          "model.layers." + last,
          "the network puts out "
              + output
              + ", but "
              + expected.because()
              + "; let the last layer be 'linear: "
              + expected.shape().length(-1)
              + "'");
    }
  }

  private static Initializer initializer(InitConfig config) {
    return switch (config) {
      case ModelConfig.HeNormal _ -> new Initializer.HeNormal();
      case ModelConfig.HeUniform _ -> new Initializer.HeUniform();
      case ModelConfig.XavierNormal(double gain) -> new Initializer.XavierNormal(gain);
      case ModelConfig.XavierUniform(double gain) -> new Initializer.XavierUniform(gain);
      case ModelConfig.Orthogonal(double gain) -> new Initializer.Orthogonal(gain);
      case ModelConfig.Normal(double mean, double deviation) ->
          new Initializer.Normal(mean, deviation);
      case ModelConfig.Uniform(double low, double high) -> new Initializer.Uniform(low, high);
      case ModelConfig.Zeros _ -> new Initializer.Zeros();
    };
  }

  /** Runs layers without computing, to learn what they take and put out. */
  private record Trial(LoadedConfig loaded, Target target, Init init) {

    List<Layer> layers(List<LayerConfig> configs, String path, Tensor input) {
      List<Layer> layers = new ArrayList<>();
      Tensor x = input;
      for (LayerConfig config : configs) {
        String here = path + "." + layers.size();
        try {
          Maker maker = maker(config, here, x);
          Module module = maker.apply(init, new Initializer.Zeros());
          Tensor y = module.forward(x);
          layers.add(
              new Layer(
                  module.describe(), y.shape().without(0), module.parameterElements(), maker));
          x = y;
        } catch (IllegalArgumentException e) {
          throw loaded.problem(
              here, "does not fit its input " + x.shape().without(0) + ": " + e.getMessage());
        } catch (ArithmeticException e) {
          throw loaded.problem(
              here,
              "too many weights for one tensor, for the input "
                  + x.shape().without(0)
                  + "; make it smaller");
        }
      }
      return layers;
    }

    private Maker maker(LayerConfig config, String path, Tensor x) {
      Shape sample = x.shape().without(0);
      return switch (config) {
        case ModelConfig.Linear(int units, boolean bias) -> {
          int in = features(sample, x, path, "linear");
          yield (init, weight) -> new Linear(init, in, units, new Linear.Options(weight, bias));
        }
        case ModelConfig.Conv conv -> {
          int in = channels(sample, path, "conv");
          Conv2dGeometry geometry =
              new Conv2dGeometry(
                  Size2d.of(conv.stride()),
                  Size2d.of(conv.padding()),
                  Size2d.of(conv.dilation()),
                  conv.groups());
          yield (init, weight) ->
              new Conv2d(
                  init,
                  in,
                  conv.channels(),
                  Size2d.of(conv.kernel()),
                  new Conv2d.Options(geometry, weight, conv.bias()));
        }
        case ModelConfig.MaxPool(int kernel, Optional<Integer> stride, int padding) -> {
          channels(sample, path, "max_pool");
          Window window =
              new Window(Size2d.of(kernel), Size2d.of(stride.orElse(kernel)), Size2d.of(padding));
          yield (_, _) -> new MaxPool2d(window);
        }
        case ModelConfig.AvgPool(int kernel, Optional<Integer> stride, int padding) -> {
          channels(sample, path, "avg_pool");
          Window window =
              new Window(Size2d.of(kernel), Size2d.of(stride.orElse(kernel)), Size2d.of(padding));
          yield (_, _) -> new AvgPool2d(window);
        }
        case ModelConfig.GlobalAvgPool _ -> {
          channels(sample, path, "global_avg_pool");
          yield (_, _) -> new GlobalAvgPool2d();
        }
        case ModelConfig.Flatten _ -> (_, _) -> new Flatten();
        case ModelConfig.Embedding(int size) -> {
          if (!(target instanceof Target.Tokens(int vocabulary)) || x.dtype() != DType.I32) {
            throw loaded.problem(
                path,
                "embedding takes tokens of a text, got "
                    + x.dtype()
                    + " "
                    + sample
                    + "; put it first, with data of kind text or tokens");
          }
          yield (init, _) -> new Embedding(init, vocabulary, size);
        }
        case ModelConfig.Gpt gpt -> {
          Tokens tokens = tokens(sample, gpt.context(), x, path, "gpt");
          Gpt.Config whole =
              new Gpt.Config(
                  tokens.vocabulary(),
                  tokens.context(),
                  gpt.layers(),
                  gpt.heads(),
                  gpt.channels(),
                  gpt.dropout(),
                  gpt.recompute(),
                  gpt.padded());
          yield (init, _) -> new Gpt(init, whole);
        }
        case ModelConfig.Llama llama -> {
          Tokens tokens = tokens(sample, llama.context(), x, path, "llama");
          Llama.Config whole =
              new Llama.Config(
                  tokens.vocabulary(),
                  tokens.context(),
                  llama.layers(),
                  llama.heads(),
                  llama.keyHeads().orElse(llama.heads()),
                  llama.channels(),
                  llama.hidden().orElse(Math.ceilDiv(8 * llama.channels(), 3 * 64) * 64),
                  llama.base(),
                  llama.epsilon(),
                  llama.tied(),
                  llama.recompute(),
                  llama.padded());
          yield (init, _) -> new Llama(init, whole);
        }
        case ModelConfig.Dropout(double rate) -> (init, _) -> new Dropout(init, rate);
        case ModelConfig.BatchNorm(double momentum, double epsilon) -> {
          int channels = first(sample);
          yield (init, _) ->
              new BatchNorm(init, channels, new BatchNorm.Options(momentum, epsilon));
        }
        case ModelConfig.LayerNorm(double epsilon) -> {
          int features = features(sample, x, path, "layer_norm");
          yield (init, _) -> new LayerNorm(init, features, epsilon);
        }
        case ModelConfig.RmsNorm(double epsilon) -> {
          int features = features(sample, x, path, "rms_norm");
          yield (init, _) -> new RmsNorm(init, features, epsilon);
        }
        case ModelConfig.Residual(List<LayerConfig> inner) -> {
          List<Layer> layers = layers(inner, path + ".layers", x);
          yield (init, weight) ->
              new Residual(
                  new Sequential(
                      layers.stream().map(layer -> layer.maker().apply(init, weight)).toList()));
        }
        case ModelConfig.Relu _ -> activation(Activation.Kind.RELU);
        case ModelConfig.LeakyRelu _ -> activation(Activation.Kind.LEAKY_RELU);
        case ModelConfig.Sigmoid _ -> activation(Activation.Kind.SIGMOID);
        case ModelConfig.Tanh _ -> activation(Activation.Kind.TANH);
        case ModelConfig.Gelu _ -> activation(Activation.Kind.GELU);
        case ModelConfig.GeluTanh _ -> activation(Activation.Kind.GELU_TANH);
        case ModelConfig.Silu _ -> activation(Activation.Kind.SILU);
        case ModelConfig.Softplus _ -> activation(Activation.Kind.SOFTPLUS);
      };
    }

    private static Maker activation(Activation.Kind kind) {
      return (_, _) -> new Activation(kind);
    }

    /** What a language model is asked for: how many tokens there are, and how many positions. */
    private record Tokens(int vocabulary, int context) {}

    private Tokens tokens(
        Shape sample, Optional<Integer> context, Tensor x, String path, String layer) {
      if (!(target instanceof Target.Tokens(int vocabulary)) || x.dtype() != DType.I32) {
        throw loaded.problem(
            path,
            layer
                + " takes tokens of a text, got "
                + x.dtype()
                + " "
                + sample
                + "; let it be the only layer, with data of kind text or tokens");
      }
      return new Tokens(vocabulary, context.orElse(sample.length(0)));
    }

    private static int first(Shape sample) {
      return sample.rank() == 0 ? 1 : sample.length(0);
    }

    /** The length of the last axis. A picture's is its width: it is never what was meant. */
    private int features(Shape sample, Tensor x, String path, String layer) {
      if (!x.dtype().floating()) {
        throw loaded.problem(
            path,
            layer + " takes numbers, got tokens " + sample + "; put '- embedding: 32' before it");
      }
      if (sample.rank() == 3) {
        throw loaded.problem(
            path,
            layer
                + " takes features, got pictures "
                + sample
                + "; put '- flatten' or '- global_avg_pool' before it");
      }
      return sample.length(-1);
    }

    private int channels(Shape sample, String path, String layer) {
      if (sample.rank() != 3) {
        throw loaded.problem(
            path,
            layer
                + " takes pictures (C, H, W), got "
                + sample
                + "; put it before '- flatten', with data that are pictures");
      }
      return sample.length(0);
    }
  }
}
