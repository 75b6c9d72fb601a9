package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Buffer;
import dev.tandem.backend.CapturedStep;
import dev.tandem.backend.Operand;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.op.Elementwise;
import dev.tandem.ptx.EmulatedDriver;
import dev.tandem.ptx.machine.EmulatorOptions;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is said when the device fails, which it does long after the call that is to blame. */
final class FailureTest {
  private static final CudaOptions OPTIONS = CudaOptions.standard("cuda:0");

  /** A kernel that fails is told where the host waits, with what was queued; from then on nothing works, and each call says so. */
  @Test
  void aKernelThatFailsIsToldWithTheOpsSinceTheLastWait() {
    EmulatorOptions impatient = EmulatorOptions.standard().withStepLimit(50).withMemory(1L << 28);
    EmulatedDriver driver = EmulatedDriver.open(impatient);
    CudaBackend backend = CudaBackend.open(driver, 0, OPTIONS);
    try (Tensor x = Tensor.of(backend, new float[3000], 3, 1000);
        Buffer y = backend.allocate(x.type())) {
      BackendException failure =
          assertThrows(BackendException.class, () -> x.add(1).exp().sum().item());
      for (String part :
          List.of(
              "cuda:0: read: ",
              "CUDA_ERROR_LAUNCH_TIMEOUT",
              "affine_f32",
              "it was one of 3 ops queued since the last wait, the last being affine [F32 (3, 1000)], exp [F32 (3, 1000)], sum [F32 (3, 1000)]",
              "TANDEM_CHECK=1")) {
        assertTrue(failure.getMessage().contains(part), part + " in: " + failure.getMessage());
      }
      assertTrue(failure.getCause() instanceof DriverException);
      BackendException after = assertThrows(BackendException.class, () -> x.relu());
      assertTrue(
          after.getMessage().startsWith("cuda:0: no memory can be had, got F32 (3, 1000); "),
          after.getMessage());
      assertTrue(after.getMessage().contains("the context is lost"), after.getMessage());
      Operand operand = new Operand(x.type(), y);
      BackendException run =
          assertThrows(
              BackendException.class,
              () -> backend.run(new Elementwise.Relu(), List.of(operand), List.of(operand)));
      assertTrue(
          run.getMessage().startsWith("cuda:0: relu could not be queued, got [F32 (3, 1000)]; "),
          run.getMessage());
      assertTrue(
          run.getMessage().contains(DriverError.CUDA_ERROR_LAUNCH_TIMEOUT.meaning()),
          run.getMessage());
      BackendException read = assertThrows(BackendException.class, x::toFloats);
      assertTrue(read.getMessage().startsWith("cuda:0: read"), read.getMessage());
      assertTrue(read.getMessage().contains("the context is lost"), read.getMessage());
    } finally {
      // The lost context has been told of; closing must not hide what was thrown.
      backend.close();
      driver.close();
    }
  }

  /** Closing what was captured on a device that is lost by now does not hide what was thrown. */
  @Test
  void aCapturedStepOfALostDeviceCloses() {
    EmulatorOptions impatient = EmulatorOptions.standard().withStepLimit(500).withMemory(1L << 28);
    EmulatedDriver driver = EmulatedDriver.open(impatient);
    CudaBackend backend = CudaBackend.open(driver, 0, OPTIONS);
    try (Tensor x = Tensor.of(backend, new float[4], 4);
        Tensor many = Tensor.zeros(backend, TensorType.f32(3_000_000))) {
      CapturedStep step = backend.capture(() -> x.add(1).close());
      BackendException failure = assertThrows(BackendException.class, () -> many.sum().item());
      assertTrue(failure.getMessage().contains("LAUNCH_TIMEOUT"), failure.getMessage());
      BackendException replay = assertThrows(BackendException.class, step::replay);
      assertTrue(replay.getMessage().startsWith("cuda:0: replay: "), replay.getMessage());
      step.close();
      assertFalse(step.ready());
    } finally {
      backend.close();
      driver.close();
    }
  }

  @Test
  void adviceForADeviceThatThereIsNot() {
    try (EmulatedDriver driver = EmulatedDriver.open()) {
      BackendException refusal =
          assertThrows(BackendException.class, () -> CudaBackend.open(driver, 3, OPTIONS));
      assertEquals(
          "backend: there is no such GPU, got cuda:3; the driver has cuda:0 alone",
          refusal.getMessage());
    }
  }

  /** An index that is wrong in a replay, and right when the step was recorded. */
  @Test
  void anIndexOutOfRangeInAReplayIsNamed() {
    try (Emulated gpu = Emulated.open();
        Tensor table = Tensor.of(gpu.backend(), new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
        Tensor indices = Tensor.of(gpu.backend(), new int[] {2, 0}, 2);
        Tensor sums = Tensor.of(gpu.backend(), new float[2], 2);
        CapturedStep step =
            gpu.backend()
                .capture(() -> {
                  try (Scope _ = Scope.open()) {
                    Tensor.update(
                        new dev.tandem.op.Update.Accumulate(),
                        sums,
                        table.embedding(indices).sum(0));
                  }
                })) {
      step.replay();
      assertArrayEquals(new float[] {12, 16}, sums.toFloats());
      indices.write(MemorySegment.ofArray(new int[] {1, 7}));
      step.replay();
      BackendException failure = assertThrows(BackendException.class, () -> sums.toFloats());
      assertEquals(
          "cuda-emulated: embedding: index is out of range, got 7 at element 1 of (2); indices run from 0 to 2",
          failure.getMessage());
      indices.write(MemorySegment.ofArray(new int[] {1, 1}));
      step.replay();
      gpu.backend().finish();
    }
  }
}
