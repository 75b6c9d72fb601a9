package dev.tandem.nn;

import static dev.tandem.learning.Machines.assertNear;
import static dev.tandem.learning.Machines.set;
import static dev.tandem.learning.Machines.tensor;

import dev.tandem.backend.Backend;
import dev.tandem.learning.GoldenNumbers;
import dev.tandem.learning.Machines;
import dev.tandem.learning.OnDoubles;
import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Pooling.Window;
import dev.tandem.op.Size2d;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;

/**
 * Layers against the layers of the same name in torch.nn: values, all gradients, running
 * statistics.
 */
class PyTorchLayersTest {
  /**
   * Sums of a few dozen F64 terms; the oracle's gradients are central differences, good to about
   * 1e-9.
   */
  private static final double VALUES = 1e-12;

  private static final double GRADIENTS = 1e-8;

  private final GoldenNumbers golden = new GoldenNumbers("layers.txt");

  private static Init init(Backend backend) {
    return Machines.init(backend, DType.F64, 1);
  }

  /** Writes the weights of the case, then compares forward and backward. */
  private void check(String name, Backend backend, Module layer, Shape x, Shape y) {
    layer
        .parameters()
        .forEach((parameter, tensor) -> set(tensor, golden.get(name + "." + parameter)));
    layer.parameters().values().forEach(Tensor::clearGradient);
    try (Tensor input =
            tensor(backend, DType.F64, golden.get(name + ".x"), x.lengths()).requireGradient();
        Tape tape = Tape.open()) {
      Tensor output = layer.forward(input);
      assertNear(golden.get(name + ".y"), output, VALUES, name + ".y");
      tape.backward(output, tensor(backend, DType.F64, golden.get(name + ".dy"), y.lengths()));
      assertNear(golden.get(name + ".dx"), input.gradient().orElseThrow(), GRADIENTS, name + ".dx");
      layer
          .parameters()
          .forEach((parameter, tensor) ->
              assertNear(
                  golden.get(name + ".d" + parameter),
                  tensor.gradient().orElseThrow(),
                  GRADIENTS,
                  name + ".d" + parameter));
    }
  }

  @OnDoubles
  void linear(Backend backend) {
    try (Module layer = new Linear(init(backend), 5, 3)) {
      check("linear", backend, layer, Shape.of(2, 4, 5), Shape.of(2, 4, 3));
    }
  }

  @OnDoubles
  void conv2d(Backend backend) {
    Conv2dGeometry geometry =
        new Conv2dGeometry(new Size2d(2, 1), Size2d.of(1), new Size2d(1, 2), 2);
    Conv2d.Options options = Conv2d.Options.standard().withGeometry(geometry);
    try (Module layer = new Conv2d(init(backend), 4, 6, new Size2d(3, 2), options)) {
      check("conv2d", backend, layer, Shape.of(2, 4, 7, 6), Shape.of(2, 6, 4, 6));
    }
  }

  @OnDoubles
  void pooling(Backend backend) {
    Window window = new Window(Size2d.of(3), Size2d.of(2), Size2d.of(1));
    check("max_pool2d", backend, new MaxPool2d(window), Shape.of(2, 3, 7, 6), Shape.of(2, 3, 4, 3));
    check("avg_pool2d", backend, new AvgPool2d(window), Shape.of(2, 3, 7, 6), Shape.of(2, 3, 4, 3));
  }

  @OnDoubles
  void layerNorm(Backend backend) {
    try (Module layer = new LayerNorm(init(backend), 6)) {
      check("layer_norm", backend, layer, Shape.of(2, 4, 6), Shape.of(2, 4, 6));
    }
  }

  @OnDoubles
  void activations(Backend backend) {
    for (Activation.Kind kind : Activation.Kind.values()) {
      check(kind.toString(), backend, new Activation(kind), Shape.of(4, 5), Shape.of(4, 5));
    }
  }

  @OnDoubles
  void batchNormOfVectors(Backend backend) {
    batchNorm("batch_norm1d", backend);
  }

  @OnDoubles
  void batchNormOfImages(Backend backend) {
    batchNorm("batch_norm2d", backend, 2, 4);
  }

  /**
   * Three batches of training, each moving the running statistics, then evaluation by what they
   * have become.
   */
  private void batchNorm(String name, Backend backend, int... tail) {
    int[] sizes = {5, 2, 4};
    try (Module layer = new BatchNorm(init(backend), 3)) {
      for (int i = 0; i < sizes.length; i++) {
        String batch = name + ".train" + i;
        Shape shape = Shape.of(sizes[i], 3).then(Shape.of(tail));
        check(batch, backend, layer, shape, shape);
        assertNear(
            golden.get(batch + ".running_mean"),
            layer.buffers().get("running_mean"),
            VALUES,
            batch + " mean");
        assertNear(
            golden.get(batch + ".running_var"),
            layer.buffers().get("running_var"),
            VALUES,
            batch + " variance");
      }
      layer.training(false);
      Shape shape = Shape.of(4, 3).then(Shape.of(tail));
      check(name + ".eval", backend, layer, shape, shape);
    }
  }
}
