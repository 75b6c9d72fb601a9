package dev.tandem.train;

/**
 * Why learning broke down: the first thing, in the order in which a step computes, that was not a finite number.
 *
 * @param epoch from 1
 * @param step from 1, all epochs together: the first whose loss or gradient was not finite
 * @param what was found
 * @param name of the parameter or buffer; of the data set for inputs, targets and validation; of the loss function otherwise
 * @param message one sentence for people, with a remedy
 */
public record Divergence(int epoch, long step, What what, String name, String message) {
  /** Where the first number that is not finite was found. */
  public enum What {
    /** A number of the batch's inputs. */
    INPUTS,
    /** A number of the batch's targets. */
    TARGETS,
    /** A weight. */
    PARAMETER,
    /** A running statistic. */
    BUFFER,
    /** A gradient. */
    GRADIENT,
    /** The training loss. */
    LOSS,
    /** The validation loss. */
    VALIDATION
  }
}
