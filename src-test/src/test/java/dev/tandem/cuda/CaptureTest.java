package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Backends;
import dev.tandem.backend.CapturedStep;
import dev.tandem.op.Update;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** Steps recorded as graphs: what a replay does, and what is refused by name. */
final class CaptureTest {
  private static Tensor leaf(CudaBackend backend, float... numbers) {
    return Tensor.of(backend, numbers, numbers.length).release();
  }

  /** A step of gradient descent on the sum of squares of x w - 1, with what it needs from outside. */
  private static final class Descent implements AutoCloseable {
    final Tensor x;
    final Tensor w;
    final Tensor rate;

    Descent(CudaBackend backend) {
      x = leaf(backend, 1, 2, 3, 4, 5);
      w = leaf(backend, 0.1f, 0.2f, 0.3f, 0.4f, 0.5f).requireGradient();
      rate = Tensor.of(backend, new float[] {0.01f}).release();
    }

    void step() {
      try (Tape _ = Tape.open()) {
        Tensor error = x.mul(w).sub(1);
        // sum: a product with ones, so that cuBLAS is part of the graph
        Tensor ones = Tensor.full(x.backend(), error.reshape(5, 1).type(), 1);
        error.square().reshape(1, 5).matmul(ones).reshape().backward();
        Tensor.update(new Update.Sgd(0), w, w.gradient().orElseThrow(), rate);
      } finally {
        w.clearGradient();
      }
    }

    @Override
    public void close() {
      List.of(x, w, rate).forEach(Tensor::close);
    }
  }

  @Test
  void replaysDoWhatCallsDo() {
    try (Emulated gpu = Emulated.open();
        Descent called = new Descent(gpu.backend());
        Descent replayed = new Descent(gpu.backend())) {
      for (int i = 0; i < 6; i++) {
        called.step();
      }
      try (CapturedStep step = gpu.backend().capture(replayed::step)) {
        for (int i = 1; i < 6; i++) {
          step.replay();
        }
        assertArrayEquals(called.w.toFloats(), replayed.w.toFloats());
      }
    }
  }

  @Test
  void whatIsWrittenBetweenReplaysCounts() {
    try (Emulated gpu = Emulated.open();
        Descent called = new Descent(gpu.backend());
        Descent replayed = new Descent(gpu.backend());
        CapturedStep step = gpu.backend().capture(replayed::step)) {
      called.step();
      for (int i = 0; i < 5; i++) {
        float[] batch = {i, 1, -i, 0.5f, 2};
        float[] rate = {0.01f / (i + 1)};
        for (Descent descent : List.of(called, replayed)) {
          descent.x.write(MemorySegment.ofArray(batch));
          descent.rate.write(MemorySegment.ofArray(rate));
        }
        called.step();
        step.replay();
      }
      assertArrayEquals(called.w.toFloats(), replayed.w.toFloats());
    }
  }

  /** Memory that the step made and freed stays its own: tensors made between replays lie elsewhere. */
  @Test
  void replaysLeaveOtherTensorsAlone() {
    try (Emulated gpu = Emulated.open();
        Descent descent = new Descent(gpu.backend());
        CapturedStep step = gpu.backend().capture(descent::step)) {
      List<Tensor> others = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        others.add(Tensor.of(gpu.backend(), new float[] {i, i, i, i, i}, 5));
      }
      step.replay();
      for (int i = 0; i < 30; i++) {
        assertArrayEquals(new float[] {i, i, i, i, i}, others.get(i).toFloats(), "tensor " + i);
      }
      others.forEach(Tensor::close);
    }
  }

  @Test
  void replaysAreCountedAndTakeNoMemory() {
    try (Emulated gpu = Emulated.open();
        Descent descent = new Descent(gpu.backend())) {
      CudaBackend backend = gpu.backend();
      CapturedStep step = backend.capture(descent::step);
      long launched = backend.launches().get(Kernel.SGD_F32);
      long reserved = backend.memory().reserved();
      for (int i = 0; i < 10; i++) {
        step.replay();
      }
      backend.finish();
      assertEquals(1, launched, "recording is not doing");
      assertEquals(11, backend.launches().get(Kernel.SGD_F32));
      assertEquals(11, gpu.driver().launches().get("sgd_f32"));
      assertEquals(reserved, backend.memory().reserved());
      step.close();
      step.close();
      // What the step had is everybody's again: another takes none anew.
      backend.capture(descent::step).close();
      assertEquals(reserved, backend.memory().reserved());
      BackendException refusal = assertThrows(BackendException.class, step::replay);
      assertTrue(refusal.getMessage().contains("the step was closed"), refusal.getMessage());
    }
  }

  @Test
  void whatCannotBeCapturedIsNamed() {
    try (Emulated gpu = Emulated.open();
        Descent descent = new Descent(gpu.backend())) {
      CudaBackend backend = gpu.backend();
      refuses(
          backend,
          "read: a step that reads a tensor's values on the host",
          () -> descent.w.toFloats());
      refuses(
          backend,
          "write: a step that writes to a tensor from the host",
          () -> descent.x.write(MemorySegment.ofArray(new float[5])));
      refuses(backend, "finish: a step that waits for the device", backend::finish);
      refuses(
          backend,
          "capture: a step that is being captured captures another",
          () -> backend.capture(() -> {}).close());
      List<Tensor> kept = new ArrayList<>();
      refuses(
          backend,
          "capture: the step needs memory that it did not need when it was run before",
          () -> kept.add(Tensor.zeros(backend, TensorType.f32(1000 * (1 + kept.size())))));
      kept.forEach(Tensor::close);
      // After each refusal the backend works, and captures.
      descent.x.write(MemorySegment.ofArray(new float[] {1, 2, 3, 4, 5})); // zeros have no gradient
      float[] before = descent.w.toFloats();
      try (CapturedStep step = backend.capture(descent::step)) {
        step.replay();
      }
      assertFalse(java.util.Arrays.equals(before, descent.w.toFloats()));
    }
  }

  private static void refuses(CudaBackend backend, String what, Runnable step) {
    BackendException refusal = assertThrows(BackendException.class, () -> backend.capture(step));
    assertTrue(refusal.getMessage().contains(what), refusal.getMessage());
  }

  @Test
  void aFailureOfTheStepPassesThrough() {
    try (Emulated gpu = Emulated.open()) {
      int[] calls = new int[1];
      for (int failing = 1; failing <= 2; failing++) {
        int at = failing;
        calls[0] = 0;
        IllegalStateException failure =
            assertThrows(
                IllegalStateException.class,
                () ->
                    gpu.backend()
                        .capture(() -> {
                          if (++calls[0] == at) {
                            throw new IllegalStateException("call " + at);
                          }
                        }));
        assertEquals("call " + at, failure.getMessage());
      }
    }
  }

  /** Its second call frees what the first one made, so a graph would read that again and again. */
  @Test
  void aStepThatReplacesATensorIsRefused() {
    try (Emulated gpu = Emulated.open()) {
      CudaBackend backend = gpu.backend();
      Tensor[] state = {leaf(backend, 1, 2, 3)};
      Runnable replacing =
          () -> {
            Tensor next = state[0].mul(2).release();
            state[0].close();
            state[0] = next;
          };
      refuses(backend, "capture: the step freed a tensor that was there before it", replacing);
      state[0].close();
      // One that writes over it is not.
      try (Tensor kept = leaf(backend, 1, 2, 3);
          Tensor two = Tensor.of(backend, new float[] {2}).release();
          CapturedStep step = backend.capture(() -> Tensor.update(new Update.Scale(), kept, two))) {
        step.replay();
        assertArrayEquals(new float[] {4, 8, 12}, kept.toFloats());
      }
    }
  }

  @Test
  void aTensorFreedSinceIsMissed() {
    try (Emulated gpu = Emulated.open();
        Descent descent = new Descent(gpu.backend());
        CapturedStep step = gpu.backend().capture(descent::step)) {
      descent.rate.close();
      BackendException refusal = assertThrows(BackendException.class, step::replay);
      assertTrue(
          refusal
              .getMessage()
              .contains("replay: a tensor that the step uses was freed, got one of F32 ()"),
          refusal.getMessage());
    }
  }

  /** A draw, a count and a choice of tensors on the host: a replay would do the same each time. */
  @Test
  void aStepThatIsAnotherAtEachCallIsRefused() {
    try (Emulated gpu = Emulated.open();
        Tensor a = leaf(gpu.backend(), 1, 2, 3);
        Tensor b = leaf(gpu.backend(), 4, 5, 6)) {
      CudaBackend backend = gpu.backend();
      int[] calls = new int[1];
      Tensor[] pair = {a, b};
      refuses(
          backend,
          "capture: the step does not do the same at each call, got Affine[scale=2.0, shift=0.0] [F32 (3), F32 (3)]"
              + " after Affine[scale=1.0, shift=0.0] [F32 (3), F32 (3)]",
          () -> a.mul(++calls[0]).close());
      refuses(
          backend,
          "got Assign[] [F32 (3), F32 (3)] on other tensors than before",
          () -> {
            Tensor.update(new Update.Assign(), pair[0], pair[1]);
            pair[0] = b;
            pair[1] = a;
          });
      calls[0] = 0;
      refuses(
          backend,
          "got 2 calls after 1",
          () -> {
            for (int i = calls[0]++; i >= 0; i--) {
              a.exp().close();
            }
          });
    }
  }

  @Test
  void aStepIsGivenUpWhereItsMemoryIsAllThatIsLeft() {
    CudaOptions capped =
        CudaOptions.standard("cuda-emulated").withMemory(OptionalLong.of(24 << 20));
    try (Emulated gpu = Emulated.open(capped, 1L << 28);
        Tensor x = Tensor.zeros(gpu.backend(), TensorType.f32(4, 1 << 18));
        CapturedStep step = gpu.backend().capture(() -> x.add(1).close())) {
      step.replay();
      gpu.backend().allocate(TensorType.f32(12, 1 << 18)).close();
      assertTrue(step.ready(), "there was room for both");
      gpu.backend().allocate(TensorType.f32(20, 1 << 18)).close();
      assertFalse(step.ready());
      BackendException refusal = assertThrows(BackendException.class, step::replay);
      assertTrue(refusal.getMessage().contains("given up for its memory"), refusal.getMessage());
    }
  }

  @Test
  void resultsLeftOpenAreThoseOfTheLastReplay() {
    try (Emulated gpu = Emulated.open();
        Tensor x = leaf(gpu.backend(), 1, 2, 3)) {
      List<Tensor> results = new ArrayList<>();
      try (CapturedStep step =
          gpu.backend()
              .capture(() -> {
                try (Scope scope = Scope.open()) {
                  results.add(scope.keep(x.mul(10)));
                }
              })) {
        x.write(MemorySegment.ofArray(new float[] {4, 5, 6}));
        step.replay();
        assertArrayEquals(new float[] {40, 50, 60}, results.getLast().toFloats());
        assertArrayEquals(new float[] {10, 20, 30}, results.getFirst().toFloats());
      }
      results.forEach(Tensor::close);
    }
  }

  @Test
  void backendsThatCannotSayWhy() {
    try (var cpu = Backends.open("cpu", _ -> {})) {
      assertFalse(cpu.captures());
      BackendException refusal = assertThrows(BackendException.class, () -> cpu.capture(() -> {}));
      assertTrue(refusal.getMessage().contains("run the step itself"), refusal.getMessage());
    }
    CudaOptions uncached = CudaOptions.standard("cuda-emulated").withCaching(false);
    try (Emulated gpu = Emulated.open(uncached, 1 << 28)) {
      assertFalse(gpu.backend().captures());
      BackendException refusal =
          assertThrows(BackendException.class, () -> gpu.backend().capture(() -> {}));
      assertTrue(refusal.getMessage().contains("not kept for reuse"), refusal.getMessage());
    }
  }
}
