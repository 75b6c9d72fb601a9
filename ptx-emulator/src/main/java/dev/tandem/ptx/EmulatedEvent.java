package dev.tandem.ptx;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Event;
import java.util.Set;

/** An event of the software GPU. Its times are the host's. */
final class EmulatedEvent extends EmulatedResource implements Event {
  /** A place in a stream: reached when so many pieces of its work are done. */
  static final class Mark {
    private final EmulatedStream stream;
    private final long ticket;
    private long nanos;

    Mark(EmulatedStream stream, long ticket) {
      this.stream = stream;
      this.ticket = ticket;
    }

    boolean reached() {
      return stream.finished() >= ticket;
    }

    /** Does the stream's work up to here. */
    void run() {
      stream.runUntil(ticket);
    }

    /** It is being reached now. */
    void pass() {
      nanos = System.nanoTime();
    }
  }

  private final boolean timing;
  private Mark mark;
  private Capture capture;
  private Set<Capture.Node> captured = Set.of();

  EmulatedEvent(EmulatedContext context, boolean timing) {
    super(context, Turn.EVENT, "event");
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

  @Override
  public boolean done() {
    synchronized (gpu()) {
      checkWaitable("cuEventQuery");
      gpu().refuseDuringCapture("cuEventQuery");
      if (mark != null && !mark.reached()) {
        mark.stream.step();
        gpu().report("cuEventQuery");
      }
      return mark == null || mark.reached();
    }
  }

  @Override
  public void synchronize() {
    synchronized (gpu()) {
      checkWaitable("cuEventSynchronize");
      gpu().refuseDuringCapture("cuEventSynchronize");
      if (mark != null) {
        mark.run();
      }
      gpu().pool().synchronised();
      gpu().report("cuEventSynchronize");
    }
  }

  @Override
  public double millisSince(Event start) {
    synchronized (gpu()) {
      String operation = "cuEventElapsedTime";
      EmulatedEvent from = of(gpu(), operation, EmulatedEvent.class, start);
      for (EmulatedEvent event : new EmulatedEvent[] {from, this}) {
        event.checkWaitable(operation);
        if (!event.timing || event.mark == null) {
          throw new DriverException(
              operation,
              DriverError.CUDA_ERROR_INVALID_HANDLE,
              event.timing
                  ? "an event was never recorded; record both"
                  : "an event without timing has no time; make both with timing");
        }
        if (!event.mark.reached()) {
          throw new DriverException(
              operation, DriverError.CUDA_ERROR_NOT_READY, "synchronise with both events first");
        }
      }
      return (mark.nanos - from.mark.nanos) / 1e6;
    }
  }

  private void checkWaitable(String operation) {
    checkOpen(operation);
    if (capture != null) {
      capture.invalidate();
      throw new DriverException(
          operation,
          DriverError.CUDA_ERROR_CAPTURED_EVENT,
          "record it outside a capture to wait for it");
    }
  }

  @Override
  void end() {
    markClosed();
  }
}
