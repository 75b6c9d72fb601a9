package dev.tandem.train;

/**
 * Follows a run: progress bars, logs and files are listeners. Called on the thread that trains, in the order in which they
 * were added; what one throws ends the run.
 */
public interface TrainingListener {
  /** An epoch begins, or goes on after a resume. @param epoch from 1 @param batches how many it has in all */
  default void started(int epoch, int batches) {}

  /**
   * Whether {@link #step} would look at the gradients of this step, which is then not captured, unless the backend holds more than
   * 2 GiB already: see {@link Trainer#capture}. Asked before each step.
   *
   * @param epoch from 1 @param batch from 1, of so many batches
   */
  default boolean wantsGradients(int epoch, int batch, int batches) {
    return false;
  }

  /** A step is done; gradients are still there to be looked at, unless it was captured: see {@link #wantsGradients}. */
  default void step(StepReport report) {}

  /** An epoch is done and validated. */
  default void epoch(EpochReport report) {}

  /** The run has ended, and the model has the weights it will keep. */
  default void stopped(Outcome outcome) {}
}
