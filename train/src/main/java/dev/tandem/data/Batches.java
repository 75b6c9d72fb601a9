package dev.tandem.data;

import java.util.Iterator;

/**
 * One pass over a loader's batches, for one consumer thread. Close it: a pass left half way may have a
 * thread that makes batches ahead. Exceptions raised there reach the consumer from hasNext or next.
 * After close there is no next batch.
 */
public interface Batches extends Iterator<Batch>, Iterable<Batch>, AutoCloseable {
  /** This pass itself, so that it fits a for loop; it cannot start over. */
  @Override
  default Iterator<Batch> iterator() {
    return this;
  }

  /**
   * Stops the pass and its thread, if any, and waits for that thread to end. Does nothing the second
   * time.
   */
  @Override
  void close();
}
