package dev.tandem.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.learning.Machines;
import dev.tandem.learning.OnDoubles;
import dev.tandem.learning.OnEveryMachine;
import dev.tandem.learning.OnRealMachines;
import dev.tandem.nn.Linear;
import dev.tandem.nn.Module;
import dev.tandem.nn.Sequential;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an optimizer remembers, refuses and gives back. That the rules are right is shown elsewhere.
 */
class OptimizerTest {
  private static Module network(Backend backend) {
    var init = Machines.init(backend, DType.F32, 1);
    return Sequential.of(new Linear(init, 2, 3), new Linear(init, 3, 1));
  }

  private static void backward(Module network, Backend backend) {
    try (Tape _ = Tape.open()) {
      network
          .forward(Tensor.of(backend, new float[] {1, 2, 3, -4}, 2, 2))
          .square()
          .sum()
          .backward();
    }
  }

  private static Map<String, float[]> values(Map<String, Tensor> tensors) {
    Map<String, float[]> values = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> values.put(name, Machines.floats(tensor.toDoubles())));
    return values;
  }

  private static void assertSame(Map<String, float[]> expected, Map<String, float[]> actual) {
    assertEquals(List.copyOf(expected.keySet()), List.copyOf(actual.keySet()));
    expected.forEach((name, values) -> assertArrayEquals(values, actual.get(name), name));
  }

  @OnEveryMachine
  void statesAreNamedAfterTheirParameters(Backend backend) {
    Map<Rule, List<String>> letters = new LinkedHashMap<>();
    letters.put(Rule.Sgd.standard(), List.of());
    letters.put(Rule.Momentum.standard(), List.of("v"));
    letters.put(Rule.Nesterov.standard(), List.of("v"));
    letters.put(Rule.Adagrad.standard(), List.of("s"));
    letters.put(Rule.RmsProp.standard(), List.of("s"));
    letters.put(Rule.Adam.standard(), List.of("m", "v"));
    letters.put(Rule.AdamW.standard(), List.of("m", "v"));
    letters.put(Rule.Lion.standard(), List.of("m"));
    letters.forEach((rule, expected) -> {
      try (Module network = network(backend);
          Optimizer optimizer = new Optimizer(rule.update(), network.parameters())) {
        List<String> names = new ArrayList<>();
        network
            .parameters()
            .keySet()
            .forEach(name -> expected.forEach(letter -> names.add(name + "." + letter)));
        names.add("step");
        assertEquals(names, List.copyOf(optimizer.state().keySet()), rule.toString());
        network
            .parameters()
            .forEach((name, parameter) ->
                expected.forEach(letter -> {
                  Tensor state = optimizer.state().get(name + "." + letter);
                  assertEquals(parameter.type(), state.type());
                  assertArrayEquals(new double[(int) state.shape().elements()], state.toDoubles());
                }));
      }
    });
  }

  @OnEveryMachine
  void stepsAreCounted(Backend backend) {
    try (Module network = network(backend);
        Optimizer optimizer = new Optimizer(Rule.Sgd.standard().update(), network.parameters())) {
      optimizer.learningRate(0.01);
      assertEquals(0, optimizer.steps());
      backward(network, backend);
      optimizer.step();
      optimizer.step();
      assertEquals(2, optimizer.steps());
      assertArrayEquals(new int[] {2}, optimizer.state().get("step").toInts());
    }
  }

  @OnEveryMachine
  void theRateOfAStepIsTheLastOneSet(Backend backend) {
    try (Tensor w = Tensor.of(backend, new float[] {1}, 1).requireGradient();
        Optimizer optimizer = new Optimizer(Rule.Sgd.standard().update(), Map.of("w", w))) {
      assertTrue(Double.isNaN(optimizer.learningRate()));
      try (Tape _ = Tape.open()) {
        w.mul(1).sum().backward();
      }
      double expected = 1;
      for (double rate : new double[] {0.5, 0.125, 0.125, 0}) {
        optimizer.learningRate(rate);
        assertEquals(rate, optimizer.learningRate());
        optimizer.step();
        expected -= rate;
        assertArrayEquals(new double[] {expected}, w.toDoubles());
      }
      optimizer.clearGradients();
      assertTrue(w.gradient().isEmpty());
    }
  }

  /**
   * One parameter of four is not part of what is trained on: it is named, and nothing has changed,
   * not even the count.
   */
  @OnEveryMachine
  void aMissingGradientIsReportedByNameBeforeAnythingChanges(Backend backend) {
    try (Module network = network(backend);
        Optimizer optimizer = new Optimizer(Rule.Adam.standard().update(), network.parameters())) {
      optimizer.learningRate(0.1);
      Map<String, float[]> weights = values(network.parameters());
      Map<String, float[]> state = values(optimizer.state());
      try (Tape _ = Tape.open()) {
        Tensor x = Tensor.of(backend, new float[] {1, 2}, 1, 2);
        network.children().get("0").forward(x).sum().backward();
      }
      IllegalStateException refused = assertThrows(IllegalStateException.class, optimizer::step);
      assertEquals(
          "optimizer: no gradient reached these parameters, got none for [1.weight, 1.bias]; does"
              + " the loss depend on them, and did backward run? To leave them as they are, give"
              + " the optimizer the others",
          refused.getMessage());
      assertSame(weights, values(network.parameters()));
      assertSame(state, values(optimizer.state()));
      optimizer.clearGradients();
      assertThrows(IllegalStateException.class, optimizer::step);
      backward(network, backend);
      optimizer.step();
      assertEquals(1, optimizer.steps());
    }
  }

  @OnEveryMachine
  void aSubsetLeavesTheOthersAsTheyAre(Backend backend) {
    try (Module network = network(backend);
        Optimizer optimizer =
            new Optimizer(Rule.Sgd.standard().update(), network.children().get("1").parameters())) {
      optimizer.learningRate(0.1);
      Map<String, float[]> before = values(network.parameters());
      backward(network, backend);
      optimizer.step();
      Map<String, float[]> after = values(network.parameters());
      assertArrayEquals(before.get("0.weight"), after.get("0.weight"));
      assertFalse(Arrays.equals(before.get("1.weight"), after.get("1.weight")));
    }
  }

  /** Ten steps, and five steps, a state through host memory, and five more, give the same bits. */
  @OnRealMachines
  void aRestoredOptimizerGoesOnAsIfNothingHadHappened(Backend backend) {
    for (Rule rule :
        List.of(Rule.Adam.standard(), Rule.Momentum.standard(), Rule.RmsProp.standard())) {
      try (Module straight = network(backend);
          Module resumed = network(backend);
          Optimizer through = new Optimizer(rule.update(), straight.parameters());
          Optimizer first = new Optimizer(rule.update(), resumed.parameters());
          Optimizer second = new Optimizer(rule.update(), resumed.parameters())) {
        train(straight, through, backend, 10);
        train(resumed, first, backend, 5);
        Map<String, Tensor> saved = new LinkedHashMap<>();
        first.state().forEach((name, tensor) -> saved.put(name, tensor.copy()));
        second.restore(saved);
        saved.values().forEach(Tensor::close);
        assertEquals(5, second.steps());
        train(resumed, second, backend, 5);
        assertSame(values(straight.parameters()), values(resumed.parameters()));
        assertSame(values(through.state()), values(second.state()));
        assertEquals(10, second.steps());
      }
    }
  }

  private static void train(Module network, Optimizer optimizer, Backend backend, int steps) {
    optimizer.learningRate(0.01);
    for (int step = 0; step < steps; step++) {
      backward(network, backend);
      optimizer.step();
      optimizer.clearGradients();
    }
  }

  @OnEveryMachine
  void aStateOfAnotherNetworkIsRefusedAsAWhole(Backend backend) {
    try (Module network = network(backend);
        Optimizer optimizer =
            new Optimizer(Rule.Momentum.standard().update(), network.parameters());
        Scope _ = Scope.open()) {
      Map<String, Tensor> wrong = new LinkedHashMap<>(optimizer.state());
      wrong.remove("0.bias.v");
      wrong.put("0.weight.v", Tensor.zeros(backend, TensorType.f32(9)));
      wrong.put("7.weight.v", Tensor.zeros(backend, TensorType.f32(9)));
      IllegalArgumentException refused =
          assertThrows(IllegalArgumentException.class, () -> optimizer.restore(wrong));
      assertEquals(
          "optimizer: the saved state is not of Momentum[momentum=0.9, nesterov=false,"
              + " weightDecay=0.0] for these parameters, got 0.weight.v is F32 (9), not F32 (3, 2),"
              + " 0.bias.v is missing, 7.weight.v is unknown; restore with the network and the rule"
              + " it was saved with",
          refused.getMessage());
    }
  }

  @OnDoubles
  void parametersOfTwoElementTypesEachGetARateOfTheirOwn(Backend backend) {
    try (Tensor narrow = Tensor.of(backend, new float[] {1}, 1).requireGradient();
        Tensor wide = Tensor.of(backend, new double[] {1}, 1).requireGradient();
        Optimizer optimizer =
            new Optimizer(Rule.Sgd.standard().update(), Map.of("narrow", narrow, "wide", wide))) {
      optimizer.learningRate(0.1);
      try (Tape _ = Tape.open()) {
        narrow.mul(1).sum().cast(DType.F64).add(wide.mul(1).sum()).backward();
      }
      optimizer.step();
      assertArrayEquals(new double[] {1 - 0.1}, wide.toDoubles());
      assertArrayEquals(new float[] {1 - 0.1f}, narrow.toFloats());
    }
  }

  @OnEveryMachine
  void whatCannotBeTrainedIsRefused(Backend backend) {
    var update = Rule.Sgd.standard().update();
    try (Scope _ = Scope.open();
        Tensor leaf = Tensor.of(backend, new float[] {1}, 1).requireGradient()) {
      assertEquals(
          "optimizer: nothing to train, got no parameters; give those of a module",
          assertThrows(IllegalArgumentException.class, () -> new Optimizer(update, Map.of()))
              .getMessage());
      Tensor constant = Tensor.of(backend, new float[] {1}, 1);
      assertEquals(
          "optimizer: a parameter must be a leaf that requires a gradient, got w F32 (1) on "
              + backend.name()
              + "; register it as a parameter",
          assertThrows(
                  IllegalArgumentException.class,
                  () -> new Optimizer(update, Map.of("w", constant)))
              .getMessage());
      Map<String, Tensor> twice = new LinkedHashMap<>();
      twice.put("a", leaf);
      twice.put("b", leaf);
      assertEquals(
          "optimizer: a parameter would be updated twice a step, got a second name b F32 (1) on "
              + backend.name()
              + "; name it once",
          assertThrows(IllegalArgumentException.class, () -> new Optimizer(update, twice))
              .getMessage());
      try (Optimizer optimizer = new Optimizer(update, Map.of("w", leaf))) {
        assertEquals(
            "optimizer: no learning rate, got a step before one was set; call learningRate first",
            assertThrows(IllegalStateException.class, optimizer::step).getMessage());
        for (double rate : new double[] {-0.1, Double.NaN, Double.POSITIVE_INFINITY}) {
          assertThrows(IllegalArgumentException.class, () -> optimizer.learningRate(rate));
        }
      }
    }
  }

  @OnEveryMachine
  void closingFreesTheStatesAndLeavesTheParameters(Backend backend) {
    try (Module network = network(backend)) {
      long before = backend.memory().buffers();
      Optimizer optimizer = new Optimizer(Rule.Adam.standard().update(), network.parameters());
      assertEquals(
          before + 4 * 2 + 3,
          backend.memory().buffers(),
          "two states a parameter, the rate, the factor 1 and the count");
      optimizer.close();
      assertEquals(before, backend.memory().buffers());
      assertEquals(6, network.parameters().get("0.weight").toFloats().length);
    }
  }
}
