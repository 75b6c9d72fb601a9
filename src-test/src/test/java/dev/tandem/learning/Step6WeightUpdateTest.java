package dev.tandem.learning;

import static dev.tandem.learning.Machines.assertNear;
import static dev.tandem.learning.Machines.set;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.nn.Activation;
import dev.tandem.nn.Init;
import dev.tandem.nn.Linear;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.Module;
import dev.tandem.nn.Sequential;
import dev.tandem.optim.Clipping;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.Rule;
import dev.tandem.optim.Schedule;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Step 6: every weight moves against its derivative, w = w - lr * dw, after one sample, some, or
 * all of them.
 */
class Step6WeightUpdateTest {
  private static final int SAMPLES = 10;

  /** loss = sum(w * dw), whose derivative by w is dw itself. */
  private static void give(Tensor parameter, double... gradient) {
    try (Tape _ = Tape.open()) {
      int[] lengths = parameter.shape().lengths();
      parameter
          .mul(Machines.tensor(parameter.backend(), parameter.dtype(), gradient, lengths))
          .sum()
          .backward();
    }
  }

  /** One product and one difference, each rounded to F32: no fused multiply-add, no other order. */
  @OnRealMachines
  void theDeltaRuleHoldsToTheBit(Backend backend) {
    int count = 1003; // not a multiple of any vector's lanes
    float[] weights = new Random(1).normal(count, 0, 1);
    float[] gradients = new Random(2).normal(count, 0, 1);
    float rate = 0.1f;
    float[] expected = new float[count];
    for (int i = 0; i < count; i++) {
      float change = rate * gradients[i];
      expected[i] = weights[i] - change;
    }
    try (Tensor w = Tensor.of(backend, weights, count).requireGradient();
        Optimizer optimizer = new Optimizer(Rule.Sgd.standard().update(), Map.of("w", w))) {
      optimizer.learningRate(0.1);
      give(w, IntStream.range(0, count).mapToDouble(i -> gradients[i]).toArray());
      optimizer.step();
      assertArrayEquals(expected, w.toFloats());
    }
  }

  @OnDoubles
  void theDeltaRuleGoesDownhill(Backend backend) {
    try (Tensor w = Tensor.of(backend, new double[] {4}, 1).requireGradient();
        Optimizer optimizer = new Optimizer(Rule.Sgd.standard().update(), Map.of("w", w))) {
      optimizer.learningRate(0.25);
      // L = w^2, so w becomes w - 0.25 * 2 w: it halves.
      for (double expected : new double[] {2, 1, 0.5, 0.25}) {
        try (Tape _ = Tape.open()) {
          w.square().sum().backward();
          optimizer.step();
          optimizer.clearGradients();
        }
        assertArrayEquals(new double[] {expected}, w.toDoubles());
      }
    }
  }

  /** The first two steps of each rule from w = 1 with dw = 0.5 and then -1, worked out by hand. */
  @OnDoubles
  void eachRuleByHand(Backend backend) {
    double lr = 0.1;
    Map<Rule, double[]> expected = new LinkedHashMap<>();
    expected.put(Rule.Sgd.standard(), new double[] {0.95, 1.05});
    // g = dw + 0.2 w: 0.7, then -1 + 0.186.
    expected.put(new Rule.Sgd(0.2), new double[] {0.93, 0.93 + 0.0814});
    // v = 0.5, then 0.45 - 1.
    expected.put(Rule.Momentum.standard(), new double[] {0.95, 0.95 + 0.055});
    // dw + 0.9 v: 0.95, then -1 - 0.495.
    expected.put(Rule.Nesterov.standard(), new double[] {0.905, 0.905 + 0.1495});
    // The first step is lr in full, the second by 1 / sqrt(1.25).
    expected.put(Rule.Adagrad.standard(), new double[] {0.9, 0.9 + 0.1 / Math.sqrt(1.25)});
    // s = 0.0025, then 0.012475.
    expected.put(Rule.RmsProp.standard(), new double[] {0, 0 + 0.1 / Math.sqrt(0.012475)});
    // Corrected moments: 0.5 and 0.25, then (0.045 - 0.1) / 0.19 and (0.00024975 + 0.001) /
    // 0.001999.
    double second = 0.1 * (0.055 / 0.19) / Math.sqrt(0.00124975 / 0.001999);
    expected.put(Rule.Adam.standard(), new double[] {0.9, 0.9 + second});
    // w shrinks by 1 - 0.1 * 0.01 first.
    expected.put(Rule.AdamW.standard(), new double[] {0.899, 0.899 * 0.999 + second});
    // sign(0.05), then sign(0.9 * 0.005 - 0.1).
    expected.put(Rule.Lion.standard(), new double[] {0.9, 1});
    expected.put(new Rule.Lion(0.9, 0.99, 1), new double[] {0.8, 0.82});
    expected.forEach((rule, weights) -> {
      try (Tensor w = Tensor.of(backend, new double[] {1}, 1).requireGradient();
          Optimizer optimizer = new Optimizer(rule.update(), Map.of("w", w))) {
        optimizer.learningRate(lr);
        for (int step = 0; step < 2; step++) {
          give(w, step == 0 ? 0.5 : -1);
          optimizer.step();
          optimizer.clearGradients();
          // The epsilons of Adam and RMSProp, 1e-8, are left out above.
          assertNear(new double[] {weights[step]}, w, 1e-6, rule + " after step " + (step + 1));
        }
      }
    });
  }

  /** Every rule finds the bottom of a valley that is ten times steeper one way than the other. */
  @OnDoubles
  void everyRuleDescends(Backend backend) {
    for (Rule rule :
        List.of(
            Rule.Sgd.standard(),
            Rule.Momentum.standard(),
            Rule.Nesterov.standard(),
            Rule.Adagrad.standard(),
            Rule.RmsProp.standard(),
            Rule.Adam.standard(),
            Rule.AdamW.standard(),
            Rule.Lion.standard())) {
      double base = rule instanceof Rule.Adagrad ? 0.5 : 0.03;
      Schedule schedule = new Schedule.Cosine(300, 0);
      try (Tensor w = Tensor.of(backend, new double[] {2, -1.5}, 2).requireGradient();
          Tensor steepness = Tensor.of(backend, new double[] {1, 10}, 2);
          Optimizer optimizer = new Optimizer(rule.update(), Map.of("w", w))) {
        for (int step = 0; step < 300; step++) {
          optimizer.learningRate(schedule.at(step, base));
          try (Tape _ = Tape.open()) {
            w.square().mul(steepness).sum().backward();
            optimizer.step();
            optimizer.clearGradients();
          }
        }
        double[] end = w.toDoubles();
        double loss = end[0] * end[0] + 10 * end[1] * end[1];
        // From 26.5.
        assertTrue(loss < 0.05, rule + " ends at " + loss);
      }
    }
  }

  @OnDoubles
  void weightDecayPullsToZeroWhatTheLossLeavesAlone(Backend backend) {
    for (Rule rule :
        List.of(
            new Rule.Sgd(0.1), new Rule.Momentum(0, 0.1), new Rule.AdamW(0.9, 0.999, 1e-8, 0.1))) {
      try (Tensor w = Tensor.of(backend, new double[] {1}, 1).requireGradient();
          Optimizer optimizer = new Optimizer(rule.update(), Map.of("w", w))) {
        optimizer.learningRate(0.5);
        for (int step = 0; step < 10; step++) {
          give(w, 0);
          optimizer.step();
          optimizer.clearGradients();
        }
        assertNear(new double[] {Math.pow(1 - 0.5 * 0.1, 10)}, w, 1e-12, rule.toString());
      }
    }
  }

  @OnDoubles
  void clippingShortensTheStepAndKeepsItsDirection(Backend backend) {
    try (Tensor w = Tensor.of(backend, new double[] {0, 0}, 2).requireGradient();
        Optimizer optimizer = new Optimizer(Rule.Sgd.standard().update(), Map.of("w", w))) {
      optimizer.learningRate(1);
      give(w, 30, -40);
      new Clipping.ByGlobalNorm(5).apply(List.of(w));
      optimizer.step();
      // The norm is 50, so a tenth; the 1e-6 in the formula takes 2e-8 of it.
      assertNear(new double[] {-3, 4}, w, 1e-7, "by global norm");
      optimizer.clearGradients();
      set(w, 0, 0);
      give(w, 0.5, -40);
      new Clipping.ByValue(2).apply(List.of(w));
      optimizer.step();
      assertNear(new double[] {-0.5, 2}, w, 0, "by value");
    }
  }

  private static Module network(Backend backend) {
    Init init = Machines.init(backend, DType.F64, 9);
    return Sequential.of(new Linear(init, 3, 4), Activation.of("tanh"), new Linear(init, 4, 2));
  }

  private static Tensor data(Backend backend, long seed, int features) {
    float[] values = new Random(seed).normal(SAMPLES * features, 0, 1);
    return Tensor.of(
        backend,
        IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray(),
        SAMPLES,
        features);
  }

  /** One epoch in batches of the size, from the same network. Returns the number of updates. */
  private static long epoch(Backend backend, int batch) {
    try (Module network = network(backend);
        Tensor x = data(backend, 1, 3);
        Tensor target = data(backend, 2, 2);
        Optimizer optimizer = new Optimizer(Rule.Sgd.standard().update(), network.parameters())) {
      optimizer.learningRate(0.01);
      double before = loss(network, x, target);
      for (int start = 0; start < SAMPLES; start += batch) {
        try (Tape _ = Tape.open()) {
          int size = Math.min(batch, SAMPLES - start);
          new LossFunction.SquaredError()
              .mean(network.forward(x.slice(0, start, size)), target.slice(0, start, size))
              .backward();
          optimizer.step();
          optimizer.clearGradients();
        }
      }
      assertTrue(
          loss(network, x, target) < before,
          "an epoch in batches of " + batch + " lowers the loss");
      return optimizer.steps();
    }
  }

  private static double loss(Module network, Tensor x, Tensor target) {
    try (Scope _ = Scope.open()) {
      return new LossFunction.SquaredError().mean(network.forward(x), target).item();
    }
  }

  @OnDoubles
  void anEpochHasAnUpdateASampleABatchOrOne(Backend backend) {
    assertEquals(SAMPLES, epoch(backend, 1), "online");
    assertEquals(4, epoch(backend, 3), "mini-batch: ceil(10 / 3)");
    assertEquals(1, epoch(backend, SAMPLES), "full batch");
  }

  /** What online learning sees sample by sample adds up to what the full batch sees at once. */
  @OnDoubles
  void theFullBatchGradientIsTheMeanOfTheOnlineGradients(Backend backend) {
    try (Module network = network(backend);
        Tensor x = data(backend, 1, 3);
        Tensor target = data(backend, 2, 2)) {
      LossFunction loss = new LossFunction.SquaredError();
      try (Tape _ = Tape.open()) {
        loss.mean(network.forward(x), target).backward();
      }
      Map<String, double[]> full = new LinkedHashMap<>();
      network
          .parameters()
          .forEach((name, w) -> full.put(name, w.gradient().orElseThrow().toDoubles()));
      Map<String, double[]> mean = new LinkedHashMap<>();
      for (int sample = 0; sample < SAMPLES; sample++) {
        network.parameters().values().forEach(Tensor::clearGradient);
        try (Tape _ = Tape.open()) {
          loss.mean(network.forward(x.slice(0, sample, 1)), target.slice(0, sample, 1)).backward();
        }
        network
            .parameters()
            .forEach((name, w) -> {
              double[] online = w.gradient().orElseThrow().toDoubles();
              double[] sum = mean.computeIfAbsent(name, _ -> new double[online.length]);
              for (int i = 0; i < sum.length; i++) {
                sum[i] += online[i] / SAMPLES;
              }
            });
      }
      // F64 sums of ten terms in another order.
      full.forEach((name, gradient) -> assertNear(gradient, mean.get(name), 1e-14, name));
    }
  }

  /**
   * In a loop of steps nothing is left over: memory is the same after every one of them from the
   * third on.
   */
  @OnEveryMachine
  void memoryIsFlatAfterTheThirdStep(Backend backend) {
    try (Module network =
            Sequential.of(
                new Linear(Machines.init(backend, DType.F32, 1), 20, 30),
                Activation.of("gelu"),
                new Linear(Machines.init(backend, DType.F32, 2), 30, 1));
        Tensor x = Tensor.full(backend, new TensorType(DType.F32, Shape.of(8, 20)), 0.5);
        Tensor target = Tensor.full(backend, new TensorType(DType.F32, Shape.of(8, 1)), 1);
        Optimizer optimizer = new Optimizer(Rule.Adam.standard().update(), network.parameters())) {
      Clipping clipping = new Clipping.ByGlobalNorm(1);
      List<String> memory = new ArrayList<>();
      for (int step = 0; step < 10; step++) {
        optimizer.learningRate(new Schedule.Cosine(10, 0).at(step, 1e-3));
        try (Tape _ = Tape.open()) {
          new LossFunction.SquaredError().mean(network.forward(x), target).backward();
          clipping.apply(network.parameters().values());
          optimizer.step();
          optimizer.clearGradients();
        }
        backend.finish();
        memory.add(backend.memory().toString());
      }
      assertEquals(1, memory.subList(2, 10).stream().distinct().count(), memory.toString());
    }
  }
}
