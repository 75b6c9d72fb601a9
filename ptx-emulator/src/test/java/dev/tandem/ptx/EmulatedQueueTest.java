package dev.tandem.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.Blas;
import dev.tandem.cuda.driver.ComputeType;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.DataType;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Event;
import dev.tandem.cuda.driver.ExecutableGraph;
import dev.tandem.cuda.driver.Gemm;
import dev.tandem.cuda.driver.Graph;
import dev.tandem.cuda.driver.PinnedMemory;
import dev.tandem.cuda.driver.Stream;
import dev.tandem.ptx.machine.EmulatorOptions;
import dev.tandem.ptx.machine.Finding;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Work that fails in the middle of a queue, and what it used that is no longer there. */
final class EmulatedQueueTest {
  private EmulatedDriver driver;
  private Context context;
  private Stream stream;
  private DeviceMemory memory;

  @BeforeEach
  void open() {
    driver = EmulatedDriver.open(EmulatorOptions.standard().collecting());
    context = driver.devices().getFirst().open();
    stream = context.stream();
    memory = context.allocate(16);
  }

  @AfterEach
  void close() {
    driver.close();
  }

  private int value() {
    try (PinnedMemory host = context.pin(4)) {
      stream.download(host, 0, memory.address(), 4);
      stream.synchronize();
      return host.segment().get(ValueLayout.JAVA_INT, 0);
    }
  }

  /** A graph that copies from pinned memory, which is gone. */
  private ExecutableGraph failing() {
    try (PinnedMemory host = context.pin(16)) {
      stream.beginCapture();
      stream.upload(memory.address(), host, 0, 16);
      try (Graph graph = stream.endCapture()) {
        return graph.instantiate();
      }
    }
  }

  @Test
  void pinnedMemoryMustOutliveTheGraphsThatCopyIt() {
    stream.launch(failing());
    DriverException gone = assertThrows(DriverException.class, stream::synchronize);
    assertEquals(DriverError.CUDA_ERROR_INVALID_HANDLE, gone.error());
    assertEquals("cuMemcpyHtoDAsync", gone.operation());
  }

  @Test
  void whatFollowsWorkThatFailedIsDone() {
    ExecutableGraph failing = failing();
    stream.fill(memory.address(), 1, 4, 1);
    stream.launch(failing);
    stream.fill(memory.address(), 2, 4, 1);
    assertThrows(DriverException.class, stream::synchronize);
    assertTrue(stream.done());
    assertEquals(2, value());
  }

  @Test
  void otherStreamsAreWaitedForWhereOneFails() {
    Stream other = context.stream();
    Event event = context.event(false);
    stream.launch(failing());
    other.fill(memory.address(), 3, 4, 1);
    other.record(event);
    assertThrows(DriverException.class, context::synchronize);
    stream.await(event);
    assertEquals(3, value());
  }

  @Test
  void aContextIsClosedThoughItsWorkFails() {
    memory.close();
    memory = context.allocate(32);
    stream.launch(failing());
    DriverException failure = assertThrows(DriverException.class, context::close);
    assertEquals(DriverError.CUDA_ERROR_INVALID_HANDLE, failure.error());
    context.close();
    assertEquals(Set.of(Finding.Kind.LEAK), kinds());
    try (Context fresh = driver.devices().getFirst().open()) {
      assertEquals(fresh.memory().totalBytes(), fresh.memory().freeBytes());
    }
  }

  @Test
  void aContextThatIsNotTheLastFreesWhatIsItsOwn() {
    Context second = driver.devices().getFirst().open();
    long before = second.memory().freeBytes();
    DeviceMemory left = second.allocate(1 << 20);
    second.close();
    assertEquals(before, context.memory().freeBytes());
    assertEquals(left.address(), driver.findings().getFirst().address());
    left.close();
    assertEquals(Set.of(Finding.Kind.LEAK), kinds());
    assertEquals(1, driver.findings().size());
  }

  @Test
  void aWorkspaceMustOutliveTheGraphsThatUseIt() {
    stream.fill(memory.address(), 0, 4, 4);
    DeviceMemory workspace = context.allocate(1024);
    Gemm.Matrix a = new Gemm.Matrix(memory.address(), DataType.F32, 1);
    Gemm.Matrix c = new Gemm.Matrix(memory.address() + 8, DataType.F32, 1);
    Gemm gemm = new Gemm(false, false, 1, 1, 1, 1, a, a, 0, c, ComputeType.F32, 1);
    Blas blas = context.blas();
    blas.stream(stream);
    blas.workspace(workspace.address(), workspace.bytes());
    stream.beginCapture();
    blas.gemm(gemm);
    try (Graph graph = stream.endCapture();
        ExecutableGraph run = graph.instantiate()) {
      stream.launch(run);
      workspace.close();
      stream.launch(run);
      assertThrows(DriverException.class, stream::synchronize);
    }
    assertEquals(Set.of(Finding.Kind.USE_AFTER_FREE), kinds());
    blas.stream(stream); // back to a workspace of cuBLAS's own
    blas.gemm(gemm);
    stream.synchronize();
    memory.close();
  }

  @Test
  void aThreadThatCapturesWaitsForNoStream() {
    Stream other = context.stream();
    List<Runnable> waits = List.of(other::synchronize, other::done);
    for (Runnable wait : waits) {
      stream.beginCapture();
      DriverException refusal = assertThrows(DriverException.class, wait::run);
      assertEquals(DriverError.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, refusal.error());
      CompletableFuture.runAsync(wait).join(); // another thread may
      assertThrows(DriverException.class, stream::endCapture);
    }
    memory.close();
  }

  private Set<Finding.Kind> kinds() {
    return driver.findings().stream().map(Finding::kind).collect(Collectors.toSet());
  }
}
