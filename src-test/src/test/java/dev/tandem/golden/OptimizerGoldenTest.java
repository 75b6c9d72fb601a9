package dev.tandem.golden;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Operand;
import dev.tandem.conformance.Values;
import dev.tandem.golden.Agreement.Setting;
import dev.tandem.golden.GoldenFile.Case;
import dev.tandem.golden.GoldenFile.Entry;
import dev.tandem.op.Update.Adagrad;
import dev.tandem.op.Update.Adam;
import dev.tandem.op.Update.Increment;
import dev.tandem.op.Update.Lion;
import dev.tandem.op.Update.Momentum;
import dev.tandem.op.Update.Optimizer;
import dev.tandem.op.Update.RmsProp;
import dev.tandem.op.Update.Sgd;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * A hundred steps of each optimizer on one sequence of gradients, which is constant in one weight, alternating
 * in the next, then mostly absent, tiny, huge and random; the learning rate changes with the step. No network
 * takes part, so that a difference is the optimizer's.
 */
final class OptimizerGoldenTest {
  @TestFactory
  Stream<DynamicTest> followsPyTorchForAHundredSteps() {
    GoldenFile file = GoldenFile.read("optimizers");
    Case problem = file.named("problem");
    List<Setting> settings = Agreement.settings();
    return file.cases().stream()
        .filter(golden -> golden != problem)
        .flatMap(golden ->
            settings.stream()
                .filter(setting ->
                    golden.name().endsWith(setting.dtype() == DType.F64 ? "_f64" : "_f32"))
                .map(setting ->
                    DynamicTest.dynamicTest(
                        golden.name() + " " + setting, () -> replay(problem, golden, setting))));
  }

  private static void replay(Case problem, Case golden, Setting setting) {
    Backend backend = setting.backend();
    Optimizer optimizer = optimizer(golden);
    Values start = problem.entry("in", "w").as(setting.dtype());
    Values gradients = problem.entry("in", "gradients");
    double[] rates = problem.entry("in", "rates").data();

    List<Operand> operands = new ArrayList<>();
    operands.add(start.on(backend));
    for (int state = 0; state < optimizer.states(); state++) {
      operands.add(Values.zeros(start.type()).on(backend));
    }
    Operand dw = Values.zeros(start.type()).on(backend);
    Operand lr = Values.scalar(setting.dtype(), 0).on(backend);
    Operand t = Values.scalar(DType.I32, 0).on(backend);
    operands.add(dw);
    operands.add(lr);
    if (optimizer.counted()) {
      operands.add(t);
    }

    List<Entry> expected = new ArrayList<>(golden.entries("out"));
    int weights = start.data().length;
    double reach = 1;
    for (int step = 1; step <= rates.length; step++) {
      double[] gradient =
          Arrays.copyOfRange(gradients.data(), (step - 1) * weights, step * weights);
      backend.write(dw.buffer(), Values.of(setting.dtype(), Shape.of(weights), gradient).bytes());
      backend.write(lr.buffer(), Values.scalar(setting.dtype(), rates[step - 1]).bytes());
      backend.update(new Increment(), List.of(t));
      backend.update(optimizer, operands);
      if (!expected.isEmpty() && expected.getFirst().name().equals("w" + step)) {
        double[] actual = Values.from(backend, operands.getFirst()).data();
        double[] should = expected.removeFirst().values().data();
        // A weight that has been far out and comes back keeps the rounding it met there.
        reach = Math.max(reach, Arrays.stream(should).map(Math::abs).max().orElse(0));
        double tolerance = setting.dtype() == DType.F64 ? 1e-12 : 1e-5;
        Agreement.check(
            golden.name() + " " + setting + " after step " + step,
            should,
            actual,
            tolerance,
            tolerance / 10 * reach);
      }
    }
    if (!expected.isEmpty()) {
      throw new AssertionError(
          golden.name() + ": steps never reached: " + expected.stream().map(Entry::name).toList());
    }
    operands.forEach(operand -> operand.buffer().close());
    t.buffer().close();
  }

  private static Optimizer optimizer(Case golden) {
    double decay = golden.number("weight_decay", 0);
    return switch (golden.op()) {
      case "sgd" -> new Sgd(decay);
      case "momentum" ->
          new Momentum(
              golden.attribute("momentum")[0], golden.attribute("nesterov")[0] != 0, decay);
      case "adagrad" -> new Adagrad(golden.attribute("epsilon")[0], decay);
      case "rms_prop" ->
          new RmsProp(golden.attribute("alpha")[0], golden.attribute("epsilon")[0], decay);
      case "adam" ->
          new Adam(
              golden.attribute("betas")[0],
              golden.attribute("betas")[1],
              golden.attribute("epsilon")[0],
              decay,
              golden.attribute("decoupled")[0] != 0);
      case "lion" -> new Lion(golden.attribute("betas")[0], golden.attribute("betas")[1], decay);
      default ->
          throw new IllegalArgumentException(
              "golden: no such optimizer, got " + golden.op() + "; add it here");
    };
  }
}
