package dev.tandem.cuda;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.CapturedStep;
import dev.tandem.backend.Operand;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.ExecutableGraph;
import dev.tandem.cuda.driver.Graph;
import dev.tandem.cuda.driver.Stream;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A step on its way to become a graph. It is first run as it is, with memory from a pool of its own, then recorded with the same
 * memory: a graph's addresses are fixed, and no memory can be asked for while recording.
 */
final class Capture {
  private final CudaBackend backend;
  private final Stream stream;
  private final Allocator allocator;
  private final Queue queue;
  private Transcript transcript = new Transcript();
  private boolean recording;

  Capture(CudaBackend backend, Stream stream, Allocator allocator, Queue queue) {
    this.backend = backend;
    this.stream = stream;
    this.allocator = allocator;
    this.queue = queue;
  }

  /** Whether calls are recorded now, and not done. */
  boolean recording() {
    return recording;
  }

  /** Takes note of an op or an update that the step calls. */
  void calls(Object what, List<Operand> inputs, List<Operand> outputs) {
    transcript.calls(what, inputs, outputs);
  }

  /** Takes note of memory that the step asks for. */
  void makes(DeviceBuffer buffer) {
    transcript.makes(buffer);
  }

  CapturedStep of(Runnable step) {
    Pool pool = allocator.beginPrivate();
    try {
      step.run();
      backend.finish();
      Map<Kernel, Long> launches;
      ExecutableGraph graph;
      allocator.seal();
      queue.beginRecording();
      try {
        graph = record(step);
      } finally {
        launches = queue.endRecording();
      }
      // What the step made and freed is the pool's; what is left is from outside, or a result.
      List<DeviceBuffer> kept = transcript.used().stream().filter(DeviceBuffer::open).toList();
      boolean faulting = backend.faults().suspect();
      Step captured = new Step(pool, graph, launches, kept, faulting);
      allocator.entrust(pool, captured::giveUp);
      return captured;
    } catch (RuntimeException | Error e) {
      allocator.dissolve(pool);
      throw e;
    } finally {
      allocator.endPrivate();
    }
  }

  private ExecutableGraph record(Runnable step) {
    Transcript done = transcript;
    transcript = new Transcript();
    try {
      stream.beginCapture();
      recording = true;
      try {
        step.run();
      } catch (RuntimeException | Error e) {
        recording = false;
        abandon(e);
        throw e;
      }
      recording = false;
      try (Graph graph = stream.endCapture()) {
        requireOutsideOpen();
        requireSame(done);
        return graph.instantiate();
      }
    } catch (DriverException e) {
      throw backend.told("capture: the step could not be recorded, got " + e.getMessage(), e);
    }
  }

  /** What the step did not make, and freed, would be there for its first replay only, if at all. */
  private void requireOutsideOpen() {
    for (DeviceBuffer buffer : transcript.used()) {
      if (!buffer.open() && !transcript.made(buffer)) {
        throw new BackendException(
            backend.name()
                + ": capture: the step freed a tensor that was there before it and that it uses, got one of "
                + buffer.type()
                + "; write the new values over the old ones, or free it outside the step");
      }
    }
  }

  /** Of a step that goes by a number on the host, such as a count or a draw, each replay would do what one call did. */
  private void requireSame(Transcript done) {
    Optional<String> difference = transcript.differenceFrom(done);
    if (difference.isPresent()) {
      throw new BackendException(
          backend.name()
              + ": capture: the step does not do the same at each call, got "
              + difference.get()
              + "; keep what changes in a tensor, and make what is made once before the step");
    }
  }

  /** Ends a recording that failed, whose graph nobody wants. */
  private void abandon(Throwable failure) {
    try {
      stream.endCapture().close();
    } catch (DriverException e) {
      failure.addSuppressed(e);
    }
  }

  /** The graph, and what it needs to live. */
  private final class Step implements CapturedStep {
    private final Pool pool;
    private final ExecutableGraph graph;
    private final Map<Kernel, Long> launches;
    private final List<DeviceBuffer> outside;
    private final boolean faulting;
    private boolean closed;
    private boolean givenUp;

    private Step(
        Pool pool,
        ExecutableGraph graph,
        Map<Kernel, Long> launches,
        List<DeviceBuffer> outside,
        boolean faulting) {
      this.pool = pool;
      this.graph = graph;
      this.launches = launches;
      this.outside = outside;
      this.faulting = faulting;
    }

    @Override
    public void replay() {
      if (closed) {
        throw new BackendException(
            backend.name()
                + ": replay: the step was "
                + (givenUp ? "given up for its memory" : "closed")
                + ", got a replay; capture it again");
      }
      backend.requireReplayable(outside, faulting);
      try {
        stream.launch(graph);
      } catch (DriverException e) {
        throw backend.told("replay: the step could not be queued, got " + e.getMessage(), e);
      }
      queue.replayed(launches);
      backend.replayed();
    }

    @Override
    public boolean ready() {
      return !closed && !backend.closed();
    }

    /** Others need the memory. */
    private void giveUp() {
      givenUp = true;
      close();
    }

    @Override
    public void close() {
      if (!closed && !backend.closed()) {
        closed = true;
        try {
          graph.close();
        } catch (DriverException e) {
          backend.tellOnce("close: a captured step is left over, got " + e.getMessage(), e);
        } finally {
          allocator.dissolve(pool);
        }
      }
    }
  }
}
