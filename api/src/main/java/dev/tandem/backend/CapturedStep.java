package dev.tandem.backend;

/** The work of a step, recorded once, to be queued again as a whole with next to no cost on the host. */
public interface CapturedStep extends AutoCloseable {
  /**
   * Whether it can be replayed. A backend that has no memory left for others gives captured steps up: what they can do, the
   * step called as it is can do too.
   */
  boolean ready();

  /** Queues the step once more, on the memory it was recorded with. @throws BackendException where it is not ready */
  void replay();

  /** Gives back the memory that was the step's own. Closing twice has no effect. */
  @Override
  void close();
}
