package dev.tandem.train;

/**
 * Follows a run: progress bars, logs and files are listeners. Called on the thread that trains, in the order in which they
 * were added; what one throws ends the run.
 */
public interface TrainingListener {
  /** An epoch begins, or goes on after a resume. @param epoch from 1 @param batches how many it has in all */
  default void started(int epoch, int batches) {}

  /** A step is done; gradients are still there to be looked at, unless it was captured: see {@link Trainer#capture}. */
  default void step(StepReport report) {}

  /** An epoch is done and validated. */
  default void epoch(EpochReport report) {}

  /** The run has ended, and the model has the weights it will keep. */
  default void stopped(Outcome outcome) {}
}
