package dev.tandem.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.Backends;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Linear;
import dev.tandem.op.Normalization;
import dev.tandem.op.Op;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The rules of recording, replay and memory. That derivatives are right is the conformance suite's to show. */
class TapeTest {
  private final Backend backend = Backends.open("cpu", line -> {});

  @AfterEach
  void close() {
    backend.close();
  }

  private Tensor leaf(double... values) {
    return Tensor.of(backend, values, values.length).requireGradient();
  }

  private Tensor constant(double... values) {
    return Tensor.of(backend, values, values.length);
  }

  private static double[] gradient(Tensor leaf) {
    return leaf.gradient().orElseThrow().toDoubles();
  }

  @Test
  void keepsAStackOfTheCallsThatAGradientPassesThrough() {
    Tensor w = leaf(2, 3);
    Tensor x = constant(5, 7);
    try (Tape tape = Tape.open()) {
      x.exp(); // no gradient passes here
      w.mul(x).sum();
      assertEquals(2, tape.size());
      assertTrue(tape.ops().getFirst() instanceof Elementwise.Mul, tape.ops().toString());
    }
  }

  @Test
  void theChainRuleRunsBackward() {
    Tensor w = leaf(2, 3);
    try (Tape tape = Tape.open()) {
      w.mul(w).mul(w).sum().backward(); // 3 w^2
      assertEquals(0, tape.size());
    }
    assertArrayEquals(new double[] {12, 27}, gradient(w));
  }

  @Test
  void gradientsAccumulateUntilCleared() {
    Tensor w = leaf(2, 3);
    for (int pass = 1; pass <= 3; pass++) {
      try (Tape _ = Tape.open()) {
        w.mul(constant(5, 7)).sum().backward();
      }
      assertArrayEquals(new double[] {5 * pass, 7 * pass}, gradient(w));
    }
    w.clearGradient();
    assertTrue(w.gradient().isEmpty());
  }

  @Test
  void oneTensorUsedTwiceGetsBothContributions() {
    Tensor w = leaf(2);
    try (Tape _ = Tape.open()) {
      Tensor y = w.add(w); // dy itself goes to both operands: neither may overwrite it
      y.mul(y).add(w).sum().backward(); // 4 w^2 + w
    }
    assertArrayEquals(new double[] {17}, gradient(w));
  }

  @Test
  void twoLeavesNeverShareAGradientsMemory() {
    Tensor a = leaf(1, 2);
    Tensor b = leaf(3, 4);
    try (Tape _ = Tape.open()) {
      a.add(b).sum().backward();
    }
    Tensor.update(new Update.ClampInPlace(0, 0.5), a.gradient().orElseThrow());
    assertArrayEquals(new double[] {0.5, 0.5}, gradient(a));
    assertArrayEquals(new double[] {1, 1}, gradient(b));
  }

  @Test
  void broadcastGradientsAreSummedDown() {
    Tensor row = leaf(1, 2, 3);
    Tensor one = Tensor.of(backend, new double[] {2}).requireGradient();
    try (Tape _ = Tape.open()) {
      Tensor wide = Tensor.of(backend, new double[] {1, 2, 3, 4, 5, 6}, 2, 3);
      wide.mul(row).mul(one).sum().backward();
    }
    assertArrayEquals(new double[] {2 * 5, 2 * 7, 2 * 9}, gradient(row));
    assertArrayEquals(new double[] {1 + 4 + 9 + 4 + 10 + 18}, gradient(one));
  }

  @Test
  void noGradAndDetachStopTheGradient() {
    Tensor w = leaf(2, 3);
    try (Tape tape = Tape.open()) {
      Tensor weight;
      try (Tape.Pause _ = Tape.noGrad()) {
        assertFalse(Tape.recording());
        weight = w.mul(10);
      }
      assertEquals(0, tape.size());
      w.mul(weight).add(w.detach().mul(w)).sum().backward();
    }
    assertArrayEquals(new double[] {20 + 2, 30 + 3}, gradient(w));
  }

  @Test
  void withoutATapeNothingIsRecorded() {
    Tensor w = leaf(2, 3);
    Tensor loss = w.mul(w).sum();
    assertFalse(loss.requiresGradient());
    IllegalStateException e = assertThrows(IllegalStateException.class, loss::backward);
    assertEquals(
        "backward: no tape is open, got a loss F64 (); compute it inside Tape.open()",
        e.getMessage());
  }

  @Test
  void anOpWithoutAGradientThrowsByName() {
    Tensor w = leaf(1, 2);
    try (Tape _ = Tape.open()) {
      Tensor loss = Tensor.apply(new Elementwise.TanhGrad(), w.tanh(), w).sum();
      UnsupportedOperationException e =
          assertThrows(UnsupportedOperationException.class, loss::backward);
      assertEquals(
          "tanh_grad: has no gradient, got one to pass on; second-order gradients are not recorded; compose the "
              + "forward from simpler ops",
          e.getMessage());
    }
  }

  @Test
  void aLossThatDependsOnNoLeafIsRefused() {
    try (Tape _ = Tape.open()) {
      Tensor loss = constant(1, 2).sum();
      assertThrows(IllegalStateException.class, loss::backward);
    }
  }

  @Test
  void aLossOfSeveralNumbersIsRefused() {
    Tensor w = leaf(1, 2);
    try (Tape _ = Tape.open()) {
      Tensor y = w.mul(w);
      IllegalArgumentException e = assertThrows(IllegalArgumentException.class, y::backward);
      assertEquals(
          "backward: the loss must be one number, got (2); take its sum or mean, or give the gradient to start "
              + "from",
          e.getMessage());
    }
  }

  @Test
  void aGradientToStartFromWeighsTheOutputs() {
    Tensor w = leaf(1, 2);
    try (Tape tape = Tape.open()) {
      tape.backward(w.mul(w), constant(10, 100));
    }
    assertArrayEquals(new double[] {20, 400}, gradient(w));
  }

  @Test
  void aTensorChangedInPlaceAfterItsCallIsRefused() {
    Tensor w = leaf(1, 2);
    try (Tape _ = Tape.open()) {
      Tensor loss = w.mul(w).sum();
      Tensor.update(new Update.Accumulate(), w, constant(1, 1));
      IllegalStateException e = assertThrows(IllegalStateException.class, loss::backward);
      assertTrue(
          e.getMessage()
              .startsWith("backward: mul needs a tensor that was changed in place after the call"),
          e.getMessage());
    }
  }

  @Test
  void tapesDoNotNest() {
    try (Tape _ = Tape.open()) {
      assertThrows(IllegalStateException.class, Tape::open);
    }
    try (Tape tape = Tape.open()) {
      assertSame(tape, Tape.current());
    }
  }

  @Test
  void aKeptTensorIsAConstantToTheNextTape() {
    Tensor w = leaf(3);
    Tensor kept;
    try (Tape tape = Tape.open()) {
      kept = tape.keep(w.mul(w));
      kept.sum().backward();
    }
    w.clearGradient();
    try (Tape _ = Tape.open()) {
      kept.mul(w).sum().backward();
    }
    assertArrayEquals(new double[] {9}, gradient(w));
    kept.close();
  }

  @Test
  void backwardFreesWhatItIsDoneWithExceptTheKept() {
    Tensor w = leaf(1, 2);
    try (Tape tape = Tape.open()) {
      Tensor hidden = w.mul(w);
      Tensor logits = tape.keep(hidden.exp());
      Tensor loss = logits.sum();
      loss.backward();
      assertTrue(hidden.closed());
      assertEquals(Math.E + Math.exp(4), loss.item(), 1e-12);
      assertArrayEquals(new double[] {Math.E, Math.exp(4)}, logits.toDoubles(), 1e-12);
      IllegalStateException e = assertThrows(IllegalStateException.class, hidden::toDoubles);
      assertEquals(
          "tensor: used after it was freed, got F64 (2); its scope closed or backward was done with it: keep it "
              + "with scope.keep or tape.keep",
          e.getMessage());
      logits.close();
      loss.close();
    }
  }

  @Test
  void backwardFreesStatisticsToo() {
    Tensor w = leaf(1, 2, 4);
    Tensor one = constant(1, 1, 1);
    try (Tape tape = Tape.open()) {
      List<Tensor> results =
          Tensor.applyAll(new Normalization.LayerNorm(1e-5), List.of(w, one, one));
      tape.keep(results.get(1));
      results.getFirst().square().sum().backward();
      assertTrue(results.get(0).closed());
      assertFalse(results.get(1).closed());
      assertTrue(results.get(2).closed());
      results.get(1).close();
    }
  }

  @Test
  void aStepLeavesNothingBehind() {
    Tensor w = leaf(1, 2);
    Tensor b = leaf(0.5, 0.25);
    for (int step = 0; step < 3; step++) {
      try (Tape _ = Tape.open()) {
        Tensor hidden = w.mul(constant(3, 4)).add(b).tanh().reshape(1, 2);
        hidden.matmul(hidden, false, true).add(b.sum()).sum().backward();
      }
      w.clearGradient();
      b.clearGradient();
      assertEquals(2, backend.memory().buffers());
    }
    w.close();
    b.close();
    assertEquals(0, backend.memory().used());
  }

  @Test
  void aBackwardThatFailsLeavesNothingBehind() {
    Tensor w = leaf(1, 2);
    Tensor b = leaf(1, 2);
    try (Tape _ = Tape.open()) {
      Tensor loss = Tensor.apply(new Elementwise.TanhGrad(), w.tanh(), w.mul(b)).add(w.exp()).sum();
      assertThrows(UnsupportedOperationException.class, loss::backward);
    }
    w.clearGradient();
    b.clearGradient();
    assertEquals(2, backend.memory().buffers());
  }

  @Test
  void oneLossIsBackPropagatedOnce() {
    Tensor w = leaf(1, 2);
    try (Tape _ = Tape.open()) {
      Tensor loss = w.mul(w).sum();
      loss.backward();
      assertThrows(IllegalStateException.class, loss::backward);
    }
    assertArrayEquals(new double[] {2, 4}, gradient(w));
    w.clearGradient();
    assertEquals(1, backend.memory().buffers());
  }

  @Test
  void aKeptTensorIsAConstantOnceBackwardHasPassed() {
    Tensor w = leaf(3);
    try (Tape tape = Tape.open()) {
      Tensor kept = tape.keep(w.mul(w));
      kept.sum().backward();
      kept.mul(w).sum().backward(); // 2 w from before, and 9 from here
      kept.close();
    }
    assertArrayEquals(new double[] {15}, gradient(w));
    w.clearGradient();
    assertEquals(1, backend.memory().buffers());
  }

  @Test
  void labelsChangedInPlaceAfterTheirCallAreRefused() {
    Tensor w = Tensor.of(backend, new double[] {1, 2, 3, 4}, 2, 2).requireGradient();
    try (Tape _ = Tape.open();
        Tensor labels = Tensor.of(backend, new int[] {0, 1}, 2)) {
      Tensor loss = w.crossEntropy(labels, 0).sum();
      labels.write(MemorySegment.ofArray(new int[] {1, 0}));
      IllegalStateException e = assertThrows(IllegalStateException.class, loss::backward);
      assertTrue(e.getMessage().startsWith("backward: cross_entropy needs"), e.getMessage());
    }
  }

  @Test
  void aGeneratorMovesOnWithoutHarm() {
    Tensor w = leaf(1, 2);
    try (Tape _ = Tape.open();
        Tensor state = new Random(1).state(backend)) {
      w.dropout(0, state).dropout(0, state).sum().backward();
    }
    assertArrayEquals(new double[] {1, 1}, gradient(w));
  }

  @Test
  void aStatisticPassesNoGradientOnAndSaysSo() {
    Tensor x = Tensor.of(backend, new double[] {1, 2, 3, 5}, 2, 2).requireGradient();
    Op norm = new Normalization.LayerNorm(1e-5);
    try (Tape _ = Tape.open()) {
      List<Tensor> results = Tensor.applyAll(norm, List.of(x, constant(1, 1), constant(0, 0)));
      Tensor loss = results.get(0).sum().add(results.get(1).sum());
      UnsupportedOperationException e =
          assertThrows(UnsupportedOperationException.class, loss::backward);
      assertTrue(e.getMessage().startsWith("layer_norm: only its first result"), e.getMessage());
    }
    x.clearGradient();
    try (Tape _ = Tape.open()) {
      List<Tensor> results = Tensor.applyAll(norm, List.of(x, constant(1, 1), constant(0, 0)));
      results.get(0).sum().add(results.get(1).detach().sum()).backward();
    }
    assertEquals(4, gradient(x).length);
  }

  @Test
  void closingTwiceChangesNothing() {
    Tape first = Tape.open();
    first.close();
    try (Tape _ = Tape.open()) {
      first.close();
      Tape.Pause pause = Tape.noGrad();
      pause.close();
      pause.close();
      assertTrue(Tape.recording());
    }
  }

  @Test
  void anUpdateAcrossBackendsIsRefused() {
    try (Backend other = Backends.open("cpu", line -> {})) {
      Tensor here = constant(1);
      Tensor there = Tensor.of(other, new double[] {2}, 1);
      BackendException e =
          assertThrows(
              BackendException.class, () -> Tensor.update(new Update.Assign(), here, there));
      assertTrue(e.getMessage().startsWith("assign: operands lie on different"), e.getMessage());
      assertArrayEquals(new double[] {1}, here.toDoubles());
    }
  }

  @Test
  void integersDoNotRequireGradients() {
    Tensor labels = Tensor.of(backend, new int[] {1, 2}, 2);
    assertThrows(RuntimeException.class, labels::requireGradient);
    assertEquals(DType.I32, labels.dtype());
  }

  @Test
  void weightsThatNeedNoGradientCostNoCall() {
    Tensor image =
        Tensor.zeros(backend, new TensorType(DType.F64, dev.tandem.shape.Shape.of(1, 1, 4, 4)));
    Tensor weight =
        Tensor.full(backend, new TensorType(DType.F64, dev.tandem.shape.Shape.of(1, 1, 3, 3)), 1)
            .requireGradient();
    try (Tape tape = Tape.open()) {
      image.conv2d(weight, Linear.Conv2dGeometry.plain()).sum().backward();
      assertEquals(List.of(), tape.ops());
    }
    assertTrue(image.gradient().isEmpty());
    assertArrayEquals(new double[9], gradient(weight));
  }
}
