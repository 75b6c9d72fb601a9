package dev.tandem.ptx;

import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Event;
import dev.tandem.cuda.driver.ExecutableGraph;
import dev.tandem.cuda.driver.Function;
import dev.tandem.cuda.driver.Graph;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.cuda.driver.PinnedMemory;
import dev.tandem.cuda.driver.Stream;
import dev.tandem.ptx.machine.KernelFault;
import java.util.ArrayDeque;
import java.util.Deque;

/** A stream of the software GPU: a queue that is worked off when somebody waits. */
final class EmulatedStream extends EmulatedResource implements Stream {
  /** A real driver, too, lets only so much work wait, about a thousand launches; the oldest is then done first. */
  private static final int LONGEST_QUEUE = 1024;

  private final EmulatedGpu gpu;
  private final long handle;
  private final Deque<Work> queue = new ArrayDeque<>();
  private long given;
  private long finished;
  private Capture capture;

  EmulatedStream(EmulatedContext context) {
    super(context, Turn.STREAM, "stream");
    this.gpu = context.gpu();
    this.handle = gpu.handle();
  }

  @Override
  public long handle() {
    synchronized (gpu) {
      checkOpen("handle of a stream");
      return handle;
    }
  }

  /** How many pieces of work are done. */
  long finished() {
    return finished;
  }

  /** Queues or captures work. */
  void give(Work work) {
    if (capture != null) {
      capture.add(this, work);
      return;
    }
    queue.add(work);
    given++;
    if (queue.size() > LONGEST_QUEUE) {
      step();
    }
  }

  /** Does the next piece of work, if there is one. */
  void step() {
    Work work = queue.poll();
    if (work == null) {
      return;
    }
    try {
      work.action().run();
    } catch (KernelFault fault) {
      gpu.fail(work.what(), fault);
    } finally {
      finished = given - queue.size();
    }
  }

  void runUntil(long ticket) {
    while (finished < ticket && !queue.isEmpty()) {
      step();
    }
  }

  /** Does all of it, also where a piece fails. */
  void drain() {
    Failures failures = new Failures();
    while (!queue.isEmpty()) {
      failures.attempt(this::step);
    }
    failures.finish();
  }

  /** The context is lost: nothing more is done. */
  void abandon() {
    queue.clear();
    finished = given;
  }

  @Override
  public DeviceMemory allocate(long bytes) {
    synchronized (gpu) {
      checkOpen("cuMemAllocAsync");
      if (capture != null) {
        throw unsupported("cuMemAllocAsync", "allocate before the capture begins");
      }
      long address = gpu.allocate("cuMemAllocAsync", bytes, EmulatedGpu.Use.ORDERED);
      return new EmulatedMemory(context(), address, bytes, this);
    }
  }

  @Override
  public void free(DeviceMemory memory) {
    synchronized (gpu) {
      checkOpen("cuMemFreeAsync");
      if (!(memory instanceof EmulatedMemory ordered)
          || !ordered.ordered()
          || ordered.gpu() != gpu) {
        throw new DriverException(
            "cuMemFreeAsync",
            DriverError.CUDA_ERROR_INVALID_VALUE,
            "the memory is not of a stream's allocate on this device; close it");
      }
      if (ordered.closed()) {
        gpu.freedAgain(memory);
        throw new DriverException(
            "cuMemFreeAsync",
            DriverError.CUDA_ERROR_INVALID_VALUE,
            "the memory is freed already; free it once");
      }
      release(ordered);
    }
  }

  /** Frees memory when the work before it is done; from here on it counts as closed. */
  void release(EmulatedMemory memory) {
    gpu.check("cuMemFreeAsync");
    if (capture != null) {
      throw unsupported("cuMemFreeAsync", "free after the capture has ended");
    }
    memory.markClosed();
    give(
        new Work(
            Work.Kind.FREE,
            "cuMemFreeAsync",
            () -> gpu.free(memory.address(), memory.bytes(), true)));
  }

  @Override
  public void upload(long to, PinnedMemory from, long offset, long bytes) {
    synchronized (gpu) {
      String operation = "cuMemcpyHtoDAsync";
      EmulatedPinned host = pinned(operation, from, offset, bytes);
      checkDevice(operation, to, bytes);
      give(
          new Work(
              Work.Kind.COPY,
              operation,
              () ->
                  gpu.bytes(operation, DriverError.CUDA_ERROR_ILLEGAL_ADDRESS, to, bytes, true)
                      .copyFrom(host.piece(operation, offset, bytes))));
    }
  }

  @Override
  public void download(PinnedMemory to, long offset, long from, long bytes) {
    synchronized (gpu) {
      String operation = "cuMemcpyDtoHAsync";
      EmulatedPinned host = pinned(operation, to, offset, bytes);
      checkDevice(operation, from, bytes);
      give(
          new Work(
              Work.Kind.COPY,
              operation,
              () ->
                  host.piece(operation, offset, bytes)
                      .copyFrom(
                          gpu.bytes(
                              operation,
                              DriverError.CUDA_ERROR_ILLEGAL_ADDRESS,
                              from,
                              bytes,
                              false))));
    }
  }

  private EmulatedPinned pinned(String operation, PinnedMemory memory, long offset, long bytes) {
    checkOpen(operation);
    EmulatedPinned pinned = of(gpu, operation, EmulatedPinned.class, memory);
    pinned.piece(operation, offset, bytes); // refuses one that is closed or too small
    return pinned;
  }

  /** As the real driver does, which looks up the allocation at the call. */
  private void checkDevice(String operation, long address, long bytes) {
    gpu.bytes(operation, DriverError.CUDA_ERROR_INVALID_VALUE, address, bytes, false);
  }

  @Override
  public void copy(long to, long from, long bytes) {
    synchronized (gpu) {
      checkOpen("cuMemcpyDtoDAsync");
      checkDevice("cuMemcpyDtoDAsync", to, bytes);
      checkDevice("cuMemcpyDtoDAsync", from, bytes);
      if (Math.abs(to - from) < bytes) {
        throw new DriverException(
            "cuMemcpyDtoDAsync",
            DriverError.CUDA_ERROR_INVALID_VALUE,
            "source and destination overlap, got "
                + bytes
                + " bytes from 0x"
                + Long.toHexString(from)
                + " to 0x"
                + Long.toHexString(to));
      }
      give(new Work(Work.Kind.COPY, "cuMemcpyDtoDAsync", () -> gpu.memory().copy(to, from, bytes)));
    }
  }

  @Override
  public void fill(long to, int pattern, int patternBytes, long count) {
    synchronized (gpu) {
      String operation = "cuMemsetD" + 8 * patternBytes + "Async";
      checkOpen(operation);
      if ((patternBytes != 1 && patternBytes != 2 && patternBytes != 4)
          || to % patternBytes != 0
          || count < 0
          || count > Long.MAX_VALUE / patternBytes) {
        throw new DriverException(
            operation,
            DriverError.CUDA_ERROR_INVALID_VALUE,
            "got "
                + count
                + " times "
                + patternBytes
                + " bytes at 0x"
                + Long.toHexString(to)
                + "; pass 1, 2 or 4 bytes, an address they divide, and a count of at least 0");
      }
      checkDevice(operation, to, count * patternBytes);
      give(
          new Work(
              Work.Kind.FILL,
              operation,
              () -> gpu.memory().fill(to, pattern, patternBytes, count)));
    }
  }

  @Override
  public void launch(Function function, LaunchShape shape, Arguments arguments) {
    synchronized (gpu) {
      checkOpen("cuLaunchKernel");
      if (!(function instanceof EmulatedFunction kernel) || kernel.gpu() != gpu) {
        throw foreign("cuLaunchKernel", function);
      }
      give(new Work(Work.Kind.KERNEL, kernel.name(), kernel.prepare(shape, arguments)));
    }
  }

  @Override
  public void launch(ExecutableGraph graph) {
    synchronized (gpu) {
      checkOpen("cuGraphLaunch");
      EmulatedExecutableGraph executable =
          of(gpu, "cuGraphLaunch", EmulatedExecutableGraph.class, graph);
      give(new Work(Work.Kind.GRAPH, "cuGraphLaunch", executable.replay()));
    }
  }

  @Override
  public void record(Event event) {
    synchronized (gpu) {
      checkOpen("cuEventRecord");
      EmulatedEvent marker = of(gpu, "cuEventRecord", EmulatedEvent.class, event);
      marker.checkOpen("cuEventRecord");
      if (capture != null) {
        marker.mark(capture, capture.end(this));
        return;
      }
      EmulatedEvent.Mark mark = new EmulatedEvent.Mark(this, given + 1);
      give(new Work(Work.Kind.EVENT, "cuEventRecord", mark::pass));
      marker.mark(mark);
    }
  }

  @Override
  public void await(Event event) {
    synchronized (gpu) {
      checkOpen("cuStreamWaitEvent");
      EmulatedEvent marker = of(gpu, "cuStreamWaitEvent", EmulatedEvent.class, event);
      marker.checkOpen("cuStreamWaitEvent");
      if (marker.capture() != null) {
        awaitCaptured(marker);
      } else if (capture != null) {
        capture.invalidate();
        throw new DriverException(
            "cuStreamWaitEvent",
            DriverError.CUDA_ERROR_STREAM_CAPTURE_ISOLATION,
            "the event was recorded outside the capture; wait for it before the capture begins");
      } else if (marker.mark() != null) {
        EmulatedEvent.Mark mark = marker.mark();
        give(new Work(Work.Kind.EVENT, "cuStreamWaitEvent", mark::run));
      }
    }
  }

  private void awaitCaptured(EmulatedEvent marker) {
    if (marker.capture().ended()) {
      if (capture != null) {
        capture.invalidate();
      }
      throw new DriverException(
          "cuStreamWaitEvent",
          DriverError.CUDA_ERROR_CAPTURED_EVENT,
          "that capture has ended; record the event again");
    }
    if (capture != null && capture != marker.capture()) {
      capture.invalidate();
      throw new DriverException(
          "cuStreamWaitEvent",
          DriverError.CUDA_ERROR_STREAM_CAPTURE_MERGE,
          "end one of them first");
    }
    capture = marker.capture();
    capture.join(this, marker.captured());
  }

  @Override
  public boolean done() {
    synchronized (gpu) {
      checkOpen("cuStreamQuery");
      refuseDuringCapture("cuStreamQuery", null);
      gpu.refuseDuringCapture("cuStreamQuery");
      step();
      gpu.report("cuStreamQuery");
      return queue.isEmpty();
    }
  }

  @Override
  public void synchronize() {
    synchronized (gpu) {
      checkOpen("cuStreamSynchronize");
      refuseDuringCapture("cuStreamSynchronize", null);
      gpu.refuseDuringCapture("cuStreamSynchronize");
      drain();
      gpu.pool().synchronised();
      gpu.report("cuStreamSynchronize");
    }
  }

  @Override
  public void beginCapture() {
    synchronized (gpu) {
      checkOpen("cuStreamBeginCapture");
      if (capture != null) {
        throw new DriverException(
            "cuStreamBeginCapture",
            DriverError.CUDA_ERROR_ILLEGAL_STATE,
            "a capture is on already; end it first");
      }
      capture = new Capture(this, Thread.currentThread());
    }
  }

  @Override
  public boolean capturing() {
    synchronized (gpu) {
      checkOpen("cuStreamIsCapturing");
      return capture != null;
    }
  }

  @Override
  public Graph endCapture() {
    synchronized (gpu) {
      checkOpen("cuStreamEndCapture");
      if (capture == null) {
        throw new DriverException(
            "cuStreamEndCapture", DriverError.CUDA_ERROR_ILLEGAL_STATE, "begin a capture first");
      }
      Capture ending = capture;
      if (ending.origin() != this) {
        ending.invalidate();
        throw new DriverException(
            "cuStreamEndCapture",
            DriverError.CUDA_ERROR_STREAM_CAPTURE_UNMATCHED,
            "end it on the stream that began it");
      }
      if (ending.thread() != Thread.currentThread()) {
        throw new DriverException(
            "cuStreamEndCapture",
            DriverError.CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD,
            "end it on the thread that began it");
      }
      ending.leave();
      return new EmulatedGraph(context(), ending.end());
    }
  }

  /** Refuses a call that cannot be captured, and with it the capture, if one is on (begun by the thread, where one is given). */
  void refuseDuringCapture(String operation, Thread by) {
    if (capture != null && (by == null || capture.thread() == by)) {
      capture.invalidate();
      throw unsupported(operation, "call it before the capture begins or after it has ended");
    }
  }

  private static DriverException unsupported(String operation, String advice) {
    return new DriverException(
        operation, DriverError.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, advice);
  }

  /** The capture that it took part in has ended. */
  void left() {
    capture = null;
  }

  /** Ends a capture begun here whose graph nobody will have. */
  void abandonCapture() {
    if (capture != null && capture.origin() == this) {
      capture.leave();
    }
  }

  @Override
  void end() {
    abandonCapture();
    Failures failures = new Failures();
    // Another stream's capture cannot do without it.
    failures.attempt(() -> refuseDuringCapture("cuStreamSynchronize", null));
    failures.attempt(this::drain);
    capture = null;
    markClosed();
    gpu.remove(this);
    failures.finish();
  }
}
