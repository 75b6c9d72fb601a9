package dev.tandem.cuda.driver;

/**
 * A place in a stream's work. One never recorded counts as reached; one recorded in a capture can be awaited by streams until
 * the capture ends, and by nobody else.
 */
public interface Event extends AutoCloseable {
  /** Whether what was queued before it is done. Does not wait. */
  boolean done();

  /** Waits until the place it marked last has been reached. */
  void synchronize();

  /** Milliseconds between two recorded events that have been reached, from the other to this one. Both with timing. */
  double millisSince(Event start);

  @Override
  void close();
}
