package dev.tandem.cuda;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.CapturedStep;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.ExecutableGraph;
import dev.tandem.cuda.driver.Graph;
import dev.tandem.cuda.driver.Stream;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A step on its way to become a graph. It is first run as it is, with memory from a pool of its own, then recorded with the same
 * memory: a graph's addresses are fixed, and no memory can be asked for while recording.
 */
final class Capture {
  private final CudaBackend backend;
  private final Stream stream;
  private final Allocator allocator;
  private final Queue queue;
  private final Set<DeviceBuffer> used = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Set<DeviceBuffer> made = Collections.newSetFromMap(new IdentityHashMap<>());
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

  /** Takes note of memory that a call of the step uses. */
  void uses(DeviceBuffer buffer) {
    if (recording) {
      used.add(buffer);
    }
  }

  /** Takes note of memory that the step asks for. */
  void makes(DeviceBuffer buffer) {
    if (recording) {
      made.add(buffer);
    }
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
      List<DeviceBuffer> kept = used.stream().filter(DeviceBuffer::open).toList();
      boolean faulting = backend.faults().suspect();
      return new Step(pool, graph, launches, kept, faulting);
    } catch (RuntimeException | Error e) {
      allocator.dissolve(pool);
      throw e;
    } finally {
      allocator.endPrivate();
    }
  }

  private ExecutableGraph record(Runnable step) {
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
        return graph.instantiate();
      }
    } catch (DriverException e) {
      throw new BackendException(
          backend.name() + ": capture: the step could not be recorded, got " + e.getMessage(), e);
    }
  }

  /** What the step did not make, and freed, would be there for its first replay only, if at all. */
  private void requireOutsideOpen() {
    for (DeviceBuffer buffer : used) {
      if (!buffer.open() && !made.contains(buffer)) {
        throw new BackendException(
            backend.name()
                + ": capture: the step freed a tensor that was there before it and that it uses, got one of "
                + buffer.type()
                + "; write the new values over the old ones, or free it outside the step");
      }
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
            backend.name() + ": replay: the step was closed, got a replay; capture it again");
      }
      backend.requireReplayable(outside, faulting);
      try {
        stream.launch(graph);
      } catch (DriverException e) {
        throw new BackendException(
            backend.name() + ": replay: the step could not be queued, got " + e.getMessage(), e);
      }
      queue.replayed(launches);
      backend.replayed();
    }

    @Override
    public void close() {
      if (!closed && !backend.closed()) {
        closed = true;
        graph.close();
        allocator.dissolve(pool);
      }
    }
  }
}
