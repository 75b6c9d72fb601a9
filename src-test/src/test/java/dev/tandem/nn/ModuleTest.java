package dev.tandem.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.conformance.OracleBackend;
import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Pooling.Window;
import dev.tandem.op.Size2d;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a module registers, under which names, and who frees it. */
class ModuleTest {
  private final Backend backend = new OracleBackend();
  private final Init init = new Init(backend, DType.F32, new Random(1));

  private static final class Part extends Module {
    Tensor add(String name, Tensor value) {
      return parameter(name, value);
    }

    Tensor addBuffer(String name, Tensor value) {
      return buffer(name, value);
    }

    Module addChild(String name, Module part) {
      return child(name, part);
    }

    @Override
    public Tensor forward(Tensor x) {
      return x;
    }
  }

  private Tensor one() {
    return Tensor.of(backend, new float[] {1}, 1);
  }

  private Module network() {
    return Sequential.of(
        new Conv2d(init, 1, 2, 3),
        new BatchNorm(init, 2),
        new Residual(Sequential.of(new Conv2d(init, 2, 2, 1), new Dropout(init, 0.1))),
        new Flatten(),
        new Linear(init, 8, 3));
  }

  @Test
  void namesAreDottedPathsInOrder() {
    try (Module network = network()) {
      assertEquals(
          List.of(
              "0.weight",
              "0.bias",
              "1.weight",
              "1.bias",
              "2.branch.0.weight",
              "2.branch.0.bias",
              "4.weight",
              "4.bias"),
          List.copyOf(network.parameters().keySet()));
      assertEquals(
          List.of("1.running_mean", "1.running_var"), List.copyOf(network.buffers().keySet()));
      assertEquals(List.of("2.branch.1.state"), List.copyOf(network.randomStates().keySet()));
      assertEquals(List.of("0", "1", "2", "3", "4"), List.copyOf(network.children().keySet()));
      assertEquals(2 * 9 + 2 + 2 + 2 + 4 + 2 + 24 + 3, network.parameterElements());
      assertEquals(Shape.of(3, 8), network.parameters().get("4.weight").shape());
    }
  }

  @Test
  void parametersAreLeavesAndBuffersAreNot() {
    try (Module network = network()) {
      assertTrue(network.parameters().values().stream().allMatch(Tensor::requiresGradient));
      assertFalse(network.buffers().values().stream().anyMatch(Tensor::requiresGradient));
    }
  }

  @Test
  void theMapsCannotBeChanged() {
    try (Module network = network()) {
      Map<String, Tensor> parameters = network.parameters();
      assertThrows(UnsupportedOperationException.class, () -> parameters.remove("0.weight"));
      assertThrows(UnsupportedOperationException.class, () -> network.children().clear());
    }
  }

  @Test
  void ownParametersComeBeforeThoseOfParts() {
    try (Part outer = new Part()) {
      outer.addChild("inner", new LayerNorm(init, 2));
      outer.add("scale", one());
      assertEquals(
          List.of("scale", "inner.weight", "inner.bias"), List.copyOf(outer.parameters().keySet()));
    }
  }

  @Test
  void aSharedTensorAppearsOnce() {
    try (Part outer = new Part();
        Embedding embedding = new Embedding(init, 4, 2)) {
      outer.addChild("in", embedding);
      outer.addChild("out", embedding);
      outer.add("head", embedding.parameters().get("weight"));
      assertEquals(List.of("head"), List.copyOf(outer.parameters().keySet()));
    }
  }

  @Test
  void namesAreRefusedWhereTheyWouldMeanTwoThings() {
    try (Part part = new Part();
        Tensor value = one()) {
      part.add("a", one());
      for (String taken : List.of("a", "0")) {
        if (taken.equals("0")) {
          part.addChild("0", new Flatten());
        }
        for (Runnable again :
            List.<Runnable>of(
                () -> part.add(taken, value),
                () -> part.addBuffer(taken, value),
                () -> part.addChild(taken, new Flatten()))) {
          IllegalArgumentException refused =
              assertThrows(IllegalArgumentException.class, again::run);
          assertEquals(
              "module: the name is taken, got '"
                  + taken
                  + "' twice in Part; give each part a name of its own",
              refused.getMessage());
        }
      }
      for (String odd : List.of("", "a.b", "a b", "é")) {
        IllegalArgumentException refused =
            assertThrows(IllegalArgumentException.class, () -> part.add(odd, value));
        assertEquals(
            "module: a name consists of letters, digits and _, got '"
                + odd
                + "'; dots separate a part from what "
                + "is in it",
            refused.getMessage());
      }
      assertThrows(IllegalArgumentException.class, () -> part.addChild("self", part));
    }
  }

  @Test
  void theTrainingSwitchReachesEveryPart() {
    try (Module network = network()) {
      assertTrue(network.training());
      assertSame(network, network.training(false));
      List<Module> all = new ArrayList<>(List.of(network));
      for (int i = 0; i < all.size(); i++) {
        all.addAll(all.get(i).children().values());
      }
      assertEquals(9, all.size());
      assertFalse(all.stream().anyMatch(Module::training));
      network.training(true);
      assertTrue(all.stream().allMatch(Module::training));
    }
  }

  @Test
  void aModuleMadeInAScopeOutlivesIt() {
    Module network;
    try (Scope _ = Scope.open()) {
      network = network();
    }
    try (network) {
      assertEquals(2, network.buffers().get("1.running_var").toFloats().length);
      assertEquals(4, network.randomStates().get("2.branch.1.state").toInts().length);
      assertEquals(24, network.parameters().get("4.weight").toFloats().length);
    }
  }

  @Test
  void closingFreesEverything() {
    long before = backend.memory().buffers();
    Module network = network();
    Tensor weight = network.parameters().get("0.weight");
    assertEquals(before + 11, backend.memory().buffers());
    network.close();
    network.close();
    assertTrue(weight.closed());
    assertEquals(before, backend.memory().buffers());
  }

  @Test
  void descriptionsAreOneLineForPeople() {
    Conv2dGeometry wide = new Conv2dGeometry(new Size2d(2, 1), Size2d.of(1), Size2d.of(2), 2);
    List<Module> layers =
        List.of(
            new Linear(init, 784, 256),
            new Linear(init, 3, 2, Linear.Options.standard().withoutBias()),
            new Conv2d(init, 1, 8, 3),
            new Conv2d(
                init,
                2,
                8,
                new Size2d(3, 5),
                Conv2d.Options.standard().withGeometry(wide).withoutBias()),
            new MaxPool2d(2),
            new AvgPool2d(new Window(Size2d.of(3), Size2d.of(2), Size2d.of(1))),
            new GlobalAvgPool2d(),
            new LayerNorm(init, 4),
            new RmsNorm(init, 4),
            new BatchNorm(init, 4),
            new Dropout(init, 0.5),
            new Embedding(init, 100, 16),
            Activation.of("gelu_tanh"),
            new Flatten());
    assertEquals(
        List.of(
            "Linear(784 -> 256)",
            "Linear(3 -> 2, no bias)",
            "Conv2d(1 -> 8, kernel 3x3)",
            "Conv2d(2 -> 8, kernel 3x5, stride 2x1, padding 1x1, dilation 2x2, groups 2, no bias)",
            "MaxPool2d(2x2)",
            "AvgPool2d(3x3, stride 2x2, padding 1x1)",
            "GlobalAvgPool2d",
            "LayerNorm(4)",
            "RmsNorm(4)",
            "BatchNorm(4)",
            "Dropout(0.5)",
            "Embedding(100 -> 16)",
            "gelu_tanh",
            "Flatten"),
        layers.stream().map(Module::describe).toList());
    assertEquals(
        "Sequential(Residual(relu, shortcut Flatten), Part)",
        Sequential.of(new Residual(Activation.of("relu"), new Flatten()), new Part()).toString());
    layers.forEach(Module::close);
  }

  @Test
  void impossibleLayersAreRefusedWhenMade() {
    assertRefused(
        "Linear: the number of inputs must be at least 1, got 0; give the layer's width",
        () -> new Linear(init, 0, 3));
    assertRefused(
        "Conv2d: channels are not a multiple of groups, got 3 -> 4, groups 2; change either",
        () -> new Conv2d(init, 3, 4, Size2d.of(1), Conv2d.Options.standard().withGroups(2)));
    assertRefused(
        "Conv2d: the kernel's height must be at least 1, got 0; give the layer's width",
        () -> new Conv2d(init, 3, 4, 0));
    assertRefused(
        "Dropout: the probability must lie in [0, 1), got 1.0; 0 means none",
        () -> new Dropout(init, 1));
    assertRefused(
        "BatchNorm: the momentum must lie in [0, 1], got 1.5; 0.1 is usual",
        () -> new BatchNorm.Options(1.5, 1e-5));
    assertRefused(
        "activation: no such function, got 'rleu'; use one of relu, leaky_relu, sigmoid, tanh,"
            + " gelu, gelu_tanh, silu, softplus",
        () -> Activation.of("rleu"));
    assertRefused(
        "init: parameters need a floating-point type, got I32; use F32, or F64 for gradient checks",
        () -> new Init(backend, DType.I32, new Random(1)));
    assertRefused(
        "huber_error: delta must be positive and finite, got 0.0; 1 is usual",
        () -> new LossFunction.HuberError(0));
    assertRefused(
        "cross_entropy: smoothing must lie in [0, 1], got 2.0; 0 means none",
        () -> new LossFunction.CrossEntropy(2));
    assertEquals(0, backend.memory().buffers(), "nothing was allocated for them");
  }

  private static void assertRefused(String message, Runnable make) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, make::run).getMessage());
  }

  /** Names survive a rename: what configs and files say is pinned here. */
  @Test
  void lossesHaveTheNamesOfConfigs() {
    assertEquals(
        List.of(
            "signed_difference",
            "absolute_error",
            "squared_error",
            "huber_error",
            "binary_cross_entropy_with_logits",
            "cross_entropy",
            "kl_divergence",
            "hinge"),
        List.of(
                new LossFunction.SignedDifference(),
                new LossFunction.AbsoluteError(),
                new LossFunction.SquaredError(),
                new LossFunction.HuberError(1),
                new LossFunction.BinaryCrossEntropyWithLogits(),
                new LossFunction.CrossEntropy(0),
                new LossFunction.KlDivergence(),
                new LossFunction.Hinge())
            .stream()
            .map(LossFunction::name)
            .toList());
  }

  @Test
  void twoStatesOfOneSeedDiffer() {
    try (Dropout first = new Dropout(init, 0.5);
        Dropout second = new Dropout(init, 0.5)) {
      assertNotSame(first.randomStates().get("state"), second.randomStates().get("state"));
      int[] a = first.randomStates().get("state").toInts();
      int[] b = second.randomStates().get("state").toInts();
      assertFalse(a[0] == b[0] && a[1] == b[1], "each dropout has a key of its own");
      assertArrayEquals(new int[] {0, 0}, new int[] {a[2], a[3]}, "and starts at draw 0");
    }
  }
}
