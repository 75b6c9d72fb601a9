package dev.tandem.ptx;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;

/** Something of the software GPU that lives in a context: usable until it or the context is closed, and closed once. */
abstract class EmulatedResource implements AutoCloseable {
  /** When a context that closes closes the kinds of what is left in it, first to last. */
  enum Turn {
    EXECUTABLE_GRAPH,
    GRAPH,
    EVENT,
    STREAM,
    MEMORY,
    PINNED_MEMORY,
    MODULE
  }

  private final EmulatedContext context;
  private final Turn turn;
  private final String what;
  private boolean closed;

  /**
   * @param what it is, for the error of a use after closing
   */
  EmulatedResource(EmulatedContext context, Turn turn, String what) {
    this.context = context;
    this.turn = turn;
    this.what = what;
    context.own(this);
  }

  final EmulatedContext context() {
    return context;
  }

  final EmulatedGpu gpu() {
    return context.gpu();
  }

  final Turn turn() {
    return turn;
  }

  final boolean closed() {
    return closed;
  }

  /** Before every use, under the device's monitor. */
  final void checkOpen(String operation) {
    if (closed) {
      throw new DriverException(
          operation, DriverError.CUDA_ERROR_INVALID_HANDLE, "the " + what + " was closed before");
    }
    gpu().check(operation);
  }

  /** What a caller handed in, if it is of this kind and of this device. */
  static <T extends EmulatedResource> T of(
      EmulatedGpu gpu, String operation, Class<T> kind, Object given) {
    if (kind.isInstance(given) && kind.cast(given).gpu() == gpu) {
      return kind.cast(given);
    }
    throw foreign(operation, given);
  }

  static DriverException foreign(String operation, Object given) {
    return new DriverException(
        operation,
        DriverError.CUDA_ERROR_INVALID_VALUE,
        "got "
            + (given == null ? "null" : "one of another driver")
            + "; pass one that this driver has made");
  }

  /** From here on it counts as closed. */
  final void markClosed() {
    closed = true;
    context.forget(this);
  }

  /**
   * A call that is refused during a capture leaves it open, to be closed afterwards. Where the context is lost, and a call has
   * said so, nothing is thrown: an exception on its way to the caller shall not be buried under others.
   */
  @Override
  public final void close() {
    synchronized (gpu()) {
      if (closed) {
        return;
      }
      boolean told = gpu().lossTold();
      try {
        end();
      } catch (DriverException e) {
        if (gpu().broken()) {
          markClosed();
        }
        if (!told) {
          throw e;
        }
      }
    }
  }

  /** Ends it, and marks it as closed where nothing refuses that. */
  abstract void end();
}
