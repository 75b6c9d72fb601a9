package dev.tandem.driver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Availability;
import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.Blas;
import dev.tandem.cuda.driver.ComputeType;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.DataType;
import dev.tandem.cuda.driver.Device;
import dev.tandem.cuda.driver.DeviceAttribute;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.Driver;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Event;
import dev.tandem.cuda.driver.ExecutableGraph;
import dev.tandem.cuda.driver.Function;
import dev.tandem.cuda.driver.FunctionAttribute;
import dev.tandem.cuda.driver.Gemm;
import dev.tandem.cuda.driver.Graph;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.cuda.driver.Module;
import dev.tandem.cuda.driver.PinnedMemory;
import dev.tandem.cuda.driver.Stream;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * What every driver does alike. Runs on the software GPU, and on the machine's own GPU through JCuda where there is one;
 * what only one of them can show is tested elsewhere.
 */
final class DriverContractTest {
  /** y[i] = a * x[i] + b, and a kernel that shows its dynamic shared memory and a variable of the module. */
  private static final String PTX =
      """
      .version 7.8
      .target sm_80
      .address_size 64
      .global .align 4 .u32 counter = 7;
      .const .align 4 .b32 factors[2] = {3, 5};
      .extern .shared .align 16 .b8 dynamic[];

      .visible .entry scale(
        .param .u64 x, .param .u64 y, .param .f32 a, .param .f32 b, .param .u32 n)
      {
        .reg .pred %p<2>; .reg .b32 %r<6>; .reg .f32 %f<5>; .reg .b64 %rd<7>;
        ld.param.u64 %rd1, [x];
        ld.param.u64 %rd2, [y];
        ld.param.f32 %f1, [a];
        ld.param.f32 %f2, [b];
        ld.param.u32 %r1, [n];
        mov.u32 %r2, %ctaid.x;
        mov.u32 %r3, %ntid.x;
        mov.u32 %r4, %tid.x;
        mad.lo.s32 %r5, %r2, %r3, %r4;
        setp.ge.u32 %p1, %r5, %r1;
        @%p1 bra DONE;
        cvta.to.global.u64 %rd3, %rd1;
        cvta.to.global.u64 %rd4, %rd2;
        mul.wide.u32 %rd5, %r5, 4;
        add.s64 %rd3, %rd3, %rd5;
        add.s64 %rd4, %rd4, %rd5;
        ld.global.f32 %f3, [%rd3];
        fma.rn.f32 %f4, %f3, %f1, %f2;
        st.global.f32 [%rd4], %f4;
      DONE:
        ret;
      }

      .visible .entry last_byte(.param .u64 out, .param .u32 bytes)
      {
        .reg .b32 %r<8>; .reg .b64 %rd<3>;
        ld.param.u64 %rd1, [out];
        cvta.to.global.u64 %rd2, %rd1;
        ld.param.u32 %r1, [bytes];
        mov.u32 %r2, dynamic;
        add.u32 %r3, %r2, %r1;
        mov.u32 %r4, 42;
        st.shared.u8 [%r3-1], %r4;
        ld.shared.u8 %r5, [%r3-1];
        ld.global.u32 %r6, [counter];
        ld.const.u32 %r7, [factors+4];
        add.u32 %r5, %r5, %r6;
        add.u32 %r5, %r5, %r7;
        st.global.u32 [%rd2], %r5;
        ret;
      }
      """;

  private static final int N = 1000;

  /** A driver with a device, context, stream and the module above. */
  private record Bench(Driver driver, Context context, Stream stream, Module module) {
    Function scale() {
      return module.function("scale");
    }

    void scale(Stream on, DeviceMemory x, DeviceMemory y, float a, float b) {
      on.launch(
          scale(),
          LaunchShape.of((N + 255) / 256, 256),
          new Arguments()
              .read(x.address(), 4L * N)
              .write(y.address(), 4L * N)
              .float32(a)
              .float32(b)
              .int32(N));
    }

    /** Device memory that holds 0, 1, 2 ... */
    DeviceMemory counting() {
      DeviceMemory memory = context.allocate(4L * N);
      try (PinnedMemory host = context.pin(4L * N)) {
        for (int i = 0; i < N; i++) {
          host.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
        }
        stream.upload(memory.address(), host, 0, 4L * N);
        stream.synchronize();
      }
      return memory;
    }

    float[] floats(DeviceMemory memory) {
      try (PinnedMemory host = context.pin(memory.bytes())) {
        stream.download(host, 0, memory.address(), memory.bytes());
        stream.synchronize();
        return host.segment().toArray(ValueLayout.JAVA_FLOAT);
      }
    }

    int[] ints(DeviceMemory memory) {
      try (PinnedMemory host = context.pin(memory.bytes())) {
        stream.download(host, 0, memory.address(), memory.bytes());
        stream.synchronize();
        return host.segment().toArray(ValueLayout.JAVA_INT);
      }
    }
  }

  @TestFactory
  List<DynamicTest> contract() {
    Map<String, Consumer<Driver>> contract = new LinkedHashMap<>();
    contract.put("device", on(this::device));
    contract.put("a kernel between two copies", on(this::kernel));
    contract.put("fills and copies", on(this::fills));
    contract.put("stream-ordered memory", on(this::orderedMemory));
    contract.put("events order streams", on(this::events));
    contract.put("event times", on(this::eventTimes));
    contract.put("capture and replay", on(this::capture));
    contract.put("a graph takes other arguments", on(this::graphUpdate));
    contract.put("capture over two streams", on(this::captureForks));
    contract.put("what cannot be captured", on(this::captureRefuses));
    contract.put("module variables", on(this::variables));
    contract.put("shared memory on request", on(this::sharedMemory));
    contract.put("out of memory", on(this::outOfMemory));
    contract.put("mistakes", on(this::mistakes));
    contract.put("closing twice", on(this::closing));
    contract.put("products run in stream order, captured too", on(this::products));
    contract.put("products of halves, summed in F32", HalfProducts::check);
    return Drivers.tests(contract);
  }

  @Test
  void requiredCardThatIsAbsentIsMissed() {
    Availability none = Availability.no("there is none");
    Availability one = Availability.yes("found 1 GPU");
    assertEquals(
        Optional.of("cuda (required by TANDEM_REQUIRE) cannot be used here: there is none"),
        Drivers.missed(Optional.of("cuda"), none));
    assertEquals(Optional.empty(), Drivers.missed(Optional.of("cuda"), one));
    assertEquals(Optional.empty(), Drivers.missed(Optional.of("cpu"), none));
    assertEquals(Optional.empty(), Drivers.missed(Optional.empty(), none));
  }

  private static Consumer<Driver> on(Consumer<Bench> body) {
    return driver -> {
      try (Context context = driver.devices().getFirst().open();
          Stream stream = context.stream();
          Module module = context.load("contract.ptx", PTX)) {
        body.accept(new Bench(driver, context, stream, module));
      }
    };
  }

  private void device(Bench bench) {
    Device device = bench.context().device();
    assertEquals(0, device.ordinal());
    assertFalse(device.name().isBlank());
    assertTrue(bench.driver().version() >= 12000, "CUDA " + bench.driver().version());
    assertTrue(device.computeCapability() >= 80, "capability " + device.computeCapability());
    assertEquals(32, device.attribute(DeviceAttribute.WARP_SIZE));
    assertEquals(1024, device.attribute(DeviceAttribute.MAX_THREADS_PER_BLOCK));
    assertTrue(device.attribute(DeviceAttribute.MULTIPROCESSORS) > 0);
    assertTrue(
        device.attribute(DeviceAttribute.MAX_SHARED_BYTES_PER_BLOCK_OPT_IN)
            > device.attribute(DeviceAttribute.MAX_SHARED_BYTES_PER_BLOCK));
    assertEquals(1, device.attribute(DeviceAttribute.MEMORY_POOLS));
    assertTrue(bench.context().memory().freeBytes() <= bench.context().memory().totalBytes());
    assertTrue(bench.context().memory().totalBytes() > 0);
    assertTrue(bench.scale().activeBlocks(256, 0) >= 1);
    assertEquals(0, bench.scale().attribute(FunctionAttribute.STATIC_SHARED_BYTES));
    assertTrue(bench.scale().attribute(FunctionAttribute.REGISTERS) > 0);
  }

  private void kernel(Bench bench) {
    try (DeviceMemory x = bench.counting();
        DeviceMemory y = bench.context().allocate(4L * N)) {
      assertEquals(0, y.address() % 256);
      bench.scale(bench.stream(), x, y, 2, 1);
      float[] result = bench.floats(y);
      for (int i = 0; i < N; i++) {
        assertEquals(2f * i + 1, result[i], "element " + i);
      }
      assertTrue(bench.stream().done());
    }
  }

  private void fills(Bench bench) {
    try (DeviceMemory memory = bench.context().allocate(16);
        DeviceMemory other = bench.context().allocate(16)) {
      bench.stream().fill(memory.address(), 0x12345678, 4, 4);
      bench.stream().fill(memory.address() + 4, 0x9abc, 2, 1);
      bench.stream().fill(memory.address() + 8, 0xef, 1, 3);
      bench.stream().copy(other.address(), memory.address(), 16);
      assertArrayEquals(
          new int[] {0x12345678, 0x12349abc, 0x12efefef, 0x12345678}, bench.ints(other));
      DriverException misaligned =
          assertThrows(
              DriverException.class, () -> bench.stream().fill(memory.address() + 1, 0, 4, 1));
      assertEquals(DriverError.CUDA_ERROR_INVALID_VALUE, misaligned.error());
    }
  }

  private void orderedMemory(Bench bench) {
    bench.context().keepFreed(1L << 30);
    DeviceMemory x = bench.counting();
    DeviceMemory y = bench.stream().allocate(4L * N);
    bench.scale(bench.stream(), x, y, -1, 0);
    DeviceMemory z = bench.stream().allocate(4L * N);
    bench.scale(bench.stream(), y, z, 1, 5);
    y.close();
    float[] result = bench.floats(z);
    assertEquals(5f - (N - 1), result[N - 1]);
    bench.stream().free(z);
    z.close();
    bench.stream().synchronize();
    bench.context().trim(0);
    x.close();
  }

  private void events(Bench bench) {
    try (Stream second = bench.context().stream();
        Event written = bench.context().event(false);
        DeviceMemory x = bench.counting();
        DeviceMemory y = bench.context().allocate(4L * N);
        DeviceMemory z = bench.context().allocate(4L * N)) {
      assertTrue(written.done(), "an event never recorded counts as reached");
      bench.scale(bench.stream(), x, y, 3, 0);
      bench.stream().record(written);
      second.await(written);
      bench.scale(second, y, z, 1, 1);
      second.synchronize();
      assertTrue(written.done());
      assertEquals(3f * 17 + 1, bench.floats(z)[17]);
    }
  }

  private void eventTimes(Bench bench) {
    try (Event begin = bench.context().event(true);
        Event end = bench.context().event(true);
        Event untimed = bench.context().event(false);
        DeviceMemory x = bench.counting();
        DeviceMemory y = bench.context().allocate(4L * N)) {
      bench.stream().record(begin);
      bench.scale(bench.stream(), x, y, 3, 0);
      bench.stream().record(end);
      end.synchronize();
      assertTrue(end.millisSince(begin) >= 0);
      bench.stream().record(untimed);
      untimed.synchronize();
      assertThrows(DriverException.class, () -> untimed.millisSince(begin));
    }
  }

  private void capture(Bench bench) {
    try (DeviceMemory x = bench.counting();
        DeviceMemory y = bench.context().allocate(4L * N)) {
      bench.stream().beginCapture();
      assertTrue(bench.stream().capturing());
      bench.scale(bench.stream(), x, y, 2, 0);
      bench.stream().copy(x.address(), y.address(), 4L * N);
      bench.stream().fill(y.address(), 0, 4, N);
      try (Graph graph = bench.stream().endCapture();
          ExecutableGraph twice = graph.instantiate()) {
        assertFalse(bench.stream().capturing());
        assertEquals(3, graph.nodes());
        assertEquals(9f, bench.floats(x)[9], "a capture does nothing yet");
        for (int run = 0; run < 3; run++) {
          bench.stream().launch(twice);
        }
        assertEquals(8 * 9f, bench.floats(x)[9]);
        assertEquals(0f, bench.floats(y)[9]);
      }
    }
  }

  private Graph captured(Bench bench, Runnable work) {
    bench.stream().beginCapture();
    work.run();
    return bench.stream().endCapture();
  }

  private void graphUpdate(Bench bench) {
    try (DeviceMemory x = bench.counting();
        DeviceMemory y = bench.context().allocate(4L * N);
        Graph first = captured(bench, () -> bench.scale(bench.stream(), x, y, 2, 0));
        Graph same = captured(bench, () -> bench.scale(bench.stream(), x, y, 7, 1));
        Graph different =
            captured(
                bench,
                () -> {
                  bench.scale(bench.stream(), x, y, 7, 1);
                  bench.stream().fill(x.address(), 0, 4, 1);
                });
        ExecutableGraph run = first.instantiate()) {
      assertTrue(run.update(same));
      bench.stream().launch(run);
      assertEquals(7f * 3 + 1, bench.floats(y)[3]);
      assertFalse(run.update(different));
      bench.stream().launch(run);
      assertEquals(7f * 4 + 1, bench.floats(y)[4], "an update that failed changes nothing");
    }
  }

  private void captureForks(Bench bench) {
    try (Stream second = bench.context().stream();
        Event fork = bench.context().event(false);
        Event join = bench.context().event(false);
        DeviceMemory x = bench.counting();
        DeviceMemory y = bench.context().allocate(4L * N);
        DeviceMemory z = bench.context().allocate(4L * N)) {
      bench.stream().beginCapture();
      bench.stream().record(fork);
      second.await(fork);
      assertTrue(second.capturing());
      bench.scale(bench.stream(), x, y, 2, 0);
      bench.scale(second, x, z, 3, 0);
      second.record(join);
      bench.stream().await(join);
      bench.stream().copy(x.address(), z.address(), 4L * N);
      try (Graph graph = bench.stream().endCapture();
          ExecutableGraph run = graph.instantiate()) {
        assertEquals(3, graph.nodes());
        assertFalse(second.capturing());
        bench.stream().launch(run);
        assertEquals(3f * 5, bench.floats(x)[5]);
        assertEquals(2f * 5, bench.floats(y)[5]);
      }
      bench.stream().beginCapture();
      bench.stream().record(fork);
      second.await(fork);
      bench.scale(second, x, z, 3, 0);
      DriverException unjoined =
          assertThrows(DriverException.class, () -> bench.stream().endCapture());
      assertEquals(DriverError.CUDA_ERROR_STREAM_CAPTURE_UNJOINED, unjoined.error());
      assertFalse(second.capturing());
    }
  }

  private void captureRefuses(Bench bench) {
    List<Consumer<Bench>> refused =
        List.of(
            b -> b.stream().synchronize(),
            b -> b.stream().done(),
            b -> b.stream().allocate(256),
            b -> b.context().allocate(256),
            b -> b.context().synchronize());
    try (DeviceMemory x = bench.counting();
        DeviceMemory y = bench.context().allocate(4L * N)) {
      for (Consumer<Bench> call : refused) {
        bench.stream().beginCapture();
        assertThrows(DriverException.class, () -> call.accept(bench));
        try (Graph _ = bench.stream().endCapture()) {
          assertFalse(bench.stream().capturing());
        } catch (DriverException e) {
          assertEquals(DriverError.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, e.error());
        }
        bench.scale(bench.stream(), x, y, 1, 1);
        assertEquals(4f, bench.floats(y)[3], "the stream works again");
      }
    }
  }

  private void variables(Bench bench) {
    try (DeviceMemory counter = bench.module().global("counter");
        DeviceMemory factors = bench.module().global("factors");
        DeviceMemory out = bench.context().allocate(4)) {
      assertEquals(4, counter.bytes());
      assertArrayEquals(new int[] {7}, bench.ints(counter));
      assertArrayEquals(new int[] {3, 5}, bench.ints(factors));
      bench.stream().fill(counter.address(), 100, 4, 1);
      bench.stream().fill(factors.address(), 1000, 4, 2);
      bench.stream()
          .launch(
              bench.module().function("last_byte"),
              LaunchShape.of(1, 1).withShared(64),
              new Arguments().address(out.address()).int32(64));
      assertArrayEquals(new int[] {1142}, bench.ints(out));
      assertThrows(DriverException.class, () -> bench.module().global("absent"));
    }
  }

  private void sharedMemory(Bench bench) {
    Function function = bench.module().function("last_byte");
    int most =
        bench.context().device().attribute(DeviceAttribute.MAX_SHARED_BYTES_PER_BLOCK_OPT_IN);
    try (DeviceMemory out = bench.context().allocate(4)) {
      LaunchShape large = LaunchShape.of(1, 1).withShared(most);
      Arguments arguments = new Arguments().write(out.address(), 4).int32(most);
      assertThrows(DriverException.class, () -> bench.stream().launch(function, large, arguments));
      function.set(FunctionAttribute.MAX_DYNAMIC_SHARED_BYTES, most);
      assertEquals(most, function.attribute(FunctionAttribute.MAX_DYNAMIC_SHARED_BYTES));
      // The range says what the kernel may touch; it also reads a variable of the module, which is
      // no argument.
      bench.stream().launch(function, large, arguments);
      assertArrayEquals(new int[] {42 + 7 + 5}, bench.ints(out));
      DriverException tooMuch =
          assertThrows(
              DriverException.class,
              () -> function.set(FunctionAttribute.MAX_DYNAMIC_SHARED_BYTES, most + 1));
      assertEquals(DriverError.CUDA_ERROR_INVALID_VALUE, tooMuch.error());
    }
  }

  private void outOfMemory(Bench bench) {
    long total = bench.context().memory().totalBytes();
    for (Stream on : new Stream[] {null, bench.stream()}) {
      DriverException refusal =
          assertThrows(DriverException.class, () -> allocate(bench, on, 2 * total));
      assertEquals(DriverError.CUDA_ERROR_OUT_OF_MEMORY, refusal.error());
      assertTrue(refusal.getMessage().contains(Long.toString(2 * total)), refusal.getMessage());
      try (DeviceMemory x = bench.counting()) {
        assertEquals(3f, bench.floats(x)[3], "the context still works");
      }
    }
  }

  private static DeviceMemory allocate(Bench bench, Stream on, long bytes) {
    return on == null ? bench.context().allocate(bytes) : on.allocate(bytes);
  }

  private void mistakes(Bench bench) {
    DriverException ptx =
        assertThrows(
            DriverException.class,
            () -> bench.context().load("broken.ptx", PTX.replace("fma.rn.f32", "fmaa.rn.f32")));
    assertEquals(DriverError.CUDA_ERROR_INVALID_PTX, ptx.error());
    assertTrue(ptx.getMessage().contains("broken.ptx"), ptx.getMessage());
    assertTrue(ptx.getMessage().contains("fmaa"), ptx.getMessage());
    DriverException function =
        assertThrows(DriverException.class, () -> bench.module().function("scales"));
    assertEquals(DriverError.CUDA_ERROR_NOT_FOUND, function.error());
    try (DeviceMemory x = bench.counting();
        PinnedMemory host = bench.context().pin(64)) {
      DriverException block =
          assertThrows(
              DriverException.class,
              () ->
                  bench.stream()
                      .launch(
                          bench.scale(),
                          LaunchShape.of(1, 2048),
                          new Arguments()
                              .address(x.address())
                              .address(x.address())
                              .float32(1)
                              .float32(0)
                              .int32(N)));
      assertEquals(DriverError.CUDA_ERROR_INVALID_VALUE, block.error());
      DriverException copy =
          assertThrows(
              DriverException.class, () -> bench.stream().upload(x.address(), host, 60, 8));
      assertEquals(DriverError.CUDA_ERROR_INVALID_VALUE, copy.error());
      assertThrows(DriverException.class, () -> bench.context().allocate(0));
      assertThrows(DriverException.class, () -> bench.stream().allocate(0));
    }
  }

  private void closing(Bench bench) {
    List<AutoCloseable> all = new ArrayList<>();
    all.add(bench.context().stream());
    all.add(bench.context().event(true));
    all.add(bench.context().allocate(16));
    all.add(bench.stream().allocate(16));
    all.add(bench.context().pin(16));
    all.add(bench.context().load("again.ptx", PTX));
    all.add(captured(bench, () -> {}));
    for (AutoCloseable each : all) {
      for (int time = 0; time < 2; time++) {
        try {
          each.close();
        } catch (Exception e) {
          throw new AssertionError("closing " + each + " for the time " + time, e);
        }
      }
    }
    try (Context second = bench.context().device().open();
        DeviceMemory memory = second.allocate(16)) {
      bench.stream().fill(memory.address(), 1, 4, 4);
      assertArrayEquals(new int[] {1, 1, 1, 1}, bench.ints(memory), "contexts of a device are one");
    }
  }

  /** (2, 3) x (3, 2), column-major: [[1, 2, 3], [4, 5, 6]] times itself transposed. */
  private void products(Bench bench) {
    try (DeviceMemory a = bench.context().allocate(24);
        DeviceMemory c = bench.context().allocate(16);
        DeviceMemory workspace = bench.context().allocate(4 << 20);
        PinnedMemory host = bench.context().pin(24);
        Blas blas = bench.context().blas()) {
      host.segment()
          .copyFrom(java.lang.foreign.MemorySegment.ofArray(new float[] {1, 4, 2, 5, 3, 6}));
      blas.stream(bench.stream());
      blas.workspace(workspace.address(), workspace.bytes());
      bench.stream().upload(a.address(), host, 0, 24);
      Gemm product =
          new Gemm(
              false,
              true,
              2,
              2,
              3,
              1,
              new Gemm.Matrix(a.address(), DataType.F32, 2),
              new Gemm.Matrix(a.address(), DataType.F32, 2),
              0,
              new Gemm.Matrix(c.address(), DataType.F32, 2),
              ComputeType.F32,
              1);
      blas.gemm(product);
      assertArrayEquals(new float[] {14, 32, 32, 77}, bench.floats(c));
      bench.stream().fill(c.address(), 0, 4, 4);
      try (Graph graph = captured(bench, () -> blas.gemm(product));
          ExecutableGraph run = graph.instantiate()) {
        assertEquals(1, graph.nodes());
        assertEquals(0f, bench.floats(c)[0]);
        bench.stream().launch(run);
        assertArrayEquals(new float[] {14, 32, 32, 77}, bench.floats(c));
      }
      assertFalse(blas.name().isBlank());
    }
  }
}
