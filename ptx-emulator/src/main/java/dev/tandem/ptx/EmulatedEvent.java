package dev.tandem.ptx;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Event;
import java.util.Set;

/** An event of the software GPU. Its times are the host's. */
final class EmulatedEvent implements Event {
  /** A place in a stream: reached when so many pieces of its work are done. */
  record Mark(EmulatedStream stream, long ticket) {
    boolean reached() {
      return stream.finished() >= ticket;
    }
  }

  private final EmulatedGpu gpu;
  private final boolean timing;
  private Mark mark;
  private Capture capture;
  private Set<Capture.Node> captured = Set.of();
  private long nanos;
  private boolean closed;

  EmulatedEvent(EmulatedGpu gpu, boolean timing) {
    this.gpu = gpu;
    this.timing = timing;
  }

  /** It marks this place from now on. */
  void mark(Mark place) {
    mark = place;
    capture = null;
    captured = Set.of();
  }

  /** It marks a place in a capture from now on. */
  void mark(Capture of, Set<Capture.Node> after) {
    mark = null;
    capture = of;
    captured = after;
  }

  Mark mark() {
    return mark;
  }

  Capture capture() {
    return capture;
  }

  Set<Capture.Node> captured() {
    return captured;
  }

  /** The place was reached just now. */
  void reached() {
    nanos = System.nanoTime();
  }

  void checkOpen(String operation) {
    gpu.check(operation);
    if (closed) {
      throw new DriverException(
          operation, DriverError.CUDA_ERROR_INVALID_HANDLE, "the event is closed");
    }
  }

  @Override
  public boolean done() {
    synchronized (gpu) {
      checkWaitable("cuEventQuery");
      if (mark != null && !mark.reached()) {
        mark.stream().step();
        gpu.report("cuEventQuery");
      }
      return mark == null || mark.reached();
    }
  }

  @Override
  public void synchronize() {
    synchronized (gpu) {
      checkWaitable("cuEventSynchronize");
      if (mark != null) {
        mark.stream().runUntil(mark.ticket());
      }
      gpu.report("cuEventSynchronize");
    }
  }

  @Override
  public double millisSince(Event start) {
    synchronized (gpu) {
      EmulatedEvent from = (EmulatedEvent) start;
      for (EmulatedEvent event : new EmulatedEvent[] {from, this}) {
        event.checkWaitable("cuEventElapsedTime");
        if (!event.timing || event.mark == null) {
          throw new DriverException(
              "cuEventElapsedTime",
              DriverError.CUDA_ERROR_INVALID_HANDLE,
              event.timing ? "an event was never recorded" : "an event was made without timing");
        }
        if (!event.mark.reached()) {
          throw new DriverException(
              "cuEventElapsedTime",
              DriverError.CUDA_ERROR_NOT_READY,
              "synchronise with both events first");
        }
      }
      return (nanos - from.nanos) / 1e6;
    }
  }

  private void checkWaitable(String operation) {
    checkOpen(operation);
    if (capture != null) {
      capture.invalidate();
      throw new DriverException(operation, DriverError.CUDA_ERROR_CAPTURED_EVENT, "");
    }
  }

  @Override
  public void close() {
    synchronized (gpu) {
      closed = true;
    }
  }
}
