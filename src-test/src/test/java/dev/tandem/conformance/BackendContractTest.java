package dev.tandem.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.BackendProvider;
import dev.tandem.backend.Backends;
import dev.tandem.backend.Buffer;
import dev.tandem.backend.MemoryStatistics;
import dev.tandem.backend.Operand;
import dev.tandem.backend.OutOfMemoryException;
import dev.tandem.op.Elementwise.Mul;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * What {@link Backend} promises beside its ops: memory, copies, limits. On the oracle's backend too, for tests
 * trust it.
 */
final class BackendContractTest {
  private interface Check {
    void on(Backend backend);
  }

  private static Stream<DynamicTest> everywhere(Check check) {
    return Stream.concat(Stream.of(new OracleBackend()), TestBackends.available().stream())
        .map(backend -> DynamicTest.dynamicTest(backend.name(), () -> check.on(backend)));
  }

  @TestFactory
  Stream<DynamicTest> copiesEveryTypeToAndFro() {
    return everywhere(backend -> {
      for (DType dtype : DType.values()) {
        if (backend.supports(dtype)) {
          for (Shape shape :
              List.of(Shape.scalar(), Shape.of(7), Shape.of(3, 257), Shape.of(0, 5))) {
            Values values = Source.uniform(shape, 0, 200).make(dtype, 5, List.of());
            Operand operand = values.on(backend);
            assertEquals(values.type().bytes(), operand.buffer().bytes());
            assertArrayEquals(
                values.data(), Values.from(backend, operand).data(), values.type().toString());
            operand.buffer().close();
          }
        }
      }
    });
  }

  @TestFactory
  Stream<DynamicTest> takesHeapAndNativeMemoryAtAnyAlignment() {
    return everywhere(backend -> {
      float[] numbers = {1, -2, 3.5f, 4, 5};
      float[] expected = numbers.clone();
      TensorType type = TensorType.f32(numbers.length);
      try (Arena arena = Arena.ofConfined();
          Buffer buffer = backend.allocate(type)) {
        MemorySegment odd = arena.allocate(type.bytes() + 1).asSlice(1);
        MemorySegment bytes = MemorySegment.ofArray(new byte[(int) type.bytes()]);
        for (MemorySegment source : List.of(MemorySegment.ofArray(numbers), odd, bytes)) {
          MemorySegment.copy(MemorySegment.ofArray(expected), 0, source, 0, type.bytes());
          backend.write(buffer, source);
          // The source may be reused when the call returns.
          source.fill((byte) 9);
          backend.read(buffer, source);
          for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], source.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i));
          }
        }
      }
    });
  }

  @TestFactory
  Stream<DynamicTest> givesBackWhatIsClosed() {
    return everywhere(backend -> {
      MemoryStatistics before = backend.memory();
      TensorType type = TensorType.f32(1000, 10);
      Buffer first = backend.allocate(type);
      Buffer second = backend.allocate(type);
      MemoryStatistics held = backend.memory();
      assertEquals(before.buffers() + 2, held.buffers());
      assertTrue(held.used() >= before.used() + 2 * type.bytes(), () -> before + " then " + held);
      assertTrue(held.reserved() >= held.used(), held::toString);
      assertTrue(held.peak() >= held.used(), held::toString);
      first.close();
      first.close();
      second.close();
      MemoryStatistics after = backend.memory();
      assertEquals(before.used(), after.used(), "closing twice counts once");
      assertEquals(before.buffers(), after.buffers());
      assertTrue(after.peak() >= held.used(), "the peak stays");
    });
  }

  @TestFactory
  Stream<DynamicTest> memoryIsFlatOverSteps() {
    return everywhere(backend -> {
      long settled = 0;
      for (int step = 0; step < 10; step++) {
        TensorType type = TensorType.f32(500, 33);
        Operand x = Values.zeros(type).on(backend);
        Operand y = new Operand(type, backend.allocate(type));
        backend.run(new Mul(), List.of(x, x), List.of(y));
        x.buffer().close();
        y.buffer().close();
        if (step == 3) {
          settled = backend.memory().reserved();
        }
      }
      backend.finish();
      assertEquals(
          settled, backend.memory().reserved(), "memory grows although every buffer is closed");
    });
  }

  /** Not on the oracle, which takes what the heap gives. */
  @TestFactory
  Stream<DynamicTest> survivesRunningOutOfMemory() {
    return TestBackends.available().stream()
        .map(backend ->
            DynamicTest.dynamicTest(
                backend.name(),
                () -> {
                  MemoryStatistics before = backend.memory();
                  TensorType large = TensorType.f32(400, 1_000_000);
                  List<Buffer> held = new ArrayList<>();
                  OutOfMemoryException refusal =
                      assertThrows(
                          OutOfMemoryException.class,
                          () -> {
                            while (held.size() < 1000) {
                              held.add(backend.allocate(large));
                            }
                          });
                  held.forEach(Buffer::close);
                  assertTrue(
                      refusal.getMessage().contains(Long.toString(large.bytes())),
                      () ->
                          "says not what was asked, "
                              + large.bytes()
                              + " bytes: "
                              + refusal.getMessage());
                  assertEquals(
                      before.used(), backend.memory().used(), "what failed was not allocated");
                  Values x = Values.of(DType.F32, Shape.of(3), 1, 2, 3);
                  Operand operand = x.on(backend);
                  assertArrayEquals(
                      x.data(), Values.from(backend, operand).data(), "the backend works on");
                  operand.buffer().close();
                }));
  }

  @TestFactory
  Stream<DynamicTest> refusesWhatNoDeviceHolds() {
    return TestBackends.available().stream()
        .map(backend ->
            DynamicTest.dynamicTest(
                backend.name(),
                () -> {
                  BackendException refusal =
                      assertThrows(
                          BackendException.class,
                          () -> backend.allocate(TensorType.f32(2_000_000_000, 1000)));
                  assertTrue(
                      refusal.getMessage().startsWith(backend.name().replaceAll(":.*", "")),
                      refusal.getMessage());
                }));
  }

  @TestFactory
  Stream<DynamicTest> refusesBuffersOfAnother() {
    Backend stranger = new OracleBackend();
    return everywhere(backend -> {
      Operand foreign = Values.scalar(DType.F32, 1).on(stranger);
      if (backend instanceof OracleBackend) {
        foreign = Values.scalar(DType.F32, 1).on(TestBackends.available().getFirst());
      }
      Operand operand = foreign;
      Operand own = Values.scalar(DType.F32, 1).on(backend);
      assertThrows(
          BackendException.class,
          () -> backend.run(new Mul(), List.of(own, operand), List.of(own)));
      own.buffer().close();
      operand.buffer().close();
    });
  }

  @TestFactory
  Stream<DynamicTest> refusesTypesThatItDoesNotSupport() {
    return TestBackends.available().stream()
        .map(backend ->
            DynamicTest.dynamicTest(
                backend.name(),
                () -> {
                  for (DType dtype : DType.values()) {
                    if (!backend.supports(dtype)) {
                      BackendException refusal =
                          assertThrows(
                              BackendException.class,
                              () -> backend.allocate(new TensorType(dtype, Shape.of(2))));
                      assertTrue(refusal.getMessage().contains(dtype.name()), refusal.getMessage());
                    }
                  }
                }));
  }

  @Test
  void providersProbeWithoutThrowingAndSayWhy() {
    for (BackendProvider provider : Backends.providers()) {
      assertTrue(
          !provider.probe().reason().isBlank(), provider.kind() + ": a probe without a reason");
    }
  }

  @TestFactory
  Stream<DynamicTest> tellsWhatItIs() {
    return everywhere(backend -> {
      assertTrue(!backend.name().isBlank());
      assertTrue(backend.description().lines().count() == 1, backend.description());
    });
  }
}
