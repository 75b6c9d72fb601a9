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
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/** A stream of the software GPU: a queue that is worked off when somebody waits. */
final class EmulatedStream implements Stream {
  /** A real driver, too, lets only so much work wait, about a thousand launches; the oldest is then done first. */
  private static final int LONGEST_QUEUE = 1024;

  private final EmulatedGpu gpu;
  private final EmulatedContext context;
  private final long handle;
  private final Deque<Work> queue = new ArrayDeque<>();
  private long given;
  private long finished;
  private Capture capture;
  private boolean closed;

  EmulatedStream(EmulatedGpu gpu, EmulatedContext context) {
    this.gpu = gpu;
    this.context = context;
    this.handle = gpu.handle();
  }

  @Override
  public long handle() {
    return handle;
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

  void drain() {
    runUntil(given);
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
      EmulatedMemory[] memory = new EmulatedMemory[1];
      memory[0] = new EmulatedMemory(gpu, address, bytes, true, () -> release(memory[0]));
      return memory[0];
    }
  }

  @Override
  public void free(DeviceMemory memory) {
    synchronized (gpu) {
      if (!(memory instanceof EmulatedMemory ordered) || !ordered.orderedBy(gpu)) {
        throw new DriverException(
            "cuMemFreeAsync",
            DriverError.CUDA_ERROR_INVALID_VALUE,
            "the memory is not of allocate of a stream of this device; close it");
      }
      if (!ordered.markClosed()) {
        gpu.freedAgain(memory);
        throw new DriverException(
            "cuMemFreeAsync",
            DriverError.CUDA_ERROR_INVALID_VALUE,
            "the memory is freed already; free it once");
      }
      release(memory);
    }
  }

  private void release(DeviceMemory memory) {
    synchronized (gpu) {
      gpu.check("cuMemFreeAsync");
      if (closed) {
        gpu.free(memory.address(), memory.bytes(), true);
        return;
      }
      if (capture != null) {
        throw unsupported("cuMemFreeAsync", "free after the capture has ended");
      }
      give(
          new Work(
              Work.Kind.FREE,
              "cuMemFreeAsync",
              () -> gpu.free(memory.address(), memory.bytes(), true)));
    }
  }

  @Override
  public void upload(long to, PinnedMemory from, long offset, long bytes) {
    synchronized (gpu) {
      MemorySegment host = host("cuMemcpyHtoDAsync", from, offset, bytes);
      checkDevice("cuMemcpyHtoDAsync", to, bytes);
      give(
          new Work(
              Work.Kind.COPY,
              "cuMemcpyHtoDAsync",
              () -> gpu.memory().write(to, bytes).copyFrom(host)));
    }
  }

  @Override
  public void download(PinnedMemory to, long offset, long from, long bytes) {
    synchronized (gpu) {
      MemorySegment host = host("cuMemcpyDtoHAsync", to, offset, bytes);
      checkDevice("cuMemcpyDtoHAsync", from, bytes);
      give(
          new Work(
              Work.Kind.COPY,
              "cuMemcpyDtoHAsync",
              () -> host.copyFrom(gpu.memory().read(from, bytes))));
    }
  }

  private MemorySegment host(String operation, PinnedMemory memory, long offset, long bytes) {
    checkOpen(operation);
    if (offset < 0 || bytes < 0 || offset + bytes > memory.bytes()) {
      throw new DriverException(
          operation,
          DriverError.CUDA_ERROR_INVALID_VALUE,
          "got bytes "
              + offset
              + " to "
              + (offset + bytes)
              + " of "
              + memory.bytes()
              + " pinned ones");
    }
    return memory.segment().asSlice(offset, bytes);
  }

  /** As the real driver does, which looks up the allocation at the call. */
  private void checkDevice(String operation, long address, long bytes) {
    try {
      gpu.memory().read(address, bytes);
    } catch (DriverException e) {
      throw new DriverException(operation, DriverError.CUDA_ERROR_INVALID_VALUE, e.getMessage(), e);
    }
  }

  @Override
  public void copy(long to, long from, long bytes) {
    synchronized (gpu) {
      checkOpen("cuMemcpyDtoDAsync");
      checkDevice("cuMemcpyDtoDAsync", to, bytes);
      checkDevice("cuMemcpyDtoDAsync", from, bytes);
      if (to < from + bytes && from < to + bytes) {
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
          || count < 0) {
        throw new DriverException(
            operation,
            DriverError.CUDA_ERROR_INVALID_VALUE,
            "got " + count + " times " + patternBytes + " bytes at 0x" + Long.toHexString(to));
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
      EmulatedFunction kernel = (EmulatedFunction) function;
      give(new Work(Work.Kind.KERNEL, kernel.name(), kernel.prepare(shape, arguments)));
    }
  }

  @Override
  public void launch(ExecutableGraph graph) {
    synchronized (gpu) {
      checkOpen("cuGraphLaunch");
      EmulatedExecutableGraph executable = (EmulatedExecutableGraph) graph;
      give(new Work(Work.Kind.GRAPH, "cuGraphLaunch", executable.replay()));
    }
  }

  @Override
  public void record(Event event) {
    synchronized (gpu) {
      checkOpen("cuEventRecord");
      EmulatedEvent marker = (EmulatedEvent) event;
      marker.checkOpen("cuEventRecord");
      if (capture != null) {
        marker.mark(capture, capture.end(this));
        return;
      }
      give(new Work(Work.Kind.EVENT, "cuEventRecord", marker::reached));
      marker.mark(new EmulatedEvent.Mark(this, given));
    }
  }

  @Override
  public void await(Event event) {
    synchronized (gpu) {
      checkOpen("cuStreamWaitEvent");
      EmulatedEvent marker = (EmulatedEvent) event;
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
        give(
            new Work(
                Work.Kind.EVENT, "cuStreamWaitEvent", () -> mark.stream().runUntil(mark.ticket())));
      }
    }
  }

  private void awaitCaptured(EmulatedEvent marker) {
    if (capture != null && capture != marker.capture()) {
      capture.invalidate();
      throw new DriverException(
          "cuStreamWaitEvent", DriverError.CUDA_ERROR_STREAM_CAPTURE_MERGE, "");
    }
    capture = marker.capture();
    capture.join(this, marker.captured());
  }

  @Override
  public boolean done() {
    synchronized (gpu) {
      checkOpen("cuStreamQuery");
      refuseDuringCapture("cuStreamQuery", null);
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
            "a capture is on already");
      }
      capture = new Capture(this, Thread.currentThread());
    }
  }

  @Override
  public boolean capturing() {
    synchronized (gpu) {
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
            "cuStreamEndCapture", DriverError.CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, "");
      }
      if (ending.thread() != Thread.currentThread()) {
        throw new DriverException(
            "cuStreamEndCapture", DriverError.CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, "");
      }
      ending.streams().forEach(stream -> stream.capture = null);
      return new EmulatedGraph(gpu, ending.end());
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

  private void checkOpen(String operation) {
    gpu.check(operation);
    if (closed) {
      throw new DriverException(
          operation, DriverError.CUDA_ERROR_INVALID_HANDLE, "the stream is closed");
    }
  }

  @Override
  public void close() {
    synchronized (gpu) {
      if (!closed) {
        drain();
        closed = true;
        gpu.remove(this);
        context.forget(this);
      }
    }
  }
}
