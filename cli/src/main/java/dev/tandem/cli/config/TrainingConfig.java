package dev.tandem.cli.config;

import java.util.Optional;

/** How long, and in what portions. */
public record TrainingConfig(
    @Setting(
            value =
                "weights change after each batch (mini-batch), each sample (online) or each epoch (full-batch)",
            otherwise = "mini-batch")
        Mode mode,
    @Setting(
            value = "samples a batch, in mode mini-batch",
            otherwise = "32",
            min = 1,
            mistaken = "batch_size")
        int batch,
    @Setting(
            value =
                "samples that go through the network at a time; the gradients of a batch's parts add up; default: the whole batch",
            example = "8",
            min = 1,
            mistaken = {"microbatch", "accumulate", "gradient_accumulation"})
        Optional<Integer> microBatch,
    @Setting(
            value =
                "what of a batch's losses is made small: their mean, or their sum, which grows with the batch",
            otherwise = "mean")
        Reduction reduction,
    @Setting(
            value =
                "what weight_decay is for: all parameters, or matrices, which leaves out biases and the weights of norms",
            otherwise = "all")
        Decay decay,
    @Setting(
            value = "how bf16 and f16 weights follow their masters: to-nearest or stochastic",
            otherwise = "to-nearest")
        Rounding rounding,
    @Setting(
            value = "leave out the last batch of an epoch where it is smaller than the others",
            otherwise = "false")
        boolean dropLast,
    @Setting(
            value = "passes over the training samples, at most",
            otherwise = "10",
            min = 1,
            max = 1_000_000,
            mistaken = "max_epochs")
        int epochs,
    @Setting(
            value =
                "updates an epoch, at most; the next has an order of its own; default: as the data have",
            example = "200",
            min = 1,
            mistaken = {"steps", "steps_per_epoch", "max_steps"})
        Optional<Integer> epochSteps,
    @Setting(value = "when to stop earlier", mistaken = "early_stopping") StopConfig stop) {

  /** When weights change. */
  public enum Mode {
    ONLINE,
    MINI_BATCH,
    FULL_BATCH
  }

  /** Which parameters decay. */
  public enum Decay {
    ALL,
    MATRICES
  }

  /** How numbers are brought to fewer digits. */
  public enum Rounding {
    TO_NEAREST,
    STOCHASTIC
  }

  /** A batch's losses as one number. */
  public enum Reduction {
    MEAN,
    SUM
  }

  /** When to stop before the last epoch. The validation loss counts, or the training loss where there is none. */
  public record StopConfig(
      @Setting(value = "stop when the loss is below") Optional<Double> targetLoss,
      @Setting(
              value =
                  "stop after so many epochs without a better loss, and take the best weights; 0: never",
              otherwise = "0",
              min = 0)
          int patience,
      @Setting(value = "by how much a loss must be better", otherwise = "0", min = 0)
          double minDelta,
      @Setting(value = "stop when the gradient's norm is below", above = 0)
          Optional<Double> gradientNorm) {}
}
