package dev.tandem.cuda.driver;

import java.util.concurrent.atomic.AtomicBoolean;

/** Something that lives in a context: usable until it or the context is closed, and closed once. */
abstract class JcudaResource implements AutoCloseable {
  /** When a context that closes closes the kinds of what is left in it, first to last. */
  enum Turn {
    EXECUTABLE_GRAPH,
    GRAPH,
    EVENT,
    /** Before the streams in whose order it is freed. */
    ORDERED_MEMORY,
    STREAM,
    MEMORY,
    PINNED_MEMORY,
    MODULE
  }

  private final JcudaContext context;
  private final Turn turn;
  private final String what;
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * @param what it is, for the error of a use after closing
   */
  JcudaResource(JcudaContext context, Turn turn, String what) {
    this.context = context;
    this.turn = turn;
    this.what = what;
  }

  final JcudaContext context() {
    return context;
  }

  final Turn turn() {
    return turn;
  }

  final boolean closed() {
    return closed.get();
  }

  /**
   * Before every use: the driver follows a handle without asking whether it is one, so a closed one must not reach it.
   *
   * @param operation the call that follows
   */
  final void enter(String operation) {
    requireOpen(operation);
    context.enter();
  }

  final void requireOpen(String operation) {
    if (closed.get()) {
      throw Calls.closed(operation, what);
    }
  }

  /** That a resource belongs here before its handle is passed to the driver along with this one's. */
  final void requireSameContext(String operation, JcudaResource other) {
    if (!other.context.same(context)) {
      throw Calls.invalid(
          operation, "the " + other.what + " is of another device; use one of " + context.device());
    }
    other.requireOpen(operation);
  }

  @Override
  public void close() {
    if (!closed.getAndSet(true)) {
      try {
        context.enter();
        free();
      } catch (DriverException e) {
        if (survives(e.error())) {
          closed.set(false);
          throw e;
        }
        context.forget(this);
        throw e;
      }
      context.forget(this);
    }
  }

  /** Whether a refusal to free left it as it was, to be closed again when nothing stands in the way. */
  boolean survives(DriverError refusal) {
    return refusal == DriverError.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED
        || refusal == DriverError.CUDA_ERROR_ILLEGAL_STATE;
  }

  /** Gives it back to the driver, in its context. */
  abstract void free();
}
