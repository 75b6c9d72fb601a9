package dev.tandem.backend;

/** The work of a step, recorded once, to be queued again as a whole with next to no cost on the host. */
public interface CapturedStep extends AutoCloseable {
  /** Queues the step once more, on the memory it was recorded with. */
  void replay();

  /** Gives back the memory that was the step's own. Closing twice has no effect. */
  @Override
  void close();
}
