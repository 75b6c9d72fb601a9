package dev.tandem.learning;

import static dev.tandem.learning.Machines.assertNear;
import static dev.tandem.learning.Machines.set;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
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
import dev.tandem.nn.LayerNorm;
import dev.tandem.nn.Linear;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.MaxPool2d;
import dev.tandem.nn.Module;
import dev.tandem.nn.Residual;
import dev.tandem.nn.RmsNorm;
import dev.tandem.nn.Sequential;
import dev.tandem.op.Size2d;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.tensor.GradCheck;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * Step 4: the derivative of the loss by every weight, to be looked at by name, and checked
 * against differences.
 */
class Step4DifferentiationTest {
  /**
   * What every network's derivatives have to meet. At worst 3e-9 was measured, in the conv net,
   * which is what central differences with h = 1e-5 are good for there.
   */
  private static final double TOLERANCE = 1e-6;

  private static Tensor normal(Backend backend, long seed, int... lengths) {
    int count = Math.toIntExact(Shape.of(lengths).elements());
    float[] values = new Random(seed).normal(count, 0, 1);
    return Tensor.of(
        backend, IntStream.range(0, count).mapToDouble(i -> values[i]).toArray(), lengths);
  }

  private static void check(Module network, Tensor x, LossFunction loss, Tensor target) {
    try (network;
        x;
        target) {
      GradCheck.Report report =
          GradCheck.thorough()
              .check(() -> loss.mean(network.forward(x), target), network.parameters());
      report.require(TOLERANCE);
      assertEquals(
          network.parameters().size(), report.worst().size(), "every parameter was checked");
    }
  }

  @OnEveryMachine
  void derivativesAreLookedAtByName(Backend backend) {
    try (Module network = Sequential.of(new Linear(Machines.init(backend, DType.F32, 1), 2, 1))) {
      set(network.parameters().get("0.weight"), 2, -1);
      set(network.parameters().get("0.bias"), 0.5);
      Map<String, double[]> derivatives = new LinkedHashMap<>();
      try (Tape _ = Tape.open()) {
        Tensor x = Tensor.of(backend, new float[] {3, 4}, 1, 2);
        Tensor target = Tensor.of(backend, new float[] {1}, 1, 1);
        // L = (2 * 3 - 4 + 0.5 - 1)^2, so dL/dy = 2 * 1.5; dL/dw is that times x.
        new LossFunction.SquaredError().sum(network.forward(x), target).backward();
        network
            .parameters()
            .forEach((name, parameter) ->
                derivatives.put(name, parameter.gradient().orElseThrow().toDoubles()));
      }
      assertEquals("[0.weight, 0.bias]", derivatives.keySet().toString());
      assertArrayEquals(new double[] {9, 12}, derivatives.get("0.weight"));
      assertArrayEquals(new double[] {3}, derivatives.get("0.bias"));
    }
  }

  /**
   * A derivative is a slope: a small move of a weight changes the loss by the move times the
   * derivative.
   */
  @OnDoubles
  void theDerivativeForetellsTheLoss(Backend backend) {
    try (Linear layer = new Linear(Machines.init(backend, DType.F64, 1), 3, 2);
        Tensor x = normal(backend, 2, 5, 3);
        Tensor target = normal(backend, 3, 5, 2)) {
      Tensor weight = layer.parameters().get("weight");
      LossFunction loss = new LossFunction.SquaredError();
      double before;
      try (Tape _ = Tape.open()) {
        Tensor value = loss.mean(layer.forward(x), target);
        value.backward();
        before = value.item();
      }
      double slope = weight.gradient().orElseThrow().toDoubles()[4];
      double[] moved = weight.toDoubles();
      moved[4] += 1e-6;
      set(weight, moved);
      try (Tape _ = Tape.open()) {
        double change = loss.mean(layer.forward(x), target).item() - before;
        // The next term of the Taylor series is about 1e-6 of the first.
        assertEquals(slope * 1e-6, change, Math.abs(slope) * 1e-6 * 1e-4);
      }
    }
  }

  @OnDoubles
  void gradientsOfAnMlpAreRight(Backend backend) {
    Init init = Machines.init(backend, DType.F64, 11);
    for (String function :
        new String[] {
          "tanh", "sigmoid", "gelu", "gelu_tanh", "silu", "softplus", "relu", "leaky_relu"
        }) {
      Module network =
          Sequential.of(
              new Linear(init, 4, 6),
              Activation.of(function),
              new Linear(init, 6, 5),
              Activation.of(function),
              new Linear(init, 5, 3));
      check(
          network,
          normal(backend, 12, 7, 4),
          new LossFunction.CrossEntropy(0.1),
          Tensor.of(backend, new int[] {0, 1, 2, 0, 1, 2, 0}, 7));
    }
  }

  @OnDoubles
  void gradientsOfAConvNetWithBatchNormAreRight(Backend backend) {
    Init init = Machines.init(backend, DType.F64, 13);
    Module network =
        Sequential.of(
            new Conv2d(
                init, 2, 4, Size2d.of(3), Conv2d.Options.standard().withPadding(1).withoutBias()),
            new BatchNorm(init, 4),
            Activation.of("gelu"),
            new MaxPool2d(2),
            new Conv2d(
                init,
                4,
                4,
                Size2d.of(3),
                Conv2d.Options.standard().withStride(2).withPadding(1).withGroups(2)),
            Activation.of("silu"),
            new Flatten(),
            new BatchNorm(init, 4),
            new Linear(init, 4, 3));
    check(
        network,
        normal(backend, 14, 5, 2, 4, 4),
        new LossFunction.CrossEntropy(0),
        Tensor.of(backend, new int[] {0, 1, 2, 0, 1}, 5));
  }

  @OnDoubles
  void gradientsOfABatchNormInEvaluationAreRight(Backend backend) {
    Init init = Machines.init(backend, DType.F64, 15);
    Module network =
        Sequential.of(new Linear(init, 3, 4), new BatchNorm(init, 4), new Linear(init, 4, 2))
            .training(false);
    set(network.buffers().get("1.running_mean"), 0.1, -0.2, 0.3, 0.5);
    set(network.buffers().get("1.running_var"), 2, 0.5, 1, 0.1);
    check(
        network,
        normal(backend, 16, 4, 3),
        new LossFunction.HuberError(0.7),
        normal(backend, 17, 4, 2));
  }

  @OnDoubles
  void gradientsOfAResidualNetAreRight(Backend backend) {
    Init init = Machines.init(backend, DType.F64, 18);
    Module network =
        Sequential.of(
            new Residual(
                Sequential.of(
                    new Conv2d(init, 2, 3, Size2d.of(3), Conv2d.Options.standard().withPadding(1)),
                    Activation.of("tanh")),
                new Conv2d(init, 2, 3, 1)),
            new AvgPool2d(2),
            new GlobalAvgPool2d(),
            new Residual(
                Sequential.of(new RmsNorm(init, 3), new Linear(init, 3, 3), Activation.of("silu"))),
            new Linear(init, 3, 2));
    check(
        network,
        normal(backend, 19, 3, 2, 4, 4),
        new LossFunction.SquaredError(),
        normal(backend, 20, 3, 2));
  }

  @OnDoubles
  void gradientsThroughEmbeddingAndLayerNormAreRight(Backend backend) {
    Init init = Machines.init(backend, DType.F64, 21);
    Module network =
        Sequential.of(
            new Embedding(init, 6, 4),
            new LayerNorm(init, 4),
            Activation.of("gelu_tanh"),
            new Linear(init, 4, 6));
    // Token 3 occurs three times, token 5 never: one row gathers, one gets 0.
    check(
        network,
        Tensor.of(backend, new int[] {3, 0, 1, 3, 2, 3, 4, 0}, 2, 4),
        new LossFunction.CrossEntropy(0),
        Tensor.of(backend, new int[] {0, 1, 3, 2, 3, 4, 0, 5}, 2, 4));
  }

  @OnDoubles
  void everyLossHasTheRightGradient(Backend backend) {
    for (LossFunction loss :
        new LossFunction[] {
          new LossFunction.SignedDifference(),
          new LossFunction.AbsoluteError(),
          new LossFunction.SquaredError(),
          new LossFunction.HuberError(0.5),
          new LossFunction.BinaryCrossEntropyWithLogits(),
          new LossFunction.CrossEntropy(0.2),
          new LossFunction.KlDivergence(),
          new LossFunction.Hinge()
        }) {
      Init init = Machines.init(backend, DType.F64, 22);
      try (Tensor scores = normal(backend, 23, 6, 3)) {
        check(
            Sequential.of(new Linear(init, 4, 3)),
            normal(backend, 24, 6, 4),
            loss,
            scores.softmax(1));
      }
    }
    check(
        Sequential.of(new Linear(Machines.init(backend, DType.F64, 22), 4, 3)),
        normal(backend, 24, 6, 4),
        new LossFunction.Hinge(),
        Tensor.of(backend, new int[] {2, 0, 1, 1, 2, 0}, 6));
  }

  @OnDoubles
  void aNetworkThatDrawsIsRefusedInTrainingAndPassesInEvaluation(Backend backend) {
    Init init = Machines.init(backend, DType.F64, 25);
    Module network =
        Sequential.of(new Linear(init, 4, 8), new Dropout(init, 0.5), new Linear(init, 8, 2));
    try (Tensor x = normal(backend, 26, 3, 4)) {
      IllegalArgumentException refused =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  GradCheck.thorough().check(() -> network.forward(x).sum(), network.parameters()));
      assertTrue(
          refused
              .getMessage()
              .startsWith("gradient check: the loss differs from call to call, got "),
          refused.getMessage());
      assertTrue(
          refused.getMessage().endsWith("; switch dropout off and fix the batch"),
          refused.getMessage());
    }
    network.training(false);
    check(
        network,
        normal(backend, 26, 3, 4),
        new LossFunction.SquaredError(),
        normal(backend, 27, 3, 2));
  }

  /** The check finds what is wrong: a layer that drops half of its gradient. */
  @OnDoubles
  void theCheckFindsAWrongDerivative(Backend backend) {
    Module wrong =
        new Module() {
          private final Tensor weight = parameter("weight", normal(backend, 28, 3).release());

          @Override
          public Tensor forward(Tensor x) {
            return x.mul(weight).add(x.mul(weight.detach()));
          }
        };
    try (wrong;
        Tensor x = normal(backend, 29, 2, 3)) {
      GradCheck.Report report =
          GradCheck.thorough().check(() -> wrong.forward(x).sum(), wrong.parameters());
      AssertionError found = assertThrows(AssertionError.class, () -> report.require(TOLERANCE));
      assertTrue(found.getMessage().contains("got weight["), found.getMessage());
      double[] gradient = {report.worst().getFirst().backprop() * 2};
      assertNear(new double[] {report.worst().getFirst().numeric()}, gradient, TOLERANCE, "half");
    }
  }

  /** A derivative that is no number is the worst of all, wherever in its parameter it stands. */
  @OnDoubles
  void theCheckFindsADerivativeThatIsNoNumber(Backend backend) {
    // The root's slope is infinite at 0, and infinity times 0 is NaN.
    try (Tensor weight = Tensor.of(backend, new double[] {4, 0, 9}, 3).requireGradient()) {
      GradCheck.Report report =
          GradCheck.thorough().check(() -> weight.abs().pow(0.5).sum(), Map.of("weight", weight));
      assertEquals(1, report.worst().getFirst().index());
      assertThrows(AssertionError.class, () -> report.require(1e9));
    }
  }

  /** The parameters are what they were, also where the network fails half way through the check. */
  @OnDoubles
  void aNetworkThatFailsKeepsItsParameters(Backend backend) {
    AtomicInteger calls = new AtomicInteger();
    try (Tensor weight = Tensor.of(backend, new double[] {1, 2}, 2).requireGradient()) {
      assertThrows(
          IllegalStateException.class,
          () ->
              GradCheck.thorough()
                  .check(
                      () -> {
                        if (calls.incrementAndGet() == 5) {
                          throw new IllegalStateException("the fifth call");
                        }
                        return weight.square().sum();
                      },
                      Map.of("weight", weight)));
      assertArrayEquals(new double[] {1, 2}, weight.toDoubles());
    }
  }
}
