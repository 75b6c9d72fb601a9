package dev.tandem.network;

import dev.tandem.backend.Backend;
import dev.tandem.conformance.ConformanceReport;
import dev.tandem.conformance.Values;
import dev.tandem.golden.Agreement;
import dev.tandem.golden.Agreement.Setting;
import dev.tandem.golden.GoldenFile;
import dev.tandem.golden.GoldenFile.Case;
import dev.tandem.op.Update.Increment;
import dev.tandem.op.Update.Optimizer;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * Trains a small network as make_golden.py did and compares: every gradient of step 0, ten losses, the last
 * weights.
 */
final class NetworkGolden {
  private NetworkGolden() {}

  /** The logits of a batch. */
  interface Forward {
    Tensor of(Map<String, Tensor> parameters, Tensor x);
  }

  /** What the network starts from, in the order in which make_golden.py draws it. */
  record Start(Map<String, Values> parameters, Values x, Values targets) {}

  interface Starting {
    Start in(DType dtype);
  }

  static Stream<DynamicTest> tests(
      String name, Starting start, Forward forward, Optimizer optimizer, double lr) {
    Case golden = GoldenFile.read("networks").named(name);
    return Agreement.settings().stream()
        .map(setting ->
            DynamicTest.dynamicTest(
                name + " " + setting,
                () -> {
                  train(golden, start.in(setting.dtype()), forward, optimizer, lr, setting);
                  ConformanceReport.trained(setting.backend());
                }));
  }

  private static void train(
      Case golden, Start start, Forward forward, Optimizer optimizer, double lr, Setting setting) {
    Backend backend = setting.backend();
    Map<String, Tensor> parameters = new LinkedHashMap<>();
    start.parameters.forEach(
        (name, values) -> parameters.put(name, tensor(backend, values).requireGradient()));
    Map<String, List<Tensor>> states = new LinkedHashMap<>();
    parameters.forEach((name, parameter) ->
        states.put(
            name,
            Stream.generate(() -> Tensor.zeros(backend, parameter.type()))
                .limit(optimizer.states())
                .toList()));
    Tensor x = tensor(backend, start.x);
    Tensor targets = tensor(backend, start.targets);
    Tensor rate = Tensor.scalar(backend, setting.dtype(), lr);
    Tensor count = Tensor.zeros(backend, new TensorType(DType.I32, Shape.scalar()));
    double[] expected = golden.entry("out", "losses").data();
    double[] losses = new double[expected.length];
    Map<String, Double> drift = new LinkedHashMap<>();
    for (int step = 0; step < losses.length; step++) {
      try (Tape tape = Tape.open()) {
        Tensor loss = forward.of(parameters, x).crossEntropy(targets, 0).mean();
        losses[step] = loss.item();
        tape.backward(loss);
      }
      if (step == 0) {
        parameters.forEach((name, parameter) ->
            drift.merge(
                "gradients",
                compare(golden, setting, "grad", name, parameter.gradient().orElseThrow()),
                Math::max));
      }
      Tensor.update(new Increment(), count);
      parameters.forEach((name, parameter) -> {
        List<Tensor> operands = new ArrayList<>();
        operands.add(parameter);
        operands.addAll(states.get(name));
        operands.add(parameter.gradient().orElseThrow());
        operands.add(rate);
        if (optimizer.counted()) {
          operands.add(count);
        }
        Tensor.update(optimizer, operands.toArray(Tensor[]::new));
        parameter.clearGradient();
      });
    }
    // Ten steps amplify what the first gets wrong, about tenfold here.
    double tolerance = setting.dtype() == DType.F64 ? 1e-8 : 2e-5;
    Agreement.check(golden.name() + " " + setting + ", losses", expected, losses, tolerance, 0);
    drift.put("ten losses", largest(expected, losses));
    parameters.forEach((name, parameter) ->
        drift.merge("last weights", compare(golden, setting, "out", name, parameter), Math::max));
    System.out.println(
        "network "
            + golden.name()
            + " "
            + setting
            + ", largest difference from PyTorch: "
            + drift.entrySet().stream()
                .map(entry ->
                    String.format(Locale.ROOT, "%s %.1e", entry.getKey(), entry.getValue()))
                .collect(Collectors.joining(", ")));
    states.values().forEach(list -> list.forEach(Tensor::close));
    parameters.values().forEach(Tensor::close);
    Stream.of(x, targets, rate, count).forEach(Tensor::close);
  }

  /**
   * Gradients here are of order 0.1 and weights of order 1; both are sums of some ten such terms.
   *
   * @return the largest difference
   */
  private static double compare(
      Case golden, Setting setting, String kind, String name, Tensor actual) {
    boolean gradient = kind.equals("grad");
    double tolerance = setting.dtype() == DType.F64 ? 1e-8 : gradient ? 1e-6 : 1e-4;
    double[] expected = golden.entry(kind, name).data();
    double[] found = actual.toDoubles();
    Agreement.check(
        golden.name() + " " + setting + ", " + (gradient ? "gradient of " : "last ") + name,
        expected,
        found,
        tolerance,
        tolerance);
    return largest(expected, found);
  }

  private static double largest(double[] expected, double[] actual) {
    double largest = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i] - actual[i]));
    }
    return largest;
  }

  private static Tensor tensor(Backend backend, Values values) {
    return Tensor.of(backend, values.type(), values.bytes());
  }
}
