package dev.tandem.train;

import java.util.Optional;

/**
 * How a run ended.
 *
 * @param restored the epoch whose weights the model now has, where early stopping brought back the best; empty where it has
 *     the last ones
 * @param divergence present for {@link Reason#DIVERGED}
 */
public record Outcome(
    Reason reason, History history, Optional<Integer> restored, Optional<Divergence> divergence) {
  /** Why a run ended. */
  public enum Reason {
    /** As many epochs as asked for. */
    MAX_EPOCHS,
    /** The monitored loss is at or below the target. */
    TARGET_LOSS,
    /** The monitored loss has not improved for as many epochs as patience allows. */
    NO_IMPROVEMENT,
    /** The gradient norm is below the bound: a minimum, or a plateau, is reached. */
    GRADIENT_NORM,
    /** Somebody asked to stop; a checkpoint goes on from here. */
    INTERRUPTED,
    /** The loss or a gradient is not a finite number. */
    DIVERGED
  }

  /** One sentence for people. */
  public String message() {
    int epochs = history.epochs().size();
    double loss = history.last().map(EpochReport::monitoredLoss).orElse(Double.NaN);
    String after = " after epoch " + epochs;
    String sentence =
        switch (reason) {
          case MAX_EPOCHS -> "trained for all " + epochs + (epochs == 1 ? " epoch" : " epochs");
          case TARGET_LOSS -> "reached the target loss" + after + " with " + loss;
          case NO_IMPROVEMENT -> "stopped" + after + ", for the loss no longer improved";
          case GRADIENT_NORM ->
              "converged"
                  + after
                  + ": the gradient norm fell to "
                  + history.last().map(EpochReport::gradientNorm).orElse(Double.NaN);
          case INTERRUPTED ->
              "interrupted after "
                  + epochs
                  + (epochs == 1 ? " finished epoch" : " finished epochs");
          case DIVERGED -> divergence.map(Divergence::message).orElse("diverged");
        };
    return sentence
        + restored.map(epoch -> "; kept the weights of epoch " + epoch + ", the best").orElse("");
  }
}
