package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.Backends;
import dev.tandem.backend.Buffer;
import dev.tandem.backend.MemoryStatistics;
import dev.tandem.backend.Operand;
import dev.tandem.backend.OutOfMemoryException;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Linear;
import dev.tandem.op.Op;
import dev.tandem.op.Size2d;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.Test;

class CpuBackendTest {
  private static final Elementwise ADD = new Elementwise.Add();

  @Test
  void isFoundByItsName() {
    try (Backend backend = Backends.open("cpu", note -> {})) {
      assertInstanceOf(CpuBackend.class, backend);
      assertEquals("cpu", backend.name());
      assertTrue(
          backend.description().startsWith("cpu: " + Vectorization.reason()),
          backend.description());
      assertTrue(backend.description().contains(" thread"), backend.description());
    }
    assertThrows(BackendException.class, () -> Backends.open("cpu:1", note -> {}));
  }

  @Test
  void everyElementTypeGoesThereAndBack() {
    try (OnCpu cpu = new OnCpu(1)) {
      for (DType dtype : DType.values()) {
        assertTrue(cpu.backend().supports(dtype));
        double[] numbers = {0, 1, 2, 250, 7};
        assertArrayEquals(numbers, cpu.numbers(cpu.tensor(dtype, Shape.of(5), numbers)));
        assertEquals(0, cpu.numbers(cpu.tensor(dtype, Shape.of(3, 0))).length);
      }
    }
  }

  @Test
  void sizesMustFit() {
    try (OnCpu cpu = new OnCpu(1);
        Arena arena = Arena.ofConfined()) {
      Buffer buffer = cpu.backend().allocate(TensorType.f32(4));
      BackendException written =
          assertThrows(
              BackendException.class, () -> cpu.backend().write(buffer, arena.allocate(15)));
      assertTrue(
          written.getMessage().contains("got 15 bytes on the host and 16 in the buffer"),
          written.getMessage());
      assertThrows(BackendException.class, () -> cpu.backend().read(buffer, arena.allocate(17)));
    }
  }

  @Test
  void refusesByName() {
    try (OnCpu cpu = new OnCpu(1)) {
      BackendException large =
          assertThrows(
              BackendException.class,
              () -> cpu.backend().allocate(new TensorType(DType.U8, Shape.of(1 << 16, 1 << 16))));
      assertTrue(large.getMessage().contains("(65536, 65536)"), large.getMessage());
    }
  }

  @Test
  void buffersEndWhenClosed() {
    OnCpu cpu = new OnCpu(1);
    Operand x = cpu.tensor(DType.F32, Shape.of(2), 1, 2);
    Operand open = cpu.tensor(DType.F32, Shape.of(2), 1, 2);
    x.buffer().close();
    x.buffer().close();
    BackendException closed = assertThrows(BackendException.class, () -> cpu.run(ADD, x, x));
    assertTrue(closed.getMessage().contains("used after it was closed"), closed.getMessage());
    cpu.close();
    BackendException gone = assertThrows(BackendException.class, () -> cpu.numbers(open));
    assertTrue(gone.getMessage().contains("after its backend was closed"), gone.getMessage());
    open.buffer().close();
    assertEquals(new MemoryStatistics(0, 0, 16, 0), cpu.backend().memory());
    assertThrows(BackendException.class, () -> cpu.tensor(DType.F32, Shape.of(1), 1));
  }

  @Test
  void countsWhatItHolds() {
    try (OnCpu cpu = new OnCpu(1)) {
      Buffer a = cpu.backend().allocate(TensorType.f32(1000));
      Buffer b = cpu.backend().allocate(new TensorType(DType.F64, Shape.of(100)));
      MemoryStatistics both = cpu.backend().memory();
      assertEquals(4800, both.used());
      assertEquals(2, both.buffers());
      assertTrue(both.reserved() >= 4800 && both.reserved() <= 4800 * 1.25, both.toString());
      a.close();
      assertEquals(new MemoryStatistics(800, both.reserved(), 4800, 1), cpu.backend().memory());
      Buffer again = cpu.backend().allocate(TensorType.f32(1001));
      assertEquals(new MemoryStatistics(4804, both.reserved(), 4804, 2), cpu.backend().memory());
      again.close();
      b.close();
      assertEquals(0, cpu.backend().memory().used());
    }
  }

  @Test
  void numbersOfTwoBytesTakeTwo() {
    for (DType dtype : new DType[] {DType.BF16, DType.F16}) {
      try (OnCpu cpu = new OnCpu(1)) {
        Operand x = cpu.tensor(dtype, Shape.of(1000));
        assertEquals(new MemoryStatistics(2000, 2048, 2000, 1), cpu.backend().memory());
        // Widened for the time of the op, which counts as reserved and not as used.
        cpu.run(new Elementwise.Exp(), x);
        assertEquals(4000, cpu.backend().memory().peak());
        assertEquals(2 * 2048 + 2 * 4096, cpu.backend().memory().reserved());
      }
    }
  }

  @Test
  void steadyStepsReserveNothingNew() {
    try (OnCpu cpu = new OnCpu(2)) {
      long reserved = 0;
      for (int step = 0; step < 6; step++) {
        Operand x = cpu.tensor(DType.F32, Shape.of(300, 70));
        Operand bias = cpu.tensor(DType.F32, Shape.of(70));
        Operand y = cpu.run(ADD, x, bias).getFirst();
        x.buffer().close();
        bias.buffer().close();
        y.buffer().close();
        if (step == 2) {
          reserved = cpu.backend().memory().reserved();
        }
      }
      // Two threads may or may not both have borrowed scratch by then: 8 KiB and a period each.
      long grown = cpu.backend().memory().reserved() - reserved;
      assertTrue(grown <= 16384, "grown by " + grown);
    }
  }

  @Test
  void livesThroughOutOfMemory() {
    long limit = Runtime.getRuntime().maxMemory();
    int elements = (int) Math.min(Integer.MAX_VALUE - 8, limit / Double.BYTES + 1);
    assumeTrue((long) elements * Double.BYTES > limit, "the heap holds more than one tensor can");
    try (OnCpu cpu = new OnCpu(2)) {
      Operand x = cpu.tensor(DType.F32, Shape.of(3), 1, 2, 3);
      cpu.backend().allocate(TensorType.f32(1 << 20)).close();
      OutOfMemoryException thrown =
          assertThrows(
              OutOfMemoryException.class,
              () -> cpu.backend().allocate(new TensorType(DType.F64, Shape.of(elements))));
      assertTrue(
          thrown.getMessage().contains("asked for " + (long) elements * Double.BYTES + " bytes"),
          thrown.getMessage());
      assertTrue(thrown.getMessage().contains("1 open buffers use 12 bytes"), thrown.getMessage());
      assertTrue(thrown.getMessage().contains("limit is " + limit), thrown.getMessage());
      // The idle array of 4 MiB was dropped; the smallest class, of 16 floats, is still open.
      assertEquals(new MemoryStatistics(12, 64, (4 << 20) + 12, 1), cpu.backend().memory());
      assertArrayEquals(new double[] {2, 4, 6}, cpu.numbers(ADD, x, x));
    }
  }

  /** What a thread borrows it gets back: otherwise every product would leave its packed parts to another thread. */
  @Test
  void threadsBorrowWhatTheyGaveBack() {
    try (OnCpu cpu = new OnCpu(3)) {
      Operand a = cpu.tensor(DType.F32, Shape.of(512, 400));
      Operand b = cpu.tensor(DType.F32, Shape.of(512, 400));
      Operand x = cpu.tensor(DType.F32, Shape.of(4, 32, 16, 16));
      Operand w = cpu.tensor(DType.F32, Shape.of(32, 32, 3, 3));
      long reserved = 0;
      for (int step = 0; step < 60; step++) {
        for (Op op : List.of(new Linear.Matmul(false, true), new Linear.Matmul(true, false))) {
          cpu.run(op, a, b).getFirst().buffer().close();
        }
        cpu.run(new Linear.Conv2d(Linear.Conv2dGeometry.plain()), x, w).getFirst().buffer().close();
        if (step == 20) {
          reserved = cpu.backend().memory().reserved();
        }
      }
      // A thread that comes to a task for the first time late borrows its own, once.
      long grown = cpu.backend().memory().reserved() - reserved;
      assertTrue(grown <= reserved / 2, "grown by " + grown + " from " + reserved);
    }
  }

  @Test
  void scratchOfAnOpThatFailsIsNotCountedForever() {
    long frame = 4L * 40_001 * 40_001;
    assumeTrue(Runtime.getRuntime().maxMemory() < frame, "the heap holds the frame");
    try (OnCpu cpu = new OnCpu(2)) {
      Operand x = cpu.tensor(DType.F32, Shape.of(1, 1, 1, 1), 1);
      // The weights are packed when the frame around the pixel turns out not to fit.
      assertThrows(OutOfMemoryException.class, () -> cpu.run(padded(20_000), x, x));
      Operand y = cpu.tensor(DType.F32, Shape.of(1, 1, 1, 1), 2);
      // Those two, and the result that the op was to write: three arrays of the smallest class.
      assertEquals(3 * 64, cpu.backend().memory().reserved());
      assertArrayEquals(new double[] {3}, cpu.numbers(ADD, x, y));
    }
  }

  @Test
  void scratchBeyondArraysIsRefusedByName() {
    try (OnCpu cpu = new OnCpu(2)) {
      Operand x = cpu.tensor(DType.F32, Shape.of(1, 1, 1, 1), 1);
      BackendException refused =
          assertThrows(BackendException.class, () -> cpu.run(padded(70_000), x, x));
      assertTrue(
          refused.getMessage().contains("got 1 channels of 140001x140001"), refused.getMessage());
    }
    BackendException long64 =
        assertThrows(BackendException.class, () -> new BufferPool().borrow(1L << 32));
    assertTrue(long64.getMessage().contains("got 4294967296 elements"), long64.getMessage());
  }

  /** A convolution whose windows lie as far apart as the image is padded. */
  private static Linear.Conv2d padded(int padding) {
    return new Linear.Conv2d(
        new Linear.Conv2dGeometry(Size2d.of(padding), Size2d.of(padding), Size2d.of(1), 1));
  }

  @Test
  void sizeClassesWasteAtMostAQuarter() {
    for (int elements = 1; elements > 0; elements += 1 + elements / 7) {
      int length = BufferPool.length(BufferPool.sizeClass(elements));
      assertTrue(length >= elements, elements + " do not fit " + length);
      assertTrue(length <= Math.max(16, elements * 1.25), elements + " take " + length);
      assertEquals(BufferPool.sizeClass(elements), BufferPool.sizeClass(length));
    }
    assertEquals(
        Integer.MAX_VALUE - 8, BufferPool.length(BufferPool.sizeClass(Integer.MAX_VALUE - 8)));
  }
}
