package dev.tandem.learning;

import static dev.tandem.learning.Machines.assertNear;
import static dev.tandem.learning.Machines.set;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.nn.Activation;
import dev.tandem.nn.AvgPool2d;
import dev.tandem.nn.BatchNorm;
import dev.tandem.nn.Conv2d;
import dev.tandem.nn.Dropout;
import dev.tandem.nn.Embedding;
import dev.tandem.nn.Flatten;
import dev.tandem.nn.GlobalAvgPool2d;
import dev.tandem.nn.Init;
import dev.tandem.nn.Initializer;
import dev.tandem.nn.LayerNorm;
import dev.tandem.nn.Linear;
import dev.tandem.nn.MaxPool2d;
import dev.tandem.nn.Module;
import dev.tandem.nn.Residual;
import dev.tandem.nn.RmsNorm;
import dev.tandem.nn.Sequential;
import dev.tandem.op.Size2d;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.ShapeException;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Step 2: an input passes through layers, each of which computes what pencil and paper say. */
class Step2ForwardTest {
  /**
   * A handful of F32 operations of order 1, transcendental functions among them: about 16 units in
   * the last place.
   */
  private static final double F32 = 2e-6;

  private Scope scope;

  @BeforeEach
  void open() {
    scope = Scope.open();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  private static Init init(Backend backend) {
    return Machines.init(backend, DType.F32, 1);
  }

  private static void assertForward(Module layer, Tensor x, Shape shape, double... expected) {
    try (layer) {
      Tensor y = layer.forward(x);
      assertEquals(shape, y.shape());
      assertNear(expected, y, F32, layer.describe());
    }
  }

  @OnEveryMachine
  void linearIsXTimesWTransposedPlusB(Backend backend) {
    Linear layer = new Linear(init(backend), 3, 2);
    set(layer.parameters().get("weight"), 1, 2, 3, -1, 0, 4);
    set(layer.parameters().get("bias"), 0.5, -10);
    Tensor x = Tensor.of(backend, new float[] {1, 1, 1, 2, 0, -1}, 2, 3);
    assertForward(layer, x, Shape.of(2, 2), 6.5, -7, -0.5, -16);
  }

  @OnEveryMachine
  void linearWorksOnTheInnermostAxis(Backend backend) {
    try (Linear layer = new Linear(init(backend), 3, 2)) {
      Tensor x =
          Tensor.of(
              backend,
              Machines.floats(IntStream.range(0, 24).mapToDouble(i -> i).toArray()),
              2,
              4,
              3);
      Tensor y = layer.forward(x);
      assertEquals(Shape.of(2, 4, 2), y.shape());
      assertNear(layer.forward(x.reshape(8, 3)).toDoubles(), y, 0, "rows");
      assertEquals(Shape.of(2), layer.forward(x.slice(0, 0, 1).slice(1, 0, 1).reshape(3)).shape());
      ShapeException refused =
          assertThrows(ShapeException.class, () -> layer.forward(x.reshape(6, 4)));
      assertEquals(
          "Linear(3 -> 2): x does not fit the layer, got F32 (6, 4); it must be (..., 3)",
          refused.getMessage());
    }
  }

  @OnEveryMachine
  void linearCanDoWithoutABias(Backend backend) {
    Linear layer = new Linear(init(backend), 2, 1, Linear.Options.standard().withoutBias());
    assertEquals(1, layer.parameters().size());
    set(layer.parameters().get("weight"), 2, -3);
    assertForward(layer, Tensor.of(backend, new float[] {5, 1}, 1, 2), Shape.of(1, 1), 7);
  }

  @OnEveryMachine
  void conv2dSlidesItsKernel(Backend backend) {
    Conv2d layer = new Conv2d(init(backend), 1, 2, 2);
    set(layer.parameters().get("weight"), 1, 0, 0, 1, 0, 1, -1, 0);
    set(layer.parameters().get("bias"), 0, 100);
    Tensor x = Tensor.of(backend, new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9}, 1, 1, 3, 3);
    // The first kernel adds the diagonal, not a mirrored one: what is called convolution here is
    // cross-correlation.
    assertForward(
        layer,
        x,
        Shape.of(1, 2, 2, 2),
        1 + 5,
        2 + 6,
        4 + 8,
        5 + 9,
        100 + 2 - 4,
        100 + 3 - 5,
        100 + 5 - 7,
        100 + 6 - 8);
  }

  @OnEveryMachine
  void conv2dPadsAndStrides(Backend backend) {
    Conv2d layer =
        new Conv2d(
            init(backend),
            1,
            1,
            Size2d.of(3),
            Conv2d.Options.standard().withStride(2).withPadding(1));
    set(layer.parameters().get("weight"), 1, 1, 1, 1, 1, 1, 1, 1, 1);
    Tensor x = Tensor.of(backend, new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9}, 1, 1, 3, 3);
    assertForward(
        layer, x, Shape.of(1, 1, 2, 2), 1 + 2 + 4 + 5, 2 + 3 + 5 + 6, 4 + 5 + 7 + 8, 5 + 6 + 8 + 9);
  }

  @OnEveryMachine
  void conv2dKeepsGroupsApart(Backend backend) {
    Conv2d layer =
        new Conv2d(
            init(backend),
            2,
            2,
            Size2d.of(1),
            Conv2d.Options.standard().withGroups(2).withoutBias());
    assertEquals(Shape.of(2, 1, 1, 1), layer.parameters().get("weight").shape());
    set(layer.parameters().get("weight"), 2, 3);
    assertForward(
        layer, Tensor.of(backend, new float[] {5, 7}, 1, 2, 1, 1), Shape.of(1, 2, 1, 1), 10, 21);
  }

  @OnEveryMachine
  void poolingFoldsWindows(Backend backend) {
    Tensor x =
        Tensor.of(
            backend, new float[] {1, 2, 5, 6, 3, 4, 7, 0, -1, -2, 0, 0, -3, -4, 0, 1}, 1, 1, 4, 4);
    assertForward(new MaxPool2d(2), x, Shape.of(1, 1, 2, 2), 4, 7, -1, 1);
    assertForward(new AvgPool2d(2), x, Shape.of(1, 1, 2, 2), 2.5, 4.5, -2.5, 0.25);
    assertForward(new GlobalAvgPool2d(), x, Shape.of(1, 1), 19.0 / 16);
  }

  @OnEveryMachine
  void layerNormGivesEachRowMean0AndVariance1(Backend backend) {
    LayerNorm layer = new LayerNorm(init(backend), 4, 0);
    Tensor x = Tensor.of(backend, new float[] {1, 1, 3, 3, 10, 20, 20, 10}, 2, 4);
    set(layer.parameters().get("weight"), 1, 2, 1, 2);
    set(layer.parameters().get("bias"), 0, 0, 0.5, 0.5);
    assertForward(layer, x, Shape.of(2, 4), -1, -2, 1.5, 2.5, -1, 2, 1.5, -1.5);
  }

  @OnEveryMachine
  void rmsNormGivesEachRowMeanSquare1(Backend backend) {
    RmsNorm layer = new RmsNorm(init(backend), 2, 0);
    set(layer.parameters().get("weight"), 1, 3);
    // The mean square of (1, 7) is 25, of (-3, -3) it is 9: the mean stays, the sign stays.
    assertForward(
        layer,
        Tensor.of(backend, new float[] {1, 7, -3, -3}, 2, 2),
        Shape.of(2, 2),
        0.2,
        4.2,
        -1,
        -3);
  }

  @OnEveryMachine
  void batchNormGivesEachChannelMean0AndVariance1(Backend backend) {
    try (BatchNorm layer = new BatchNorm(init(backend), 2, new BatchNorm.Options(0.1, 0))) {
      Tensor x = Tensor.of(backend, new float[] {1, 10, 3, 10, 1, 30, 3, 30}, 4, 2);
      assertNear(new double[] {-1, -1, 1, -1, -1, 1, 1, 1}, layer.forward(x), F32, "training");
      // Means 2 and 20; unbiased variances 4/3 and 400/3; a tenth of the way from 0 and 1.
      assertNear(new double[] {0.2, 2}, layer.buffers().get("running_mean"), F32, "running mean");
      assertNear(
          new double[] {1 + (4.0 / 3 - 1) / 10, 1 + (400.0 / 3 - 1) / 10},
          layer.buffers().get("running_var"),
          F32,
          "running variance");
      layer.training(false);
      set(layer.buffers().get("running_mean"), 1, 10);
      set(layer.buffers().get("running_var"), 4, 100);
      double[] evaluated = {0, 0, 1, 0, 0, 2, 1, 2};
      assertNear(evaluated, layer.forward(x), F32, "evaluation");
      assertNear(
          Arrays.copyOf(evaluated, 2), layer.forward(x.slice(0, 0, 1)), F32, "one sample alone");
      assertNear(
          new double[] {1, 10},
          layer.buffers().get("running_mean"),
          0,
          "evaluation leaves the statistics");
    }
  }

  @OnEveryMachine
  void batchNormRefusesToTrainOnOneValue(Backend backend) {
    try (BatchNorm layer = new BatchNorm(init(backend), 2)) {
      ShapeException refused =
          assertThrows(
              ShapeException.class,
              () -> layer.forward(Tensor.of(backend, new float[] {1, 2}, 1, 2)));
      assertEquals(
          "BatchNorm(2): one value a channel has no variance, got F32 (1, 2); train on larger"
              + " batches, or drop the last, incomplete one",
          refused.getMessage());
      assertEquals(
          Shape.of(1, 2, 2, 1),
          layer.forward(Tensor.of(backend, new float[] {1, 2, 3, 4}, 1, 2, 2, 1)).shape());
    }
  }

  @OnEveryMachine
  void dropoutDropsInTrainingOnly(Backend backend) {
    int elements = 10_000;
    double p = 0.2;
    try (Dropout layer = new Dropout(init(backend), p)) {
      Tensor x = Tensor.full(backend, new TensorType(DType.F32, Shape.of(elements)), 3);
      double[] first = layer.forward(x).toDoubles();
      double[] second = layer.forward(x).toDoubles();
      long dropped = Arrays.stream(first).filter(value -> value == 0).count();
      // Five standard deviations of the binomial distribution.
      assertEquals(p * elements, dropped, 5 * Math.sqrt(elements * p * (1 - p)));
      assertEquals(
          dropped,
          Arrays.stream(first).filter(value -> Math.abs(value - 3 / (1 - p)) > 1e-5).count(),
          "the kept are scaled, so that the mean stays");
      assertFalse(Arrays.equals(first, second), "each call draws afresh");
      layer.training(false);
      assertArrayEquals(x.toDoubles(), layer.forward(x).toDoubles());
    }
  }

  @OnEveryMachine
  void dropoutRepeatsFromItsState(Backend backend) {
    try (Dropout layer = new Dropout(init(backend), 0.5)) {
      Tensor x = Tensor.full(backend, new TensorType(DType.F32, Shape.of(100)), 1);
      layer.forward(x);
      Tensor state = layer.randomStates().get("state");
      int[] saved = state.toInts();
      double[] next = layer.forward(x).toDoubles();
      state.write(MemorySegment.ofArray(saved));
      assertArrayEquals(next, layer.forward(x).toDoubles());
    }
  }

  @OnEveryMachine
  void embeddingLooksRowsUp(Backend backend) {
    Embedding layer = new Embedding(init(backend), 3, 2);
    set(layer.parameters().get("weight"), 0, 1, 10, 11, 20, 21);
    Tensor tokens = Tensor.of(backend, new int[] {2, 0, 1, 2}, 2, 2);
    assertForward(layer, tokens, Shape.of(2, 2, 2), 20, 21, 0, 1, 10, 11, 20, 21);
  }

  @OnEveryMachine
  void activationsBend(Backend backend) {
    Tensor x = Tensor.of(backend, new float[] {-2, 0, 1}, 3);
    Shape shape = Shape.of(3);
    assertForward(Activation.of("relu"), x, shape, 0, 0, 1);
    assertForward(Activation.of("leaky_relu"), x, shape, -0.02, 0, 1);
    assertForward(Activation.of("sigmoid"), x, shape, 0.11920292, 0.5, 0.73105858);
    assertForward(Activation.of("tanh"), x, shape, -0.96402758, 0, 0.76159416);
    assertForward(Activation.of("gelu"), x, shape, -0.04550026, 0, 0.84134475);
    assertForward(Activation.of("gelu_tanh"), x, shape, -0.04540231, 0, 0.84119199);
    assertForward(Activation.of("silu"), x, shape, -0.23840584, 0, 0.73105858);
    assertForward(Activation.of("softplus"), x, shape, 0.12692801, 0.69314718, 1.31326169);
  }

  @OnEveryMachine
  void flattenKeepsTheOrder(Backend backend) {
    Tensor x = Tensor.of(backend, new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 1, 2);
    assertForward(new Flatten(), x, Shape.of(2, 4), 1, 2, 3, 4, 5, 6, 7, 8);
  }

  @OnEveryMachine
  void residualAddsItsInput(Backend backend) {
    Linear branch = new Linear(init(backend), 2, 2);
    set(branch.parameters().get("weight"), 0, 1, 1, 0);
    assertForward(
        new Residual(branch), Tensor.of(backend, new float[] {1, 5}, 1, 2), Shape.of(1, 2), 6, 6);
  }

  @OnEveryMachine
  void residualRefusesToBroadcast(Backend backend) {
    try (Residual narrowing = new Residual(new Linear(init(backend), 2, 1));
        Residual mended =
            new Residual(new Linear(init(backend), 2, 1), new Linear(init(backend), 2, 1))) {
      Tensor x = Tensor.of(backend, new float[] {1, 5}, 1, 2);
      ShapeException refused = assertThrows(ShapeException.class, () -> narrowing.forward(x));
      assertTrue(
          refused
              .getMessage()
              .startsWith(
                  "Residual: branch and shortcut give different shapes, got (1, 1) and (1, 2)"),
          refused.getMessage());
      assertEquals(Shape.of(1, 1), mended.forward(x).shape());
    }
  }

  @OnEveryMachine
  void sequentialComposes(Backend backend) {
    Linear first = new Linear(init(backend), 1, 2);
    Linear second = new Linear(init(backend), 2, 1);
    set(first.parameters().get("weight"), 2, -3);
    set(second.parameters().get("weight"), 10, 100);
    set(second.parameters().get("bias"), 1);
    // 4 -> (8, -12) -> relu (8, 0) -> 81; -1 -> (-2, 3) -> (0, 3) -> 301.
    assertForward(
        Sequential.of(first, Activation.of("relu"), second),
        Tensor.of(backend, new float[] {4, -1}, 2, 1),
        Shape.of(2, 1),
        81,
        301);
  }

  /** All it takes to have a layer of one's own: register what is trained, say how it computes. */
  private static final class Scaled extends Module {
    private final Tensor scale;

    Scaled(Init init, int features) {
      scale = parameter("scale", init.draw(new Initializer.Constant(1.5), features));
    }

    @Override
    public Tensor forward(Tensor x) {
      return x.mul(scale);
    }
  }

  @OnEveryMachine
  void aLayerOfOnesOwnTakesAFewLines(Backend backend) {
    try (Sequential network = Sequential.of(new Scaled(init(backend), 2), Activation.of("relu"))) {
      Tensor x = Tensor.of(backend, new float[] {2, -4, 6, 8}, 2, 2);
      assertNear(new double[] {3, 0, 9, 12}, network.forward(x), 0, "forward");
      assertEquals("[0.scale]", network.parameters().keySet().toString());
      try (Tape _ = Tape.open()) {
        network.forward(x).sum().backward();
      }
      // Where relu passes: 2 and 6 for the first feature, 8 for the second.
      assertNear(
          new double[] {8, 8},
          network.parameters().get("0.scale").gradient().orElseThrow(),
          0,
          "gradient");
    }
  }
}
