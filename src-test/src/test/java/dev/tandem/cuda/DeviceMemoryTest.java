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
  void smallBlocksWasteAQuarterAtMostAndLargeOnesA64th() {
    for (long bytes = 512; bytes < 1L << 50; bytes += bytes / 77 + 1) {
      long size = Pool.size(bytes);
      long waste = size - bytes;
      assertTrue(waste >= 0 && waste <= bytes / (bytes < MIB ? 4 : 64), bytes + " in " + size);
      assertEquals(size, Pool.size(size), "a size is its own");
    }
  }

  /** Weights and gradients of 2 bytes, masters and two moments of 4: 16 bytes a parameter, as one would count them by hand. */
  @Test
  void trainingGpt2TakesNextToNothingBeyondItsBytes() {
    List<Long> parameters = new ArrayList<>(List.of(50_257L * 768, 1024L * 768, 768L, 768L));
    for (int layer = 0; layer < 12; layer++) {
      for (long width : new long[] {3 * 768, 768, 4 * 768}) {
        parameters.addAll(List.of(768 * width, width));
      }
      parameters.addAll(List.of(4 * 768L * 768, 768L, 768L, 768L, 768L, 768L));
    }
    assertEquals(148, parameters.size());
    long all = parameters.stream().mapToLong(n -> n).sum();
    long held =
        parameters.stream().mapToLong(n -> 2 * Pool.size(2 * n) + 3 * Pool.size(4 * n)).sum();
    assertEquals(124_439_808, all);
    assertEquals(16, (double) held / all, 0.03);
  }

  @Test
  void aLargeBlockServesWhatIsSomewhatSmaller() {
    try (Emulated gpu = Emulated.open()) {
      CudaBackend backend = gpu.backend();
      backend.allocate(TensorType.f32(9 << 18)).close();
      long reserved = backend.memory().reserved();
      assertEquals(9 * MIB, reserved);
      try (Buffer fits = backend.allocate(TensorType.f32(8 << 18))) {
        assertEquals(8 * MIB, fits.bytes());
        assertEquals(reserved, backend.memory().reserved(), "an eighth more is not too much");
      }
      try (Buffer smaller = backend.allocate(TensorType.f32((8 << 18) - (1 << 16)))) {
        assertTrue(backend.memory().reserved() > reserved, smaller + " took what is too large");
        reserved = backend.memory().reserved();
      }
      try (Buffer least = backend.allocate(TensorType.f32((8 << 18) - (1 << 15) * 3))) {
        assertEquals(reserved, backend.memory().reserved(), least + ": the smallest that holds it");
        try (Buffer next = backend.allocate(TensorType.f32(8 << 18))) {
          assertEquals(reserved, backend.memory().reserved(), next + ": the large one was left");
        }
      }
    }
  }

  /** Small blocks come in few sizes, and one size does not stand in for another. */
  @Test
  void smallBlocksServeTheirSize() {
    try (Emulated gpu = Emulated.open()) {
      CudaBackend backend = gpu.backend();
      backend.allocate(TensorType.f32(256)).close();
      try (Buffer same = backend.allocate(TensorType.f32(225))) {
        assertEquals(1024, backend.memory().reserved(), same.bytes() + " bytes");
      }
      try (Buffer other = backend.allocate(TensorType.f32(220))) {
        assertEquals(1024 + 896, backend.memory().reserved(), other.bytes() + " bytes");
      }
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
