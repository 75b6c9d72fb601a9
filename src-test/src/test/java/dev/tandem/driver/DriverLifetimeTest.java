package dev.tandem.driver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.Blas;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.Driver;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Event;
import dev.tandem.cuda.driver.ExecutableGraph;
import dev.tandem.cuda.driver.Graph;
import dev.tandem.cuda.driver.PinnedMemory;
import dev.tandem.cuda.driver.Stream;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;

/** In which order things may end, and what of them can be used meanwhile: the same on every driver. */
final class DriverLifetimeTest {
  @TestFactory
  List<DynamicTest> contract() {
    Map<String, Consumer<Driver>> contract = new LinkedHashMap<>();
    contract.put("a context ends what is left in it", this::contextFirst);
    contract.put("a context ends its own things alone", this::twoContexts);
    contract.put("a closed driver opens nothing", this::closedDriver);
    contract.put("what is closed is refused", on(this::closedIsRefused));
    contract.put("a refusal during a capture leaves memory open", on(this::freeingInCapture));
    contract.put("a stream that captures is closed", on(this::closingInCapture));
    contract.put("memory outlives its stream", on(this::memoryOutlivesStream));
    contract.put("an event of an ended capture", on(this::eventOfEndedCapture));
    contract.put("nobody asks an event during a capture", on(this::eventDuringCapture));
    contract.put("an event stands for its last place", on(this::eventRecordedAgain));
    contract.put("a graph in a graph", on(this::childGraph));
    contract.put("a graph that runs is changed and closed", on(this::graphInFlight));
    contract.put("two threads feed two streams", on(this::twoThreads));
    contract.put("sizes below nothing", on(this::sizes));
    return Drivers.tests(contract);
  }

  private record Bench(Driver driver, Context context, Stream stream, DeviceMemory memory) {
    void set(int value) {
      stream.fill(memory.address(), value, 4, 1);
    }

    int value() {
      return value(stream);
    }

    int value(Stream on) {
      try (PinnedMemory host = context.pin(4)) {
        on.download(host, 0, memory.address(), 4);
        on.synchronize();
        return host.segment().get(ValueLayout.JAVA_INT, 0);
      }
    }

    Graph setting(int value) {
      stream.beginCapture();
      set(value);
      return stream.endCapture();
    }
  }

  private static Consumer<Driver> on(Consumer<Bench> body) {
    return driver -> {
      try (Context context = driver.devices().getFirst().open();
          Stream stream = context.stream();
          DeviceMemory memory = context.allocate(4)) {
        body.accept(new Bench(driver, context, stream, memory));
      }
    };
  }

  private static void assertRefused(DriverError error, Executable call) {
    DriverException refusal = assertThrows(DriverException.class, call);
    assertEquals(error, refusal.error(), refusal.getMessage());
  }

  private void contextFirst(Driver driver) {
    Context context = driver.devices().getFirst().open();
    Stream stream = context.stream();
    Event event = context.event(true);
    PinnedMemory pinned = context.pin(16);
    Blas blas = context.blas();
    stream.beginCapture();
    Graph graph = stream.endCapture();
    ExecutableGraph executable = graph.instantiate();
    stream.beginCapture();
    try {
      context.close();
    } catch (DriverException e) {
      // The software GPU calls the pinned memory a leak; it is freed all the same.
      assertEquals(DriverError.SANITIZER, e.error(), e.getMessage());
    }
    for (Executable use :
        List.<Executable>of(
            context::stream,
            stream::synchronize,
            stream::capturing,
            event::done,
            graph::nodes,
            () -> executable.update(graph))) {
      assertRefused(DriverError.CUDA_ERROR_INVALID_HANDLE, use);
    }
    assertRefused(DriverError.CUBLAS_STATUS_NOT_INITIALIZED, () -> blas.stream(stream));
    assertThrows(IllegalStateException.class, () -> pinned.segment().get(ValueLayout.JAVA_INT, 0));
    for (Runnable close :
        List.<Runnable>of(
            context::close,
            stream::close,
            event::close,
            pinned::close,
            blas::close,
            graph::close,
            executable::close)) {
      close.run();
    }
  }

  private void twoContexts(Driver driver) {
    try (Context first = driver.devices().getFirst().open();
        Stream stream = first.stream();
        DeviceMemory memory = first.allocate(16);
        PinnedMemory host = first.pin(16)) {
      Context second = driver.devices().getFirst().open();
      Stream other = second.stream();
      Event event = second.event(false);
      DeviceMemory theirs = second.allocate(16);
      other.fill(memory.address(), 7, 4, 4);
      other.record(event);
      stream.await(event);
      stream.download(host, 0, memory.address(), 16);
      theirs.close();
      second.close();
      assertRefused(DriverError.CUDA_ERROR_INVALID_HANDLE, () -> stream.await(event));
      stream.synchronize();
      assertArrayEquals(new int[] {7, 7, 7, 7}, host.segment().toArray(ValueLayout.JAVA_INT));
    }
  }

  private void closedDriver(Driver driver) {
    driver.close();
    assertRefused(DriverError.CUDA_ERROR_INVALID_HANDLE, () -> driver.devices().getFirst().open());
    driver.close();
  }

  private void closedIsRefused(Bench bench) {
    Stream stream = bench.context().stream();
    DeviceMemory ordered = stream.allocate(16);
    PinnedMemory pinned = bench.context().pin(16);
    Event event = bench.context().event(false);
    stream.close();
    pinned.close();
    event.close();
    long at = bench.memory().address();
    for (Executable use :
        List.<Executable>of(
            stream::handle,
            stream::beginCapture,
            () -> stream.fill(at, 0, 4, 1),
            () -> stream.free(ordered),
            () -> bench.stream().upload(at, pinned, 0, 4),
            () -> bench.stream().download(pinned, 0, at, 4),
            () -> bench.stream().record(event),
            () -> bench.stream().await(event))) {
      assertRefused(DriverError.CUDA_ERROR_INVALID_HANDLE, use);
    }
    bench.stream().free(ordered);
  }

  private void freeingInCapture(Bench bench) {
    DeviceMemory ordered = bench.stream().allocate(16);
    DeviceMemory plain = bench.context().allocate(16);
    PinnedMemory pinned = bench.context().pin(16);
    for (Executable free :
        List.<Executable>of(
            ordered::close, () -> bench.stream().free(ordered), plain::close, pinned::close)) {
      bench.stream().beginCapture();
      assertRefused(DriverError.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, free);
      try (Graph _ = bench.stream().endCapture()) {
        assertFalse(bench.stream().capturing());
      } catch (DriverException e) {
        assertEquals(DriverError.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, e.error());
      }
    }
    bench.stream().fill(plain.address(), 1, 4, 4);
    bench.stream().fill(ordered.address(), 1, 4, 4);
    pinned.close();
    plain.close();
    bench.stream().free(ordered);
    assertRefused(
        DriverError.CUDA_ERROR_INVALID_HANDLE,
        () -> bench.stream().upload(bench.memory().address(), pinned, 0, 4));
  }

  private void closingInCapture(Bench bench) {
    Stream stream = bench.context().stream();
    stream.beginCapture();
    stream.fill(bench.memory().address(), 1, 4, 1);
    stream.close();
    bench.set(5);
    assertEquals(5, bench.value(), "what was captured never ran");
  }

  private void memoryOutlivesStream(Bench bench) {
    Stream stream = bench.context().stream();
    DeviceMemory ordered = stream.allocate(4);
    stream.fill(ordered.address(), 9, 4, 1);
    stream.close();
    bench.stream().copy(bench.memory().address(), ordered.address(), 4);
    ordered.close(); // after the copy, which nobody has waited for
    assertEquals(9, bench.value());
  }

  private void eventOfEndedCapture(Bench bench) {
    try (Event event = bench.context().event(false)) {
      bench.stream().beginCapture();
      bench.set(1);
      bench.stream().record(event);
      bench.stream().endCapture().close();
      assertRefused(DriverError.CUDA_ERROR_CAPTURED_EVENT, event::done);
      assertRefused(DriverError.CUDA_ERROR_CAPTURED_EVENT, event::synchronize);
      assertThrows(DriverException.class, () -> bench.stream().await(event));
      assertFalse(bench.stream().capturing());
      bench.set(3);
      bench.stream().record(event);
      event.synchronize();
      assertEquals(3, bench.value());
    }
  }

  private void eventDuringCapture(Bench bench) {
    try (Event event = bench.context().event(false);
        Stream other = bench.context().stream()) {
      other.record(event);
      for (Executable question : List.<Executable>of(event::done, event::synchronize)) {
        bench.stream().beginCapture();
        assertRefused(DriverError.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, question);
        assertRefused(
            DriverError.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, () -> bench.stream().endCapture());
      }
      bench.stream().beginCapture();
      CompletableFuture.runAsync(event::synchronize).join(); // another thread may
      bench.stream().endCapture().close();
      event.synchronize();
      assertTrue(event.done());
    }
  }

  private void eventRecordedAgain(Bench bench) {
    try (Stream other = bench.context().stream();
        Event event = bench.context().event(true);
        Event begin = bench.context().event(true)) {
      other.record(event);
      bench.stream().record(begin);
      bench.set(1);
      bench.stream().record(event);
      event.synchronize();
      other.synchronize(); // reaches the place that the event no longer stands for
      double millis = event.millisSince(begin);
      other.synchronize();
      assertTrue(millis >= 0, millis + " ms");
      assertEquals(millis, event.millisSince(begin));
    }
  }

  private void childGraph(Bench bench) {
    Stream stream = bench.stream();
    try (Graph inner = bench.setting(4)) {
      ExecutableGraph child = inner.instantiate();
      stream.beginCapture();
      bench.set(1);
      stream.launch(child);
      try (Graph outer = stream.endCapture();
          ExecutableGraph run = outer.instantiate()) {
        assertEquals(2, outer.nodes());
        child.close();
        bench.set(0);
        stream.launch(run);
        assertEquals(4, bench.value(), "the child was copied");
      }
    }
  }

  private void graphInFlight(Bench bench) {
    Graph first = bench.setting(1);
    Graph second = bench.setting(2);
    ExecutableGraph run = first.instantiate();
    first.close();
    bench.set(0);
    bench.stream().launch(run);
    assertTrue(run.update(second));
    second.close();
    assertEquals(1, bench.value(), "what was launched keeps its arguments");
    bench.stream().launch(run);
    run.close();
    assertEquals(2, bench.value(), "what was launched runs to its end");
    assertRefused(DriverError.CUDA_ERROR_INVALID_HANDLE, () -> bench.stream().launch(run));
    assertRefused(DriverError.CUDA_ERROR_INVALID_HANDLE, second::instantiate);
  }

  private void twoThreads(Bench bench) {
    List<CompletableFuture<int[]>> threads =
        java.util.stream.Stream.of(1, 2)
            .map(number -> CompletableFuture.supplyAsync(() -> repeat(bench.context(), number)))
            .toList();
    for (int number = 1; number <= 2; number++) {
      assertArrayEquals(new int[] {number, 100 * number}, threads.get(number - 1).join());
    }
  }

  /** Captures, replays and waits, over and over. */
  private static int[] repeat(Context context, int number) {
    try (Stream stream = context.stream();
        PinnedMemory host = context.pin(8)) {
      for (int round = 0; round < 20; round++) {
        DeviceMemory memory = stream.allocate(8);
        stream.beginCapture();
        stream.fill(memory.address(), number, 4, 1);
        stream.fill(memory.address() + 4, 100 * number, 4, 1);
        try (Graph graph = stream.endCapture();
            ExecutableGraph run = graph.instantiate()) {
          stream.launch(run);
          stream.download(host, 0, memory.address(), 8);
          memory.close();
          stream.synchronize();
        }
      }
      return host.segment().toArray(ValueLayout.JAVA_INT);
    }
  }

  private void sizes(Bench bench) {
    try (PinnedMemory host = bench.context().pin(16)) {
      long at = bench.memory().address();
      for (Executable call :
          List.<Executable>of(
              () -> bench.context().pin(0),
              () -> bench.context().keepFreed(-1),
              () -> bench.context().trim(-1),
              () -> bench.stream().upload(at, host, 8, Long.MAX_VALUE),
              () -> bench.stream().download(host, -4, at, 4),
              () -> bench.stream().fill(at, 0, 3, 1))) {
        assertRefused(DriverError.CUDA_ERROR_INVALID_VALUE, call);
      }
    }
  }
}
