package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Buffer;
import dev.tandem.backend.MemoryStatistics;
import dev.tandem.backend.OutOfMemoryException;
import dev.tandem.conformance.Values;
import dev.tandem.op.Elementwise.Add;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** The caching allocator: reuse, figures, limits, and what is said where they are met. */
final class DeviceMemoryTest {
  private static final long MIB = 1L << 20;

  private static CudaOptions options() {
    return CudaOptions.standard("cuda-emulated");
  }

  private static TensorType mebibytes(int count) {
    return TensorType.f32(count, 1 << 18);
  }

  @Test
  void classesWasteAQuarterAtMost() {
    for (long bytes = 512; bytes < 1L << 50; bytes += bytes / 7 + 1) {
      long size = Pool.bytes(Pool.sizeClass(bytes));
      assertTrue(size >= bytes && size <= bytes + bytes / 4, bytes + " in a block of " + size);
    }
  }

  @Test
  void whatIsClosedIsHandedOutAgain() {
    try (Emulated gpu = Emulated.open()) {
      CudaBackend backend = gpu.backend();
      DeviceBuffer first = (DeviceBuffer) backend.allocate(mebibytes(3));
      long address = first.address();
      MemoryStatistics one = backend.memory();
      first.close();
      DeviceBuffer second = (DeviceBuffer) backend.allocate(mebibytes(3));
      assertEquals(address, second.address());
      assertEquals(one, backend.memory(), "a block was asked for that was there");
      second.close();
      assertEquals(one.reserved(), backend.memory().reserved());
      assertEquals(0, backend.memory().used());
      assertEquals(3 * MIB, backend.memory().peak());
    }
  }

  @Test
  void aCapIsHeldByGivingIdleBlocksBack() {
    try (Emulated gpu = Emulated.open(options().withMemory(OptionalLong.of(20 * MIB)), 1L << 30)) {
      CudaBackend backend = gpu.backend();
      backend.allocate(mebibytes(12)).close();
      try (Buffer other = backend.allocate(mebibytes(16))) {
        assertEquals(16 * MIB, other.bytes());
        assertTrue(backend.memory().reserved() <= 20 * MIB, backend.memory().toString());
        OutOfMemoryException refusal =
            assertThrows(OutOfMemoryException.class, () -> backend.allocate(mebibytes(8)));
        assertTrue(
            refusal.getMessage().contains("TANDEM_CUDA_MEMORY allows the backend 20971520 bytes"),
            refusal.getMessage());
      }
      backend.allocate(mebibytes(8)).close();
    }
  }

  @Test
  void anOutOfMemoryErrorSaysWhatWasAskedFreeAndHeld() {
    try (Emulated gpu = Emulated.open(options(), 64 * MIB)) {
      CudaBackend backend = gpu.backend();
      List<Buffer> held = new ArrayList<>();
      held.add(backend.allocate(mebibytes(24)));
      OutOfMemoryException refusal =
          assertThrows(OutOfMemoryException.class, () -> backend.allocate(mebibytes(40)));
      for (String part :
          List.of(
              "cuda-emulated: out of memory, asked for 41943040 bytes (F32 (40, 262144))",
              " of the device's 67108864 bytes are free",
              "1 open tensors use 25165824, the backend holds 25165824",
              "use a smaller batch")) {
        assertTrue(refusal.getMessage().contains(part), part + " in: " + refusal.getMessage());
      }
      assertEquals(24 * MIB, backend.memory().used());
      // The backend works on, also with an op that needs memory.
      Values sum =
          Emulated.run(
                  backend,
                  new Add(),
                  Values.of(DType.F32, Shape.of(3), 1, 2, 3),
                  Values.of(DType.F32, Shape.of(3), 10, 20, 30))
              .getFirst();
      assertArrayEquals(new double[] {11, 22, 33}, sum.data());
      held.forEach(Buffer::close);
      backend.allocate(mebibytes(40)).close();
    }
  }

  /** Writes of many sizes, one after another, while the device has read none of them: no piece is overwritten too early. */
  @Test
  void writesWaitForNobodyAndLoseNothing() {
    try (Emulated gpu = Emulated.open()) {
      CudaBackend backend = gpu.backend();
      List<Values> written = new ArrayList<>();
      List<dev.tandem.backend.Operand> tensors = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        Shape shape = Shape.of(i % 5 == 0 ? 1_300_000 : 1 + 97 * i);
        double[] data = new double[(int) shape.elements()];
        for (int j = 0; j < data.length; j += 61) {
          data[j] = i + j;
        }
        written.add(new Values(new TensorType(DType.I32, shape), data));
        tensors.add(written.getLast().on(backend));
      }
      for (int i = 0; i < written.size(); i++) {
        assertArrayEquals(
            written.get(i).data(), Values.from(backend, tensors.get(i)).data(), "write " + i);
      }
    }
  }

  @Test
  void nothingIsUsedAfterItWasClosed() {
    try (Emulated gpu = Emulated.open()) {
      CudaBackend backend = gpu.backend();
      var x = Values.of(DType.F32, Shape.of(3), 1, 2, 3).on(backend);
      x.buffer().close();
      BackendException buffer = assertThrows(BackendException.class, () -> Values.from(backend, x));
      assertTrue(buffer.getMessage().contains("after it was closed"), buffer.getMessage());
      backend.close();
      BackendException closed =
          assertThrows(BackendException.class, () -> backend.allocate(mebibytes(1)));
      assertTrue(closed.getMessage().contains("after it was closed"), closed.getMessage());
      backend.close();
    }
  }
}
