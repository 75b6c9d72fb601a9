package dev.tandem.train;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What an epoch came to.
 *
 * @param epoch from 1
 * @param steps updates so far, all epochs together
 * @param trainLoss the mean over the epoch's samples, each as the model was when it met it
 * @param trainAccuracy of the same predictions; absent for regression and for next tokens, of which only the validation tells it
 * @param validation after the epoch; absent without validation data
 * @param learningRate of the epoch's last step
 * @param gradientNorm the mean over the steps of the global norm before clipping
 * @param best whether the monitored loss fell below the best one before by more than {@link Stopping#minDelta}
 */
public record EpochReport(
    int epoch,
    long steps,
    double trainLoss,
    OptionalDouble trainAccuracy,
    Optional<Metrics> validation,
    double learningRate,
    double gradientNorm,
    boolean best,
    Timing timing) {

  /** What stopping rules and schedules look at: the validation loss, or the training loss where there is none. */
  public double monitoredLoss() {
    return validation.map(Metrics::loss).orElse(trainLoss);
  }
}
