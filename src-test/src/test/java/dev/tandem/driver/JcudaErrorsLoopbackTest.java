package dev.tandem.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.DeviceAttribute;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Event;
import dev.tandem.cuda.driver.ExecutableGraph;
import dev.tandem.cuda.driver.Function;
import dev.tandem.cuda.driver.FunctionAttribute;
import dev.tandem.cuda.driver.Graph;
import dev.tandem.cuda.driver.JcudaDriver;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.cuda.driver.PinnedMemory;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What the driver refuses becomes an exception that names the call, the code and the values; what would end the process too. */
final class JcudaErrorsLoopbackTest {
  private static final long ADDRESS = 0x7F00_0000_0000L;

  private static Arguments arguments() {
    return new Arguments().address(ADDRESS).float32(1).int32(1).int64(1);
  }

  private static Graph captured(LoopbackBench bench) {
    bench.stream().beginCapture();
    bench.stream().fill(ADDRESS, 0, 4, 1);
    return bench.stream().endCapture();
  }

  /** Each function of the driver's, with a call that comes to it. */
  private static Map<String, Consumer<LoopbackBench>> calls() {
    Map<String, Consumer<LoopbackBench>> calls = new LinkedHashMap<>();
    calls.put("cuInit", _ -> JcudaDriver.open());
    calls.put("cuDeviceGet", _ -> JcudaDriver.open());
    calls.put("cuDeviceGetName", _ -> JcudaDriver.open());
    calls.put("cuDeviceTotalMem_v2", b -> b.context().device().totalBytes());
    calls.put(
        "cuDeviceGetAttribute", b -> b.context().device().attribute(DeviceAttribute.WARP_SIZE));
    calls.put("cuDevicePrimaryCtxRetain", b -> b.context().device().open());
    calls.put("cuCtxGetCurrent", b -> b.context().synchronize());
    calls.put("cuCtxSetCurrent", JcudaErrorsLoopbackTest::synchronizeElsewhere);
    calls.put("cuCtxSynchronize", b -> b.context().synchronize());
    calls.put("cuMemGetInfo_v2", b -> b.context().memory());
    calls.put("cuModuleLoadDataEx", b -> b.context().load("more.ptx", ""));
    calls.put("cuModuleGetFunction", b -> b.module().function("scale"));
    calls.put("cuModuleGetGlobal_v2", b -> b.module().global("counter"));
    calls.put("cuModuleUnload", b -> b.context().load("more.ptx", "").close());
    calls.put(
        "cuFuncGetAttribute",
        b -> b.module().function("scale").attribute(FunctionAttribute.REGISTERS));
    calls.put(
        "cuFuncSetAttribute",
        b -> b.module().function("scale").set(FunctionAttribute.MAX_DYNAMIC_SHARED_BYTES, 1));
    calls.put(
        "cuOccupancyMaxActiveBlocksPerMultiprocessor",
        b -> b.module().function("scale").activeBlocks(32, 0));
    calls.put("cuMemAlloc_v2", b -> b.context().allocate(16));
    calls.put("cuMemAllocAsync", b -> b.stream().allocate(16));
    calls.put("cuMemHostAlloc", b -> b.context().pin(16));
    calls.put("cuDeviceGetMemPool", b -> b.context().trim(0));
    calls.put("cuMemPoolSetAttribute", b -> b.context().keepFreed(1));
    calls.put("cuMemPoolTrimTo", b -> b.context().trim(0));
    calls.put("cuMemcpyHtoDAsync_v2", b -> b.stream().upload(ADDRESS, b.context().pin(16), 0, 0));
    calls.put("cuMemcpyDtoHAsync_v2", b -> b.stream().download(b.context().pin(16), 0, ADDRESS, 0));
    calls.put("cuMemcpyDtoDAsync_v2", b -> b.stream().copy(ADDRESS, ADDRESS, 0));
    calls.put("cuMemsetD8Async", b -> b.stream().fill(ADDRESS, 0, 1, 0));
    calls.put("cuMemsetD16Async", b -> b.stream().fill(ADDRESS, 0, 2, 0));
    calls.put("cuMemsetD32Async", b -> b.stream().fill(ADDRESS, 0, 4, 0));
    calls.put("cuLaunchKernel", b -> launch(b, LaunchShape.of(1, 1)));
    calls.put("cuLaunchCooperativeKernel", b -> launch(b, LaunchShape.of(1, 1).cooperatively()));
    calls.put("cuStreamCreate", b -> b.context().stream());
    calls.put("cuStreamQuery", b -> b.stream().done());
    calls.put("cuStreamSynchronize", b -> b.stream().synchronize());
    calls.put("cuStreamDestroy_v2", b -> b.context().stream().close());
    calls.put("cuStreamWaitEvent", b -> b.stream().await(b.context().event(false)));
    calls.put("cuStreamBeginCapture_v2", b -> b.stream().beginCapture());
    calls.put("cuStreamIsCapturing", b -> b.stream().capturing());
    calls.put("cuStreamEndCapture", JcudaErrorsLoopbackTest::captured);
    calls.put("cuEventCreate", b -> b.context().event(true));
    calls.put("cuEventQuery", b -> b.context().event(true).done());
    calls.put("cuEventRecord", b -> b.stream().record(b.context().event(true)));
    calls.put("cuEventSynchronize", b -> b.context().event(true).synchronize());
    calls.put(
        "cuEventElapsedTime", b -> b.context().event(true).millisSince(b.context().event(true)));
    calls.put("cuEventDestroy_v2", b -> b.context().event(true).close());
    calls.put("cuGraphGetNodes", b -> captured(b).nodes());
    calls.put("cuGraphInstantiateWithFlags", b -> captured(b).instantiate());
    calls.put("cuGraphDestroy", b -> captured(b).close());
    calls.put("cuGraphLaunch", b -> b.stream().launch(captured(b).instantiate()));
    calls.put("cuGraphExecUpdate_v2", b -> captured(b).instantiate().update(captured(b)));
    calls.put("cuGraphExecDestroy", b -> captured(b).instantiate().close());
    calls.put("cuMemFree_v2", b -> b.context().allocate(16).close());
    calls.put("cuMemFreeAsync", b -> b.stream().allocate(16).close());
    calls.put("cuMemFreeHost", b -> b.context().pin(16).close());
    return calls;
  }

  private static void synchronizeElsewhere(LoopbackBench bench) {
    bench.cuda().switchContext(77);
    bench.context().synchronize();
  }

  private static void launch(LoopbackBench bench, LaunchShape shape) {
    bench.stream().launch(bench.module().function("scale"), shape, arguments());
  }

  @TestFactory
  Stream<DynamicTest> everyFunctionMayFail() {
    return calls().entrySet().stream()
        .map(call ->
            DynamicTest.dynamicTest(
                call.getKey(),
                () -> LoopbackBench.run(bench -> failing(bench, call.getKey(), call.getValue()))));
  }

  private static void failing(LoopbackBench bench, String function, Consumer<LoopbackBench> call) {
    bench.cuda().fail(function, 304); // CUDA_ERROR_OPERATING_SYSTEM
    DriverException failure = assertThrows(DriverException.class, () -> call.accept(bench));
    assertEquals(DriverError.CUDA_ERROR_OPERATING_SYSTEM, failure.error());
    String stem = stem(function);
    assertTrue(failure.operation().startsWith(stem), failure.operation());
    assertTrue(failure.getMessage().contains("CUDA_ERROR_OPERATING_SYSTEM"), failure.getMessage());
    if (function.contains("Destroy") || function.contains("Free") || function.contains("Unload")) {
      bench.cuda().dismiss(goes(function)); // it failed to go, and is not tried again
    } else if (function.equals("cuStreamEndCapture")) {
      bench.cuda().endCaptures();
    }
    bench.context().synchronize(); // and things go on
  }

  /** A function's name as cuda.h has it, and as messages do. */
  private static String stem(String function) {
    return switch (function) {
      case "cuGraphInstantiateWithFlags" -> "cuGraphInstantiate";
      case "cuLaunchCooperativeKernel" -> "cuLaunchKernel";
      default -> function.replaceAll("_v\\d$", "");
    };
  }

  /** What a function that destroys leaves there when it fails. */
  private static String goes(String function) {
    return switch (stem(function)) {
      case "cuModuleUnload" -> "module";
      case "cuStreamDestroy" -> "stream";
      case "cuEventDestroy" -> "event";
      case "cuGraphDestroy" -> "graph";
      case "cuGraphExecDestroy" -> "executable graph";
      case "cuMemFree" -> "memory";
      case "cuMemFreeAsync" -> "ordered memory";
      case "cuMemFreeHost" -> "pinned memory";
      default -> throw new IllegalArgumentException(function);
    };
  }

  @Test
  void codesKeepTheirMeaning() {
    LoopbackBench.run(bench -> {
      for (DriverError error : DriverError.values()) {
        if (error.name().startsWith("CUDA_ERROR_") && error.code() > 0) {
          bench.cuda().fail("cuMemGetInfo_v2", error.code());
          DriverException failure =
              assertThrows(DriverException.class, () -> bench.context().memory());
          assertEquals(error, failure.error());
        }
      }
      bench.cuda().fail("cuMemGetInfo_v2", 12345);
      DriverException unknown = assertThrows(DriverException.class, () -> bench.context().memory());
      assertEquals(DriverError.CUDA_ERROR_UNKNOWN, unknown.error());
      assertTrue(unknown.getMessage().contains("12345"), unknown.getMessage());
    });
  }

  @Test
  void messagesNameTheValues() {
    LoopbackBench.run(bench -> {
      bench.cuda().fail("cuMemAlloc_v2", 2);
      assertMessage("cuMemAlloc of 8589934592 bytes", () -> bench.context().allocate(8589934592L));
      bench.cuda().fail("cuMemAllocAsync", 2);
      assertMessage(
          "cuMemAllocAsync of 8589934592 bytes", () -> bench.stream().allocate(8589934592L));
      bench.cuda().fail("cuLaunchKernel", 701);
      assertMessage("cuLaunchKernel of scale", () -> launch(bench, LaunchShape.of(7, 1024)));
      bench.cuda().fail("cuCtxSynchronize", 700);
      assertMessage("the device's context is lost", () -> bench.context().synchronize());
    });
  }

  @Test
  void theCompilersWordsAreKept() {
    LoopbackBench.run(bench -> {
      DriverException failure =
          assertThrows(DriverException.class, () -> bench.context().load("gelu.ptx", "broken"));
      assertEquals(DriverError.CUDA_ERROR_INVALID_PTX, failure.error());
      assertTrue(failure.getMessage().contains("gelu.ptx"), failure.getMessage());
      assertTrue(
          failure.getMessage().contains("line 3; error : Unknown symbol 'broken'"),
          failure.getMessage());
      assertFalse(failure.getMessage().contains("\0"));
    });
  }

  @Test
  void argumentsMustBeTheKernels() {
    LoopbackBench.run(bench -> {
      Function function = bench.module().function("scale");
      List<Arguments> wrong =
          List.of(
              new Arguments(),
              new Arguments().address(ADDRESS).float32(1),
              arguments().int32(1),
              new Arguments().float32(1).float32(1).float32(1).int64(1),
              new Arguments().address(ADDRESS).float32(1).int64(1),
              // As many, and as many bytes, but not in these places.
              new Arguments()
                  .int32(1)
                  .bytes(MemorySegment.ofArray(new int[2]), 4)
                  .int32(1)
                  .int64(1));
      for (Arguments arguments : wrong) {
        bench.cuda().forget();
        DriverException refusal =
            assertThrows(
                DriverException.class,
                () -> bench.stream().launch(function, LaunchShape.of(1, 1), arguments));
        assertEquals(DriverError.CUDA_ERROR_INVALID_VALUE, refusal.error());
        assertTrue(refusal.getMessage().contains("4 parameters in 24 bytes"), refusal.getMessage());
        bench.assertCalls();
      }
    });
  }

  @Test
  void mistakesDoNotReachTheDriver() {
    LoopbackBench.run(bench -> {
      PinnedMemory host = bench.context().pin(16);
      Event untimed = bench.context().event(false);
      Event timed = bench.context().event(true);
      Function function = bench.module().function("scale");
      List<Runnable> mistakes =
          List.of(
              () -> bench.context().allocate(0),
              () -> bench.context().allocate(-1),
              () -> bench.context().pin(0),
              () -> bench.context().keepFreed(-1),
              () -> bench.context().trim(-1),
              () -> bench.stream().upload(ADDRESS, host, 9, 8),
              () -> bench.stream().upload(ADDRESS, host, -1, 8),
              () -> bench.stream().upload(ADDRESS, host, 0, -1),
              () -> bench.stream().download(host, 1, ADDRESS, Long.MAX_VALUE),
              () -> bench.stream().fill(ADDRESS, 0, 3, 1),
              () -> bench.stream().free(bench.module().global("counter")),
              () -> function.set(FunctionAttribute.REGISTERS, 1),
              () -> untimed.millisSince(timed),
              () -> timed.millisSince(untimed));
      for (Runnable mistake : mistakes) {
        bench.cuda().forget();
        assertThrows(DriverException.class, mistake::run);
        assertTrue(
            List.of(List.of(), List.of("cuModuleGetGlobal_v2")).contains(bench.cuda().names()),
            () -> bench.cuda().names().toString());
      }
      assertThrows(DriverException.class, () -> bench.stream().allocate(0));
      assertEquals(0, bench.cuda().count("cuMemAllocAsync"));
    });
  }

  @Test
  void absentFunctionIsNamed() {
    LoopbackBench.run(
        bench -> assertMessage("absent in bench.ptx", () -> bench.module().function("absent")));
  }

  @Test
  void aCaptureThatFailedLeavesTheStreamUsable() {
    LoopbackBench.run(bench -> {
      for (Runnable refused :
          List.<Runnable>of(
              () -> bench.stream().synchronize(),
              () -> bench.stream().done(),
              () -> bench.context().synchronize())) {
        bench.stream().beginCapture();
        bench.stream().fill(ADDRESS, 0, 4, 1);
        DriverException failure = assertThrows(DriverException.class, refused::run);
        assertEquals(DriverError.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, failure.error());
        DriverException end =
            assertThrows(DriverException.class, () -> bench.stream().endCapture());
        assertEquals(DriverError.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, end.error());
        assertFalse(bench.stream().capturing());
        bench.stream().synchronize();
        captured(bench).close();
      }
    });
  }

  @Test
  void memoryStaysOutOfCaptures() {
    LoopbackBench.run(bench -> {
      var memory = bench.stream().allocate(16);
      bench.stream().beginCapture();
      for (Runnable refused :
          List.<Runnable>of(
              () -> bench.stream().allocate(16),
              () -> bench.stream().free(memory),
              memory::close)) {
        DriverException failure = assertThrows(DriverException.class, refused::run);
        assertEquals(DriverError.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, failure.error());
      }
      bench.stream().endCapture().close();
      assertEquals(0, bench.cuda().count("cuMemFreeAsync"));
      memory.close();
      assertEquals(1, bench.cuda().count("cuMemFreeAsync"), "a refusal did not close it");
    });
  }

  private static void assertMessage(String part, Runnable call) {
    DriverException failure = assertThrows(DriverException.class, call::run);
    assertTrue(failure.getMessage().contains(part), failure.getMessage());
  }

  /** Graphs and their like of no driver. */
  private record Foreign() implements ExecutableGraph, Graph, Event, PinnedMemory, Function {
    @Override
    public boolean update(Graph graph) {
      return false;
    }

    @Override
    public long nodes() {
      return 0;
    }

    @Override
    public ExecutableGraph instantiate() {
      return this;
    }

    @Override
    public boolean done() {
      return true;
    }

    @Override
    public void synchronize() {
      // Nothing to wait for.
    }

    @Override
    public double millisSince(Event start) {
      return 0;
    }

    @Override
    public MemorySegment segment() {
      return MemorySegment.ofArray(new byte[16]);
    }

    @Override
    public String name() {
      return "foreign";
    }

    @Override
    public int attribute(FunctionAttribute attribute) {
      return 0;
    }

    @Override
    public void set(FunctionAttribute attribute, int value) {
      // Nothing to set.
    }

    @Override
    public int activeBlocks(int blockThreads, long dynamicSharedBytes) {
      return 1;
    }

    @Override
    public void close() {
      // Nothing to close.
    }
  }

  @Test
  void anotherDriversThingsAreRefused() {
    LoopbackBench.run(bench -> {
      Foreign foreign = new Foreign();
      List<Runnable> mistakes =
          List.of(
              () -> bench.stream().launch((ExecutableGraph) foreign),
              () -> bench.stream().launch(foreign, LaunchShape.of(1, 1), arguments()),
              () -> bench.stream().record(foreign),
              () -> bench.stream().await(foreign),
              () -> bench.stream().upload(ADDRESS, foreign, 0, 8),
              () -> bench.stream().download(foreign, 0, ADDRESS, 8),
              () -> bench.context().event(true).millisSince(foreign));
      for (Runnable mistake : mistakes) {
        assertMessage("of another driver", mistake);
      }
      var elsewhere = bench.driver().devices().getFirst().open();
      var module = elsewhere.load("elsewhere.ptx", "");
      assertMessage(
          "of another device",
          () -> bench.stream().launch(module.function("scale"), LaunchShape.of(1, 1), arguments()));
    });
  }
}
