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
import dev.tandem.nn.Init;
import dev.tandem.nn.Linear;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.Module;
import dev.tandem.nn.Sequential;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Op;
import dev.tandem.shape.DType;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.List;

/**
 * Step 5: the error runs back through composed functions, call by call from a stack, by the chain
 * rule.
 */
class Step5BackPropagationTest {
  private static final double[] W1 = {0.5, -0.25, 1, 0.75};
  private static final double[] B1 = {0.1, -0.2};
  private static final double[] W2 = {1.5, -2};
  private static final double B2 = 0.3;
  private static final double[] X = {1, -2};
  private static final double TARGET = 0.5;

  private static Module twoLayers(Backend backend, DType dtype) {
    Init init = Machines.init(backend, dtype, 1);
    Module network =
        Sequential.of(new Linear(init, 2, 2), Activation.of("tanh"), new Linear(init, 2, 1));
    set(network.parameters().get("0.weight"), W1);
    set(network.parameters().get("0.bias"), B1);
    set(network.parameters().get("2.weight"), W2);
    set(network.parameters().get("2.bias"), B2);
    return network;
  }

  private static Tensor loss(Backend backend, Module network) {
    DType dtype = network.parameters().get("2.bias").dtype();
    return new LossFunction.SquaredError()
        .sum(
            network.forward(Machines.tensor(backend, dtype, X, 1, 2)),
            Machines.tensor(backend, dtype, new double[] {TARGET}, 1, 1));
  }

  private static double[] gradient(Module network, String name) {
    return network.parameters().get(name).gradient().orElseThrow().toDoubles();
  }

  /** L = (w2 . tanh(W1 x + b1) + b2 - t)^2, differentiated by hand from the outside in. */
  @OnDoubles
  void theChainRuleByHandIsWhatTheTapeDoes(Backend backend) {
    double[] h = new double[2];
    for (int i = 0; i < 2; i++) {
      h[i] = Math.tanh(W1[2 * i] * X[0] + W1[2 * i + 1] * X[1] + B1[i]);
    }
    double dy = 2 * (W2[0] * h[0] + W2[1] * h[1] + B2 - TARGET);
    double[] dz = new double[2];
    double[] dw1 = new double[4];
    for (int i = 0; i < 2; i++) {
      dz[i] = dy * W2[i] * (1 - h[i] * h[i]);
      dw1[2 * i] = dz[i] * X[0];
      dw1[2 * i + 1] = dz[i] * X[1];
    }
    try (Module network = twoLayers(backend, DType.F64)) {
      try (Tape _ = Tape.open()) {
        loss(backend, network).backward();
      }
      // By hand and by tape agree to rounding; the oracle's own derivatives are central
      // differences, good to 1e-9.
      assertNear(dw1, gradient(network, "0.weight"), 1e-9, "dW1");
      assertNear(dz, gradient(network, "0.bias"), 1e-9, "db1");
      assertNear(new double[] {dy * h[0], dy * h[1]}, gradient(network, "2.weight"), 1e-9, "dW2");
      assertNear(new double[] {dy}, gradient(network, "2.bias"), 1e-9, "db2");
    }
  }

  @OnEveryMachine
  void theStackOfCallsIsThereToSeeAndIsPoppedByBackward(Backend backend) {
    try (Module network = twoLayers(backend, DType.F32);
        Tape tape = Tape.open()) {
      Tensor loss = loss(backend, network);
      List<String> calls = tape.ops().stream().map(Op::name).toList();
      assertEquals(
          List.of("biased_matmul", "tanh", "biased_matmul", "sub", "mul", "sum", "sum"), calls);
      loss.backward();
      assertEquals(List.of(), tape.ops());
    }
  }

  @OnEveryMachine
  void gradientsAddUpOverTwoPasses(Backend backend) {
    try (Module network = twoLayers(backend, DType.F32)) {
      try (Tape _ = Tape.open()) {
        loss(backend, network).backward();
      }
      double[] once = gradient(network, "0.weight");
      try (Tape _ = Tape.open()) {
        loss(backend, network).backward();
      }
      double[] twice = gradient(network, "0.weight");
      for (int i = 0; i < once.length; i++) {
        assertEquals(2 * once[i], twice[i], "doubling is exact in binary");
      }
      network.parameters().values().forEach(Tensor::clearGradient);
      assertTrue(network.parameters().get("0.weight").gradient().isEmpty());
    }
  }

  /** A weight used in two places gets what comes back from both: y = w * (w * x). */
  @OnEveryMachine
  void contributionsOfSeveralUsesAddUp(Backend backend) {
    try (Tensor w = Tensor.of(backend, new float[] {3}, 1).requireGradient()) {
      try (Tape _ = Tape.open()) {
        w.mul(w.mul(Tensor.of(backend, new float[] {5}, 1))).sum().backward();
      }
      assertArrayEquals(new double[] {2 * 3 * 5}, w.gradient().orElseThrow().toDoubles());
    }
  }

  @OnEveryMachine
  void noGradRecordsNothing(Backend backend) {
    try (Module network = twoLayers(backend, DType.F32);
        Tape tape = Tape.open()) {
      try (Tape.Pause _ = Tape.noGrad()) {
        Tensor loss = loss(backend, network);
        assertEquals(0, tape.size());
        IllegalStateException refused = assertThrows(IllegalStateException.class, loss::backward);
        assertEquals(
            "backward: the tensor does not depend on one that requires a gradient, got F32 ();"
                + " compute it on this tape, from parameters, and go back from it once",
            refused.getMessage());
      }
      loss(backend, network);
      assertFalse(tape.ops().isEmpty());
    }
  }

  /**
   * What is detached counts as a constant: y = w * detach(w * x) has the derivative w * x, not 2
   * w x.
   */
  @OnEveryMachine
  void detachCutsTheChain(Backend backend) {
    try (Tensor w = Tensor.of(backend, new float[] {3}, 1).requireGradient()) {
      try (Tape _ = Tape.open()) {
        w.mul(w.mul(Tensor.of(backend, new float[] {5}, 1)).detach()).sum().backward();
      }
      assertArrayEquals(new double[] {15}, w.gradient().orElseThrow().toDoubles());
    }
  }

  /** A gradient never vanishes without a word: where there is none, backward names the op. */
  @OnEveryMachine
  void anOpWithoutAGradientIsNamed(Backend backend) {
    try (Tensor w = Tensor.of(backend, new float[] {3, 1}, 1, 2).requireGradient();
        Tensor dy = Tensor.of(backend, new float[] {1, 1}, 1, 2)) {
      try (Tape _ = Tape.open()) {
        Tensor derivative = Tensor.apply(new Elementwise.TanhGrad(), w.tanh(), dy);
        UnsupportedOperationException second =
            assertThrows(UnsupportedOperationException.class, () -> derivative.sum().backward());
        assertEquals(
            "tanh_grad: has no gradient, got one to pass on; second-order gradients are not"
                + " recorded; compose the forward from simpler ops",
            second.getMessage());
      }
      try (Tape _ = Tape.open()) {
        Tensor loss = w.softCrossEntropy(w.softmax(1)).sum();
        UnsupportedOperationException learned =
            assertThrows(UnsupportedOperationException.class, loss::backward);
        assertEquals(
            "soft_cross_entropy: has no gradient, got one to pass on; its targets are given, not "
                + "learned; compose it from log_softmax, mul and sum",
            learned.getMessage());
      }
      try (Tape tape = Tape.open()) {
        // Whole numbers cannot carry a derivative, so what is computed from argMax is cut off, and
        // saying so is backward's.
        Tensor chosen = w.argMax(1);
        assertEquals(0, tape.size());
        Tensor loss = chosen.cast(DType.F32).sum();
        IllegalStateException cut = assertThrows(IllegalStateException.class, loss::backward);
        assertTrue(
            cut.getMessage()
                .startsWith(
                    "backward: the tensor does not depend on one that requires a gradient"));
      }
    }
  }
}
