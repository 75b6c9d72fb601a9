package dev.tandem.nn;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.learning.Machines;
import dev.tandem.learning.OnRealMachines;
import dev.tandem.optim.Clipping;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.Rule;
import dev.tandem.shape.DType;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * A whole step by the ops that models use: packed attention, sums with their norms, bias with GELU, losses with dlogits in place of
 * the logits, one update of all weights. Every parameter gets a gradient that is not 0, and moves.
 */
final class LanguageModelStepTest {
  private static final int VOCABULARY = 65;
  private static final int ROWS = 2;
  private static final int CONTEXT = 12;

  /** So large that weights of BF16 near 1, whose neighbours are 1 / 256 apart, move. */
  private static final double RATE = 0.02;

  @OnRealMachines
  void everyParameterOfAGptMoves(Backend backend) {
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16)) {
      step(
          backend,
          dtype,
          init -> new Gpt(init, new Gpt.Config(VOCABULARY, CONTEXT, 2, 2, 16, 0.1, false)));
    }
  }

  @OnRealMachines
  void everyParameterOfALlamaMoves(Backend backend) {
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16)) {
      step(
          backend,
          dtype,
          init ->
              new Llama(
                  init,
                  new Llama.Config(
                      VOCABULARY, CONTEXT, 2, 4, 2, 16, 24, 10000, 1e-6, false, false)));
    }
  }

  private static void step(Backend backend, DType dtype, Function<Init, LanguageModel> maker) {
    // F16's smallest gradients would be 0 without a scale.
    double scale = dtype == DType.F16 ? 1024 : 1;
    try (LanguageModel model = maker.apply(Machines.init(backend, dtype, 3));
        Optimizer optimizer = new Optimizer(Rule.AdamW.standard().update(), model.parameters());
        Scope _ = Scope.open()) {
      optimizer.learningRate(RATE);
      int[] ids = new int[ROWS * CONTEXT];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = (7 * i * i + 3 * i + 1) % VOCABULARY;
      }
      Map<String, double[]> gradients = new LinkedHashMap<>();
      Map<String, double[]> before = new LinkedHashMap<>();
      try (Tape tape = Tape.open()) {
        Tensor tokens = Tensor.of(backend, ids, ROWS, CONTEXT);
        Tensor loss =
            new LossFunction.CrossEntropy(0).mean(model.forward(tokens), tokens).mul(scale);
        tape.backward(loss);
        model
            .parameters()
            .forEach((name, parameter) -> {
              gradients.put(name, parameter.gradient().orElseThrow().toDoubles());
              before.put(name, parameter.toDoubles());
            });
        Tensor norm = Clipping.globalNorm(model.parameters().values());
        optimizer.step(new Clipping.ByGlobalNorm(1).factor(norm.div(scale)).div(scale));
        optimizer.clearGradients();
      }
      model
          .parameters()
          .forEach((name, parameter) ->
              moved(
                  model.describe() + " " + dtype + " " + name,
                  gradients.get(name),
                  before.get(name),
                  parameter.toDoubles()));
    }
  }

  private static void moved(String what, double[] gradient, double[] before, double[] after) {
    int pulled = 0;
    int moved = 0;
    for (int i = 0; i < before.length; i++) {
      assertTrue(Double.isFinite(after[i]), what);
      pulled += gradient[i] == 0 ? 0 : 1;
      moved += gradient[i] != 0 && after[i] != before[i] ? 1 : 0;
    }
    assertTrue(pulled > 0, what + " has no gradient");
    // Adam's first step is as large as the rate for all gradients but those near its epsilon, as
    // the keys' biases have.
    assertTrue(moved >= 0.6 * pulled, what + ": " + moved + " of " + pulled + " moved");
  }
}
