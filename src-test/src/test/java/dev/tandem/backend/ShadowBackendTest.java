package dev.tandem.backend;

import static dev.tandem.backend.WrongBackend.element;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.WrongBackend.Mistake;
import dev.tandem.conformance.OracleBackend;
import dev.tandem.op.Stochastic;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** A backend with a planted mistake is found out by its shadow, at that op; one without is not. */
class ShadowBackendTest {
  private static final String REMEDY =
      "; one of the two computes it wrongly: try the op alone (TANDEM_DEBUG=2 shows its attributes)";

  private final Backend cpu = Backends.open("cpu", line -> {});
  private final Backend shadow = Backends.open("cpu", line -> {});
  private final List<String> notes = new ArrayList<>();

  @AfterEach
  void close() {
    assertEquals(0, shadow.memory().buffers(), "buffers of the shadow are left open");
    cpu.close();
    shadow.close();
  }

  private Backend wrong(String op, Mistake mistake) {
    return new ShadowBackend(new WrongBackend(cpu, op, mistake), shadow, notes::add);
  }

  /** The message of the disagreement that the work ends with. */
  private static String disagreement(Executable work) {
    try (Scope _ = Scope.open()) {
      return assertThrows(BackendException.class, work).getMessage();
    }
  }

  // ---- agreement

  /** Five steps of a small network with Adam; the losses. */
  private static List<Double> train(Backend backend) {
    Random random = new Random(3);
    List<Double> losses = new ArrayList<>();
    try (Scope _ = Scope.open()) {
      Tensor x = Tensor.of(backend, random.uniform(8 * 5, -1, 1), 8, 5);
      Tensor classes = Tensor.of(backend, new int[] {0, 1, 2, 0, 1, 2, 0, 1}, 8);
      Tensor lr = Tensor.scalar(backend, DType.F32, 0.05);
      Tensor step = Tensor.scalar(backend, DType.I32, 0);
      Tensor state = random.state(backend);
      List<Tensor> parameters = new ArrayList<>();
      List<Tensor> moments = new ArrayList<>();
      for (int[] shape : new int[][] {{5, 16}, {16}, {16, 3}, {3}}) {
        TensorType type = TensorType.f32(shape);
        int count = (int) type.elements();
        parameters.add(
            Tensor.of(backend, random.uniform(count, -0.5, 0.5), shape).requireGradient());
        moments.add(Tensor.zeros(backend, type));
        moments.add(Tensor.zeros(backend, type));
      }
      for (int i = 0; i < 5; i++) {
        try (Scope _ = Scope.open();
            Tape _ = Tape.open()) {
          Tensor hidden = x.matmul(parameters.get(0)).add(parameters.get(1)).relu();
          Tensor thinned = Tensor.apply(new Stochastic.Dropout(0.2), hidden, state);
          Tensor loss =
              thinned
                  .matmul(parameters.get(2))
                  .add(parameters.get(3))
                  .crossEntropy(classes, 0)
                  .mean();
          loss.backward();
          losses.add(loss.item());
        }
        Tensor.update(new Update.NextDraw(), state);
        Tensor.update(new Update.Increment(), step);
        for (int p = 0; p < parameters.size(); p++) {
          Tensor w = parameters.get(p);
          Tensor.update(
              new Update.Adam(0.9, 0.999, 1e-8, 0, false),
              w,
              moments.get(2 * p),
              moments.get(2 * p + 1),
              w.gradient().orElseThrow(),
              lr,
              step);
          w.clearGradient();
        }
      }
      parameters.forEach(Tensor::close);
      state.close();
    }
    return losses;
  }

  @Test
  void trainingWithAShadowIsTrainingWithout() {
    List<Double> alone = train(cpu);
    Backend shadowed = wrong("none", (_, _, _) -> {});
    assertEquals(alone, train(shadowed));
    assertTrue(alone.getLast() < alone.getFirst(), alone::toString);
    assertEquals(0, shadowed.memory().buffers());
    assertEquals(List.of(), notes);
  }

  /** The oracle computes in double and by other code, so that rounding differs at every op. */
  @Test
  void roundingIsNoDisagreement() {
    List<Double> losses = train(new ShadowBackend(new OracleBackend(), shadow, notes::add));
    assertEquals(train(cpu).getLast(), losses.getLast(), 1e-4);
    assertEquals(List.of(), notes);
  }

  /** Each result is off by half of what is allowed, in the same direction: after 20 ops by ten times as much. */
  @Test
  void errorsDoNotAddUp() {
    Backend drifting =
        wrong(
            "affine",
            (right, backend, written) -> {
              right.run();
              MemorySegment host = MemorySegment.ofArray(new float[1]);
              backend.read(written.getFirst().buffer(), host);
              float[] value = (float[]) host.heapBase().orElseThrow();
              value[0] *= 1.00005f;
              backend.write(written.getFirst().buffer(), host);
            });
    try (Scope _ = Scope.open()) {
      Tensor x = Tensor.of(drifting, new float[] {1}, 1);
      for (int i = 0; i < 20; i++) {
        x = x.mul(1);
      }
      assertEquals(Math.pow(1.00005, 20), x.item(), 1e-5);
    }
  }

  @Test
  void oneBufferMayBeTwoOperands() {
    Backend shadowed = wrong("none", (_, _, _) -> {});
    try (Scope _ = Scope.open()) {
      Tensor x = Tensor.of(shadowed, new float[] {1, -2, 3}, 3);
      assertArrayEquals(new float[] {1, 4, 9}, x.mul(x).toFloats());
      Tensor.update(new Update.Accumulate(), x, x);
      assertArrayEquals(new float[] {2, -4, 6}, x.toFloats());
    }
  }

  @Test
  void emptyTensorsAgree() {
    Backend shadowed = wrong("none", (_, _, _) -> {});
    try (Scope _ = Scope.open()) {
      Tensor empty = Tensor.zeros(shadowed, TensorType.f32(0, 3));
      assertEquals(0, empty.add(empty).shape().elements());
    }
  }

  // ---- disagreement

  @Test
  void oneWrongElementIsNamed() {
    Backend backend = wrong("matmul", element(0, 5, 0.5));
    String message =
        disagreement(() -> {
          Tensor a = Tensor.of(backend, new float[] {1, 2, 3, 4}, 2, 2);
          Tensor b = Tensor.of(backend, new float[] {1, 0, 2, 0.5f, 1, 0.25f}, 2, 3);
          a.relu().matmul(b);
        });
    assertEquals(
        "shadow: matmul differs between wrong:0 and cpu, got 0.5 and 7.0 at element [1, 2] of result 0, F32 (2, 3),"
            + " 1 of 6 elements differ, operands [F32 (2, 2), F32 (2, 3)]"
            + REMEDY,
        message);
  }

  @Test
  void aWrongKernelIsNamed() {
    Backend backend =
        wrong(
            "relu",
            (_, device, written) ->
                device.write(written.getFirst().buffer(), MemorySegment.ofArray(new float[3])));
    String message =
        disagreement(() -> Tensor.of(backend, new float[] {-1, 0.1f, 2}, 3).add(0).relu());
    assertEquals(
        "shadow: relu differs between wrong:0 and cpu, got 0.0 and 0.1 at element [1] of result 0, F32 (3),"
            + " 2 of 3 elements differ, operands [F32 (3)]"
            + REMEDY,
        message);
  }

  @Test
  void aSecondResultIsComparedToo() {
    Backend backend = wrong("dropout", element(1, 2, 7));
    String message =
        disagreement(() ->
            Tensor.apply(
                new Stochastic.Dropout(0),
                Tensor.of(backend, new float[] {1, 2, 3, 4}, 4),
                new Random(1).state(backend)));
    assertTrue(
        message.contains("got 7 and 1 at element [2] of result 1, U8 (4), 1 of 4 elements differ"),
        message);
  }

  @Test
  void integersAreComparedToTheBit() {
    Backend backend = wrong("arg_max", element(0, 0, 1));
    String message = disagreement(() -> Tensor.of(backend, new float[] {1, 2, 3}, 3).argMax(0));
    assertTrue(message.contains("got 1 and 2 at element [] of result 0, I32 ()"), message);
  }

  @Test
  void aWrongUpdateIsNamed() {
    Backend backend = wrong("momentum", element(1, 1, -3));
    String message =
        disagreement(() -> {
          Tensor w = Tensor.of(backend, new float[] {1, 2}, 2);
          Tensor v = Tensor.zeros(backend, w.type());
          Tensor dw = Tensor.of(backend, new float[] {0.5f, 0.25f}, 2);
          Tensor lr = Tensor.scalar(backend, DType.F32, 0.1);
          Tensor.update(new Update.Momentum(0.9, false, 0), w, v, dw, lr);
        });
    assertEquals(
        "shadow: momentum differs between wrong:0 and cpu, got -3.0 and 0.25 at element [1] of operand 1, F32 (2),"
            + " 1 of 2 elements differ, operands [F32 (2), F32 (2), F32 (2), F32 ()]"
            + REMEDY,
        message);
  }

  @Test
  void nanMeetsNanOnly() {
    float[] elements = {-1, 1, 4};
    try (Scope _ = Scope.open()) {
      Backend right = wrong("none", (_, _, _) -> {});
      assertTrue(Float.isNaN(Tensor.of(right, elements, 3).sqrt().toFloats()[0]));
    }
    Backend number = wrong("sqrt", element(0, 0, 1));
    String message = disagreement(() -> Tensor.of(number, elements, 3).sqrt());
    assertTrue(message.contains("got 1.0 and NaN at element [0]"), message);
    Backend nan = wrong("sqrt", element(0, 2, Double.NaN));
    message = disagreement(() -> Tensor.of(nan, elements, 3).sqrt());
    assertTrue(message.contains("got NaN and 2.0 at element [2]"), message);
  }

  // ---- refusals

  private static Tensor outOfRange(Backend backend) {
    return Tensor.of(backend, new float[] {1, 2}, 2, 1)
        .embedding(Tensor.of(backend, new int[] {0, 9}, 2));
  }

  private static void ignoringErrors(Runnable right) {
    try {
      right.run();
    } catch (BackendException _) {
      // what a kernel without a check does
    }
  }

  @Test
  void onlyTheShadowRefuses() {
    Backend backend = wrong("embedding", (right, _, _) -> ignoringErrors(right));
    try (Scope _ = Scope.open()) {
      BackendException e = assertThrows(BackendException.class, () -> outOfRange(backend));
      assertEquals(
          "shadow: embedding differs between wrong:0 and cpu, got a result and the refusal 'cpu: embedding: index is out"
              + " of range, got 9 at element 1 of (2); indices run from 0 to 1', operands [F32 (2, 1), I32 (2)]"
              + REMEDY,
          e.getMessage());
      assertInstanceOf(BackendException.class, e.getCause());
    }
    assertEquals(0, shadow.memory().buffers());
  }

  @Test
  void whereBothRefuseTheBackendsOwnErrorGoesOn() {
    BackendException own = new BackendException("wrong: embedding: no such row");
    Backend backend =
        wrong(
            "embedding",
            (_, _, _) -> {
              throw own;
            });
    try (Scope _ = Scope.open()) {
      assertEquals(own, assertThrows(BackendException.class, () -> outOfRange(backend)));
    }
  }

  private Backend late() {
    return new ShadowBackend(new LateBackend(cpu, new ArrayList<>()), shadow, notes::add);
  }

  @Test
  void anErrorThatComesLateIsTheOpsOwn() {
    Backend backend = late();
    try (Scope _ = Scope.open()) {
      String message = assertThrows(BackendException.class, () -> outOfRange(backend)).getMessage();
      assertTrue(message.startsWith("cpu: embedding: index is out of range, got 9"), message);
      assertEquals(3, Tensor.of(backend, new float[] {1, 2}, 2).sum(0).item(), "works on");
    }
  }

  @Test
  void aShadowOutOfMemorySaysNothingOfTheOp() {
    OutOfMemoryException full = new OutOfMemoryException("cpu: full");
    Backend small =
        new WrongBackend(
            shadow,
            "exp",
            (_, _, _) -> {
              throw full;
            });
    Backend backend = new ShadowBackend(new WrongBackend(cpu, "none", null), small, notes::add);
    try (Scope _ = Scope.open()) {
      Tensor x = Tensor.of(backend, new float[] {1}, 1);
      assertEquals(full, assertThrows(OutOfMemoryException.class, x::exp));
      assertEquals(0, shadow.memory().buffers());
    }
  }

  @Test
  void typesThatTheShadowLacksArePassedOver() {
    Backend narrow =
        new WrongBackend(shadow, "none", null) {
          @Override
          public boolean supports(DType dtype) {
            return dtype != DType.BF16 && super.supports(dtype);
          }
        };
    Backend backend = new ShadowBackend(new OracleBackend(), narrow, notes::add);
    try (Scope _ = Scope.open()) {
      Tensor x = Tensor.of(backend, new float[] {1, 2.5f}, 2);
      Tensor half = x.cast(DType.BF16);
      half = x.cast(DType.BF16).add(half);
      Tensor.update(new Update.Accumulate(), half, half);
      assertArrayEquals(new float[] {4, 10}, half.cast(DType.F32).toFloats());
    }
    assertEquals(
        List.of(
            "shadow: cast is not compared: wrong:0 does not compute with BF16",
            "shadow: add is not compared: wrong:0 does not compute with BF16",
            "shadow: accumulate is not compared: wrong:0 does not compute with BF16"),
        notes);
  }

  @Test
  void captureIsRefused() {
    Backend backend = late();
    assertFalse(backend.captures());
    String message =
        assertThrows(BackendException.class, () -> backend.capture(() -> {})).getMessage();
    assertEquals(
        "capture: TANDEM_SHADOW looks at each op, got a step to record on cpu shadowed by cpu; unset it to capture a"
            + " step",
        message);
  }

  // ---- memory

  @Test
  void nothingIsLeftOpen() {
    Backend backend = wrong("exp", element(0, 0, -1));
    try (Scope _ = Scope.open()) {
      Tensor x = Tensor.of(backend, new float[] {1, 2}, 2);
      long reserved = 0;
      for (int i = 0; i < 50; i++) {
        try (Scope _ = Scope.open()) {
          Tensor y = x.mul(x).add(1);
          Tensor.update(new Update.Assign(), y, x);
          assertThrows(BackendException.class, y::exp);
        }
        assertEquals(0, shadow.memory().buffers());
        assertEquals(1, backend.memory().buffers());
        reserved = i == 3 ? shadow.memory().reserved() : reserved;
      }
      assertEquals(reserved, shadow.memory().reserved());
    }
  }
}
