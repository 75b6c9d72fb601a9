import dev.tandem.backend.Backend;
import dev.tandem.nn.Activation;
import dev.tandem.nn.BatchNorm;
import dev.tandem.nn.Conv2d;
import dev.tandem.nn.Flatten;
import dev.tandem.nn.GlobalAvgPool2d;
import dev.tandem.nn.Gpt;
import dev.tandem.nn.Init;
import dev.tandem.nn.Linear;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.MaxPool2d;
import dev.tandem.nn.Module;
import dev.tandem.nn.Residual;
import dev.tandem.nn.Sequential;
import dev.tandem.op.Size2d;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.Rule;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** The training steps that Tandem is compared with others on: a network, its optimizer and one batch of data in memory. */
final class Workload implements AutoCloseable {
  static final List<String> NAMES = List.of("mlp", "cnn", "resnet", "gpt");

  /** The GPT's: characters, positions, width. */
  static final int VOCABULARY = 96;
  static final int CONTEXT = 128;
  static final int WIDTH = 256;

  private final Module model;
  private final Optimizer optimizer;
  private final Tensor x;
  private final Tensor y;
  private final LossFunction loss = new LossFunction.CrossEntropy(0);
  final String name;
  final int batch;

  Workload(String name, int batch, Backend backend) {
    this.name = name;
    this.batch = batch;
    Init init = new Init(backend, DType.F32, new Random(1));
    model =
        switch (name) {
          case "mlp" ->
              Sequential.of(
                  new Linear(init, 784, 512), Activation.of("relu"), new Linear(init, 512, 512), Activation.of("relu"),
                  new Linear(init, 512, 10));
          case "cnn" ->
              Sequential.of(
                  new Conv2d(init, 1, 32, 3), Activation.of("relu"), new MaxPool2d(2), new Conv2d(init, 32, 64, 3),
                  Activation.of("relu"), new MaxPool2d(2), new Flatten(), new Linear(init, 1600, 128), Activation.of("relu"),
                  new Linear(init, 128, 10));
          case "resnet" -> resnet(init);
          case "gpt" -> new Gpt(init, new Gpt.Config(VOCABULARY, CONTEXT, 4, 4, WIDTH, 0, false, false));
          default -> throw new IllegalArgumentException("workload: no such one, got '" + name + "'; use one of " + NAMES);
        };
    model.training(true);
    Rule rule =
        switch (name) {
          case "mlp" -> new Rule.Momentum(0.9, 0);
          case "cnn" -> Rule.Adam.standard();
          case "resnet" -> new Rule.Momentum(0.9, 5e-4);
          default -> Rule.AdamW.standard();
        };
    optimizer = new Optimizer(rule.update(), model.parameters());
    optimizer.learningRate(name.equals("mlp") || name.equals("resnet") ? 0.01 : name.equals("cnn") ? 1e-3 : 3e-4);
    java.util.Random random = new java.util.Random(1);
    Shape shape =
        switch (name) {
          case "mlp" -> Shape.of(batch, 784);
          case "cnn" -> Shape.of(batch, 1, 28, 28);
          case "resnet" -> Shape.of(batch, 3, 32, 32);
          default -> Shape.of(batch, CONTEXT);
        };
    boolean gpt = name.equals("gpt");
    x = gpt ? indices(backend, shape, VOCABULARY, random) : images(backend, shape, random);
    y = indices(backend, gpt ? Shape.of(batch * CONTEXT) : Shape.of(batch), gpt ? VOCABULARY : 10, random);
  }

  private static Tensor images(Backend backend, Shape shape, java.util.Random random) {
    float[] values = new float[Math.toIntExact(shape.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat();
    }
    return Tensor.of(backend, new TensorType(DType.F32, shape), MemorySegment.ofArray(values));
  }

  private static Tensor indices(Backend backend, Shape shape, int below, java.util.Random random) {
    int[] values = random.ints(shape.elements(), 0, below).toArray();
    return Tensor.of(backend, new TensorType(DType.I32, shape), MemorySegment.ofArray(values));
  }

  /** He et al. 2015, arXiv:1512.03385, with the first layer for images of 32 x 32: eight blocks, 64 to 512 channels. */
  private static Module resnet(Init init) {
    List<Module> layers = new ArrayList<>(List.of(conv(init, 3, 64, 3, 1), new BatchNorm(init, 64), Activation.of("relu")));
    int in = 64;
    for (int out : new int[] {64, 128, 256, 512}) {
      for (int block = 0; block < 2; block++) {
        int stride = block == 0 && out > 64 ? 2 : 1;
        Module branch =
            Sequential.of(
                conv(init, in, out, 3, stride), new BatchNorm(init, out), Activation.of("relu"), conv(init, out, out, 3, 1),
                new BatchNorm(init, out));
        layers.add(
            stride == 1
                ? new Residual(branch)
                : new Residual(branch, Sequential.of(conv(init, in, out, 1, stride), new BatchNorm(init, out))));
        layers.add(Activation.of("relu"));
        in = out;
      }
    }
    layers.addAll(List.of(new GlobalAvgPool2d(), new Linear(init, 512, 10)));
    return new Sequential(layers);
  }

  private static Module conv(Init init, int in, int out, int kernel, int stride) {
    return new Conv2d(
        init, in, out, Size2d.of(kernel), Conv2d.Options.standard().withStride(stride).withPadding(kernel / 2).withoutBias());
  }

  /** Numbers that are trained. */
  long parameters() {
    return model.parameters().values().stream().mapToLong(parameter -> parameter.shape().elements()).sum();
  }

  /** Forward, backward and update; gives the loss. */
  double step() {
    try (Tape _ = Tape.open()) {
      Tensor logits = model.forward(x);
      Tensor rows = name.equals("gpt") ? logits.reshape(batch * CONTEXT, VOCABULARY) : logits;
      Tensor mean = loss.mean(rows, y);
      mean.backward();
      optimizer.step();
      return mean.item();
    } finally {
      optimizer.clearGradients();
    }
  }

  @Override
  public void close() {
    optimizer.close();
    model.close();
    x.close();
    y.close();
  }
}
