package dev.tandem.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Event;
import dev.tandem.cuda.driver.ExecutableGraph;
import dev.tandem.cuda.driver.Function;
import dev.tandem.cuda.driver.FunctionAttribute;
import dev.tandem.cuda.driver.Graph;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.cuda.driver.Module;
import dev.tandem.cuda.driver.PinnedMemory;
import dev.tandem.cuda.driver.Stream;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Closing: once, in an order that the driver bears, and for good. */
final class JcudaClosingLoopbackTest {
  private static final long ADDRESS = 0x7F00_0000_0000L;

  /** One of each. */
  private record Everything(
      Stream stream,
      Event event,
      DeviceMemory memory,
      DeviceMemory ordered,
      PinnedMemory pinned,
      Module module,
      Function function,
      Graph graph,
      ExecutableGraph executable) {
    static Everything in(Context context) {
      Stream stream = context.stream();
      DeviceMemory ordered = stream.allocate(16);
      Module module = context.load("everything.ptx", "");
      stream.beginCapture();
      Graph graph = stream.endCapture();
      return new Everything(
          stream,
          context.event(true),
          context.allocate(16),
          ordered,
          context.pin(16),
          module,
          module.function("scale"),
          graph,
          graph.instantiate());
    }

    List<AutoCloseable> closable() {
      return List.of(ordered, event, executable, graph, stream, memory, pinned, module);
    }
  }

  private static void close(AutoCloseable closable) {
    try {
      closable.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void closingAgainDoesNothing() {
    LoopbackBench.run(bench -> {
      Everything everything = Everything.in(bench.context());
      for (AutoCloseable each : everything.closable()) {
        close(each);
        bench.cuda().forget();
        close(each);
        bench.assertCalls();
      }
      bench.context().close();
      bench.cuda().forget();
      everything.closable().forEach(JcudaClosingLoopbackTest::close);
      bench.context().close();
      bench.driver().close();
      bench.assertCalls();
    });
  }

  @Test
  void aContextClosesWhatIsLeftInOrder() {
    LoopbackBench.run(bench -> {
      Context second = bench.context().device().open();
      Everything.in(second);
      bench.cuda().forget();
      second.close();
      bench.assertCalls(
          "cuCtxSynchronize",
          "cuGraphExecDestroy",
          "cuGraphDestroy",
          "cuEventDestroy_v2",
          "cuStreamIsCapturing",
          "cuMemFreeAsync",
          "cuStreamSynchronize",
          "cuStreamDestroy_v2",
          "cuMemFree_v2",
          "cuMemFreeHost",
          "cuModuleUnload",
          "cuDevicePrimaryCtxRelease_v2");
      bench.stream().synchronize(); // the other context of the device goes on
    });
  }

  @Test
  void oneFailureDoesNotStopTheOthers() {
    LoopbackBench.run(bench -> {
      Context second = bench.context().device().open();
      Everything.in(second);
      bench.cuda().forget();
      bench.cuda().fail("cuGraphExecDestroy", 999);
      bench.cuda().fail("cuMemFree_v2", 700);
      DriverException failure = assertThrows(DriverException.class, second::close);
      assertTrue(failure.operation().startsWith("cuGraphExecDestroy"), failure.operation());
      assertEquals(1, failure.getSuppressed().length);
      assertEquals(1, bench.cuda().count("cuModuleUnload"));
      assertEquals(1, bench.cuda().count("cuDevicePrimaryCtxRelease_v2"));
      bench.cuda().dismiss("executable graph");
      bench.cuda().dismiss("memory");
    });
  }

  @Test
  void aStreamThatCapturesIsClosed() {
    LoopbackBench.run(bench -> {
      Stream stream = bench.context().stream();
      stream.beginCapture();
      stream.fill(ADDRESS, 0, 4, 1);
      bench.cuda().forget();
      stream.close();
      bench.assertCalls(
          "cuStreamEndCapture", "cuGraphDestroy", "cuStreamSynchronize", "cuStreamDestroy_v2");
      bench.stream().beginCapture(); // which the end of the test closes with its context
    });
  }

  @Test
  void aStreamWhoseWorkFailedIsClosedAndSaysSo() {
    LoopbackBench.run(bench -> {
      Stream stream = bench.context().stream();
      bench.cuda().fail("cuStreamSynchronize", 700);
      DriverException failure = assertThrows(DriverException.class, stream::close);
      assertEquals(DriverError.CUDA_ERROR_ILLEGAL_ADDRESS, failure.error());
      assertEquals(1, bench.cuda().count("cuStreamDestroy_v2"));
    });
  }

  @Test
  void memoryThatACaptureKeepsIsClosedAfterwards() {
    LoopbackBench.run(bench -> {
      Stream stream = bench.stream();
      List<AutoCloseable> all =
          List.of(stream.allocate(16), bench.context().allocate(16), bench.context().pin(16));
      for (AutoCloseable each : all) {
        stream.beginCapture();
        DriverException refusal = assertThrows(DriverException.class, () -> close(each));
        assertEquals(DriverError.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, refusal.error());
        try {
          stream.endCapture().close();
        } catch (DriverException e) {
          assertEquals(DriverError.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, e.error());
        }
        close(each);
        bench.cuda().forget();
        close(each);
        bench.assertCalls();
      }
    });
  }

  @Test
  void whatIsClosedCannotBeUsed() {
    LoopbackBench.run(bench -> {
      Everything closed = Everything.in(bench.context());
      closed.closable().forEach(JcudaClosingLoopbackTest::close);
      Stream open = bench.stream();
      Event event = bench.context().event(true);
      Arguments arguments = new Arguments().address(ADDRESS).float32(1).int32(1).int64(1);
      List<Runnable> uses =
          List.of(
              () -> closed.stream().synchronize(),
              () -> closed.stream().handle(),
              () -> closed.stream().allocate(16),
              () -> closed.stream().fill(ADDRESS, 0, 4, 1),
              () -> closed.stream().beginCapture(),
              () -> closed.event().done(),
              () -> open.record(closed.event()),
              () -> open.await(closed.event()),
              () -> event.millisSince(closed.event()),
              () -> open.upload(ADDRESS, closed.pinned(), 0, 8),
              () -> open.download(closed.pinned(), 0, ADDRESS, 8),
              () -> closed.module().function("scale"),
              () -> closed.module().global("counter"),
              () -> closed.function().attribute(FunctionAttribute.REGISTERS),
              () -> open.launch(closed.function(), LaunchShape.of(1, 1), arguments),
              () -> closed.graph().nodes(),
              () -> closed.graph().instantiate(),
              () -> open.launch(closed.executable()),
              () -> closed.executable().update(closed.graph()));
      for (Runnable use : uses) {
        bench.cuda().forget();
        DriverException refusal = assertThrows(DriverException.class, use::run);
        assertEquals(DriverError.CUDA_ERROR_INVALID_HANDLE, refusal.error());
        assertTrue(refusal.getMessage().contains("was closed before"), refusal.getMessage());
        bench.assertCalls();
      }
    });
  }

  @Test
  void aClosedContextAndDriverOpenNothing() {
    LoopbackBench.run(bench -> {
      Context second = bench.context().device().open();
      second.close();
      for (Runnable use :
          List.<Runnable>of(second::stream, () -> second.allocate(16), second::synchronize)) {
        DriverException refusal = assertThrows(DriverException.class, use::run);
        assertEquals(DriverError.CUDA_ERROR_INVALID_HANDLE, refusal.error());
      }
      bench.driver().close();
      DriverException refusal =
          assertThrows(DriverException.class, () -> bench.context().device().open());
      assertEquals(DriverError.CUDA_ERROR_INVALID_HANDLE, refusal.error());
    });
  }
}
