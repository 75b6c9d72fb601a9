package dev.tandem.train;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * When learning has converged, or has gone on for long enough. Looked at after every epoch; the first rule that holds, in
 * the order target loss, gradient norm, patience, epochs, is the reason. The monitored loss is the validation loss, or
 * the training loss where nothing is validated on.
 *
 * @param maxEpochs epochs in all, those before a resumed checkpoint included
 * @param targetLoss enough: a monitored loss of at most this
 * @param patience early stopping: give up after so many epochs in a row without improvement, and restore the weights of the
 *     best one; 0 is off. Prechelt 1998, "Early Stopping - But When?"
 * @param minDelta how far the monitored loss must fall below the best one to count as improvement
 * @param gradientNormBelow at a minimum gradients vanish: stop when the epoch's mean over its steps of the global norm,
 *     taken before clipping, is below this. In {@link BatchMode#FULL_BATCH} that is the norm of the loss's gradient, with
 *     smaller batches it is larger, for their gradients differ even at the minimum
 */
public record Stopping(
    int maxEpochs,
    OptionalDouble targetLoss,
    int patience,
    double minDelta,
    OptionalDouble gradientNormBelow) {

  /** Throws IllegalArgumentException for settings that could never hold, or always do. */
  public Stopping {
    if (maxEpochs < 1) {
      throw new IllegalArgumentException(
          "stopping: max epochs must be at least 1, got " + maxEpochs + "; 10 is a start");
    }
    if (patience < 0) {
      throw new IllegalArgumentException(
          "stopping: patience must not be negative, got " + patience + "; 0 turns it off");
    }
    if (!(minDelta >= 0)) {
      throw new IllegalArgumentException(
          "stopping: min delta must not be negative, got " + minDelta + "; 0 is usual");
    }
    if (targetLoss.isPresent() && Double.isNaN(targetLoss.getAsDouble())) {
      throw new IllegalArgumentException(
          "stopping: the target loss must be a number, got NaN; leave it out for none");
    }
    if (gradientNormBelow.isPresent() && !(gradientNormBelow.getAsDouble() > 0)) {
      throw new IllegalArgumentException(
          "stopping: the gradient norm to fall below must be positive, got "
              + gradientNormBelow.getAsDouble()
              + "; 1e-4 is a start");
    }
  }

  /** After so many epochs, and for no other reason. */
  public static Stopping afterEpochs(int maxEpochs) {
    return new Stopping(maxEpochs, OptionalDouble.empty(), 0, 0, OptionalDouble.empty());
  }

  /** The same, ending also at a monitored loss of at most this. */
  public Stopping withTargetLoss(double loss) {
    return new Stopping(maxEpochs, OptionalDouble.of(loss), patience, minDelta, gradientNormBelow);
  }

  /** The same, ending also after so many epochs in a row without an improvement by delta. */
  public Stopping withPatience(int epochs, double delta) {
    return new Stopping(maxEpochs, targetLoss, epochs, delta, gradientNormBelow);
  }

  /** The same, ending also when an epoch's mean gradient norm is below this. */
  public Stopping withGradientNormBelow(double norm) {
    return new Stopping(maxEpochs, targetLoss, patience, minDelta, OptionalDouble.of(norm));
  }

  /** Why to stop now; empty within an epoch, and before the first has ended. */
  Optional<Outcome.Reason> verdict(Progress progress) {
    EpochReport last = progress.history.last().orElse(null);
    if (last == null || progress.batch > 0) {
      return Optional.empty();
    }
    if (targetLoss.isPresent() && last.monitoredLoss() <= targetLoss.getAsDouble()) {
      return Optional.of(Outcome.Reason.TARGET_LOSS);
    }
    if (gradientNormBelow.isPresent() && last.gradientNorm() < gradientNormBelow.getAsDouble()) {
      return Optional.of(Outcome.Reason.GRADIENT_NORM);
    }
    if (patience > 0 && progress.epochsSinceBest >= patience) {
      return Optional.of(Outcome.Reason.NO_IMPROVEMENT);
    }
    return progress.epoch >= maxEpochs ? Optional.of(Outcome.Reason.MAX_EPOCHS) : Optional.empty();
  }
}
