package dev.tandem.driver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.Device;
import dev.tandem.cuda.driver.DeviceAttribute;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Event;
import dev.tandem.cuda.driver.ExecutableGraph;
import dev.tandem.cuda.driver.Function;
import dev.tandem.cuda.driver.FunctionAttribute;
import dev.tandem.cuda.driver.Graph;
import dev.tandem.cuda.driver.JcudaDriver;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.cuda.driver.MemoryInfo;
import dev.tandem.cuda.driver.Module;
import dev.tandem.cuda.driver.PinnedMemory;
import dev.tandem.cuda.driver.Stream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Each method of the binding reaches the right function of the driver with the right values, through JCuda's native code. */
final class JcudaLoopbackTest {
  /** Beyond 32 bits, and other bits than its lower half. */
  private static final long LARGE = 0x5_0000_0007L;

  private static final long FROM = 0x7F12_3456_789AL;
  private static final long TO = 0x7FED_CBA9_8765L;

  @Test
  void driver() {
    LoopbackBench.run(bench -> {
      assertEquals("jcuda 12.6.0", bench.driver().name());
      assertEquals(LoopbackDriver.VERSION, bench.driver().version());
      assertEquals(2, bench.driver().devices().size());
      assertEquals("found 2 GPUs, and a driver for CUDA 12.8", JcudaDriver.probe().reason());
      assertTrue(JcudaDriver.probe().usable());
    });
  }

  @Test
  void nativeLibraryIsThePrivateOne() {
    LoopbackBench.run(_ -> {
      try {
        List<String> maps =
            Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.contains("JCudaDriver"))
                .toList();
        assertFalse(maps.isEmpty());
        maps.forEach(line -> assertTrue(line.contains("/tandem/natives/12.6.0-"), line));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    });
  }

  @Test
  void cublasIsLookedForWhereTheUserSaid() {
    LoopbackBench.run(_ -> {
      String path = Path.of("absent", "cublas").toAbsolutePath().toString();
      try (JcudaDriver driver = JcudaDriver.open(path);
          Context context = driver.devices().getFirst().open()) {
        DriverException refusal = assertThrows(DriverException.class, context::blas);
        assertEquals(DriverError.NO_CUBLAS, refusal.error());
        assertTrue(refusal.getMessage().contains(path), refusal.getMessage());
      }
    });
  }

  @Test
  void device() {
    LoopbackBench.run(bench -> {
      Device device = bench.context().device();
      assertEquals(1, device.ordinal());
      assertEquals("Loopback 1", device.name());
      assertEquals(LoopbackDriver.TOTAL_BYTES, device.totalBytes());
      for (DeviceAttribute attribute : DeviceAttribute.values()) {
        assertEquals(1000 * attribute.code() + 1, device.attribute(attribute), attribute.name());
      }
      assertEquals(10 * 75001 + 76001, device.computeCapability());
      assertEquals(0, bench.driver().devices().getFirst().ordinal());
    });
  }

  @Test
  void contextQuestions() {
    LoopbackBench.run(bench -> {
      assertEquals(
          new MemoryInfo(LoopbackDriver.FREE_BYTES, LoopbackDriver.TOTAL_BYTES),
          bench.context().memory());
      bench.cuda().forget();
      bench.context().synchronize();
      bench.assertCall("cuCtxSynchronize");
      bench.context().keepFreed(LARGE);
      assertEquals(Long.toString(LARGE), bench.cuda().poolAttribute(4));
      assertEquals(LoopbackDriver.POOL + 1, bench.cuda().last("cuMemPoolSetAttribute").argument(0));
      bench.context().trim(LARGE);
      LoopbackDriver.Call trim = bench.cuda().last("cuMemPoolTrimTo");
      assertEquals(List.of(LoopbackDriver.POOL + 1, LARGE), trim.arguments());
    });
  }

  @Test
  void eachThreadEntersTheContextAndAnotherLibrarysSwitchIsNoticed() {
    LoopbackBench.run(bench -> {
      long context = LoopbackDriver.CONTEXT + 1;
      assertEquals(context, bench.cuda().currentContext());
      bench.context().synchronize();
      assertEquals(0, bench.cuda().count("cuCtxSetCurrent"), "it was current already");
      bench.cuda().switchContext(77);
      bench.context().synchronize();
      assertEquals(context, bench.cuda().currentContext());
      assertEquals(1, bench.cuda().count("cuCtxSetCurrent"));
      long[] seen = new long[2];
      Thread thread =
          new Thread(() -> {
            seen[0] = bench.cuda().currentContext();
            bench.stream().fill(FROM, 0, 4, LARGE);
            seen[1] = bench.cuda().currentContext();
          });
      thread.start();
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      assertArrayEquals(new long[] {0, context}, seen);
    });
  }

  @Test
  void modulesAndFunctions() {
    LoopbackBench.run(bench -> {
      assertEquals(LoopbackBench.PTX, bench.cuda().text());
      Function function = bench.module().function("scale");
      assertEquals("scale", function.name());
      long handle = bench.cuda().last("cuFuncGetParamInfo").argument(0);
      bench.cuda().forget();
      for (FunctionAttribute attribute : FunctionAttribute.values()) {
        assertEquals(100 + attribute.code(), function.attribute(attribute));
      }
      assertEquals(handle, bench.cuda().last("cuFuncGetAttribute").argument(2));
      bench.cuda().forget();
      function.set(FunctionAttribute.MAX_DYNAMIC_SHARED_BYTES, 200_000);
      bench.assertCall("cuFuncSetAttribute", handle, 8, 200_000);
      assertEquals(7, function.activeBlocks(256, LARGE));
      LoopbackDriver.Call occupancy =
          bench.cuda().last("cuOccupancyMaxActiveBlocksPerMultiprocessor");
      assertEquals(List.of(handle, 256L, LARGE), occupancy.arguments().subList(1, 4));
      DeviceMemory variable = bench.module().global("counter");
      assertEquals(0x7F00_0000_0400L, variable.address());
      assertEquals(6L << 30, variable.bytes());
      bench.cuda().forget();
      variable.close();
      bench.assertCalls();
    });
  }

  @Test
  void memoryBeyondFourGigabytes() {
    LoopbackBench.run(bench -> {
      DeviceMemory memory = bench.context().allocate(LARGE);
      assertEquals(LARGE, bench.cuda().last("cuMemAlloc_v2").argument(1));
      assertEquals(LARGE, memory.bytes());
      bench.cuda().forget();
      memory.close();
      bench.assertCall("cuMemFree_v2", memory.address());

      DeviceMemory ordered = bench.stream().allocate(LARGE);
      LoopbackDriver.Call call = bench.cuda().last("cuMemAllocAsync");
      assertEquals(List.of(LARGE, bench.stream().handle()), call.arguments().subList(1, 3));
      bench.cuda().forget();
      ordered.close();
      bench.assertCalls("cuStreamIsCapturing", "cuMemFreeAsync");

      PinnedMemory pinned = bench.context().pin(LARGE);
      assertEquals(LARGE, pinned.bytes());
      assertEquals(
          List.of(LARGE, 0L), bench.cuda().last("cuMemHostAlloc").arguments().subList(1, 3));
      bench.cuda().forget();
      bench.stream().upload(TO, pinned, LARGE - 16, 16);
      long host = pinned.segment().address();
      bench.assertCall("cuMemcpyHtoDAsync_v2", TO, host + LARGE - 16, 16, bench.stream().handle());
      pinned.close();
      bench.assertCall("cuMemFreeHost", host);
      assertThrows(
          IllegalStateException.class, () -> pinned.segment().get(ValueLayout.JAVA_BYTE, 0));
    });
  }

  @Test
  void freeingInAnotherStreamsOrder() {
    LoopbackBench.run(bench -> {
      Stream second = bench.context().stream();
      DeviceMemory memory = bench.stream().allocate(LARGE);
      second.free(memory);
      LoopbackDriver.Call call = bench.cuda().last("cuMemFreeAsync");
      assertEquals(List.of(memory.address(), second.handle()), call.arguments());
      bench.cuda().forget();
      DriverException again = assertThrows(DriverException.class, () -> second.free(memory));
      assertEquals(DriverError.CUDA_ERROR_INVALID_VALUE, again.error());
      memory.close();
      bench.assertCalls();
    });
  }

  @Test
  void orderedMemoryOutlivesItsStream() {
    LoopbackBench.run(bench -> {
      Stream second = bench.context().stream();
      DeviceMemory memory = second.allocate(LARGE);
      second.close();
      bench.cuda().forget();
      memory.close();
      bench.assertCalls("cuCtxSynchronize", "cuMemFree_v2");
    });
  }

  @Test
  void copies() {
    LoopbackBench.run(bench -> {
      long stream = bench.stream().handle();
      PinnedMemory host = bench.context().pin(LARGE);
      long address = host.segment().address();
      bench.cuda().forget();
      bench.stream().upload(TO, host, 3, LARGE - 3);
      bench.assertCall("cuMemcpyHtoDAsync_v2", TO, address + 3, LARGE - 3, stream);
      bench.stream().download(host, 5, FROM, LARGE - 5);
      bench.assertCall("cuMemcpyDtoHAsync_v2", address + 5, FROM, LARGE - 5, stream);
      bench.stream().copy(TO, FROM, LARGE);
      bench.assertCall("cuMemcpyDtoDAsync_v2", TO, FROM, LARGE, stream);
      bench.stream().fill(TO, 0x12345678, 4, LARGE);
      bench.assertCall("cuMemsetD32Async", TO, 0x12345678, LARGE, stream);
      bench.stream().fill(TO, 0x1234FEDC, 2, LARGE);
      bench.assertCall("cuMemsetD16Async", TO, 0xFEDC, LARGE, stream);
      bench.stream().fill(TO, 0x123456FE, 1, LARGE);
      bench.assertCall("cuMemsetD8Async", TO, 0xFE, LARGE, stream);
    });
  }

  @Test
  void bytesGoThereAndBack() {
    LoopbackBench.run(bench -> {
      try (PinnedMemory host = bench.context().pin(16);
          DeviceMemory first = bench.context().allocate(16);
          DeviceMemory second = bench.stream().allocate(16)) {
        host.segment().copyFrom(MemorySegment.ofArray(new int[] {1, 2, 3, 4}));
        bench.stream().upload(first.address(), host, 4, 12);
        bench.stream().fill(first.address() + 12, 9, 4, 1);
        bench.stream().copy(second.address(), first.address(), 16);
        bench.stream().download(host, 0, second.address() + 8, 8);
        bench.stream().synchronize();
        assertArrayEquals(new int[] {4, 9, 3, 4}, host.segment().toArray(ValueLayout.JAVA_INT));
      }
    });
  }

  @Test
  void launches() {
    LoopbackBench.run(bench -> {
      Function function = bench.module().function("scale");
      long handle = bench.cuda().last("cuFuncGetParamInfo").argument(0);
      long stream = bench.stream().handle();
      LaunchShape shape = new LaunchShape(0x7FFFFFFF, 65535, 64, 1024, 2, 3, 232448, false);
      Arguments arguments =
          new Arguments()
              .write(FROM, 4)
              .float32(2.5f)
              .int32(0xFEDC_BA98)
              .int64(0x0123_4567_89AB_CDEFL);
      byte[] expected =
          ByteBuffer.allocate(24)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putLong(FROM)
              .putFloat(2.5f)
              .putInt(0xFEDC_BA98)
              .putLong(0x0123_4567_89AB_CDEFL)
              .array();
      for (LaunchShape each : List.of(shape, shape.cooperatively())) {
        bench.cuda().forget();
        bench.stream().launch(function, each, arguments);
        String name = each.cooperative() ? "cuLaunchCooperativeKernel" : "cuLaunchKernel";
        List<Long> given = bench.cuda().last(name).arguments();
        assertEquals(
            List.of(handle, 0x7FFFFFFFL, 65535L, 64L, 1024L, 2L, 3L, 232448L, stream),
            given.subList(0, 9));
        assertArrayEquals(expected, bench.cuda().lastParameters());
        if (!each.cooperative()) {
          assertEquals(0, given.get(10), "kernelParams and extra exclude each other");
        }
      }
    });
  }

  @Test
  void streamsAndEvents() {
    LoopbackBench.run(bench -> {
      long stream = bench.stream().handle();
      Stream other = bench.context().stream();
      assertEquals(1, bench.cuda().last("cuStreamCreate").argument(1), "non-blocking");
      Event untimed = bench.context().event(false);
      assertEquals(2, bench.cuda().last("cuEventCreate").argument(1));
      Event begin = bench.context().event(true);
      Event end = bench.context().event(true);
      assertEquals(0, bench.cuda().last("cuEventCreate").argument(1));
      bench.cuda().forget();
      bench.stream().record(begin);
      long beginning = bench.cuda().last("cuEventRecord").argument(0);
      bench.assertCall("cuEventRecord", beginning, stream);
      other.await(begin);
      bench.assertCall("cuStreamWaitEvent", other.handle(), beginning, 0);
      assertEquals(1.5, end.millisSince(begin));
      List<Long> elapsed = bench.cuda().last("cuEventElapsedTime").arguments();
      assertEquals(beginning, elapsed.get(1), "from the start");
      bench.cuda().forget();
      begin.synchronize();
      bench.assertCall("cuEventSynchronize", beginning);
      assertTrue(begin.done());
      bench.assertCall("cuEventQuery", beginning);
      bench.stream().synchronize();
      bench.assertCall("cuStreamSynchronize", stream);
      assertTrue(bench.stream().done());
      bench.assertCall("cuStreamQuery", stream);
      for (String query : List.of("cuEventQuery", "cuStreamQuery")) {
        bench.cuda().fail(query, 600); // CUDA_ERROR_NOT_READY is an answer
      }
      assertFalse(begin.done());
      assertFalse(bench.stream().done());
      untimed.close();
    });
  }

  @Test
  void capturesAndGraphs() {
    LoopbackBench.run(bench -> {
      long stream = bench.stream().handle();
      bench.stream().beginCapture();
      bench.assertCall("cuStreamBeginCapture_v2", stream, 1); // CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
      assertTrue(bench.stream().capturing());
      bench.stream().fill(FROM, 0, 4, 2);
      bench.stream().copy(FROM, TO, 16);
      Graph graph = bench.stream().endCapture();
      assertFalse(bench.stream().capturing());
      assertEquals(2, graph.nodes());
      long raw = bench.cuda().last("cuGraphGetNodes").argument(0);
      bench.cuda().forget();
      ExecutableGraph executable = graph.instantiate();
      LoopbackDriver.Call instantiate = bench.cuda().last("cuGraphInstantiateWithFlags");
      assertEquals(List.of(raw, 0L), instantiate.arguments().subList(1, 3));
      bench.cuda().forget();
      bench.stream().launch(executable);
      long running = bench.cuda().last("cuGraphLaunch").argument(0);
      bench.assertCall("cuGraphLaunch", running, stream);
      assertTrue(executable.update(graph));
      List<Long> update = bench.cuda().last("cuGraphExecUpdate_v2").arguments();
      assertEquals(List.of(running, raw), update.subList(0, 2));
      bench.cuda().fail("cuGraphExecUpdate_v2", 910);
      assertFalse(executable.update(graph));
      bench.cuda().forget();
      graph.close();
      bench.assertCall("cuGraphDestroy", raw);
      executable.close();
      bench.assertCall("cuGraphExecDestroy", running);
    });
  }

  @Test
  void aModuleIsUnloadedAndTwoHaveTheirOwnFunctions() {
    LoopbackBench.run(bench -> {
      Module second = bench.context().load("second.ptx", ".version 8.0");
      bench.cuda().forget();
      bench.module().function("scale");
      long inFirst = bench.cuda().last("cuModuleGetFunction").argument(1);
      second.function("scale");
      long inSecond = bench.cuda().last("cuModuleGetFunction").argument(1);
      assertTrue(inFirst != inSecond);
      bench.cuda().forget();
      assertEquals("scale", second.function("scale").name());
      bench.assertCalls(); // known already
      second.close();
      bench.assertCall("cuModuleUnload", inSecond);
    });
  }
}
