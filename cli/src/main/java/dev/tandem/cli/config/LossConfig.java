package dev.tandem.cli.config;

/** What is made small: the mean over a batch, by each sample or each predicted number. */
@Choice("loss")
public sealed interface LossConfig {
  @Named(
      value = "-ln of the target class' probability, after softmax",
      mistaken = {"softmax", "nll", "categorical_crossentropy"})
  record CrossEntropy(
      @Setting(
              value = "label smoothing",
              otherwise = "0",
              min = 0,
              max = 1,
              mistaken = "label_smoothing")
          double smoothing)
      implements LossConfig {}

  @Named(
      value = "-ln of the probability of targets 0 or 1, after sigmoid",
      mistaken = {"bce", "bce_with_logits"})
  record BinaryCrossEntropy() implements LossConfig {}

  @Named(
      value = "(p - t)^2",
      mistaken = {"mse", "mean_squared_error", "l2"})
  record SquaredError() implements LossConfig {}

  @Named(
      value = "|p - t|",
      mistaken = {"mae", "mean_absolute_error", "l1"})
  record AbsoluteError() implements LossConfig {}

  @Named(value = "squared near 0, absolute beyond delta", mistaken = "smooth_l1")
  record Huber(@Setting(value = "where it turns absolute", otherwise = "1", above = 0) double delta)
      implements LossConfig {}

  @Named("how far scores are from a margin of 1: of classes, or of targets -1 and 1")
  record Hinge() implements LossConfig {}

  @Named(
      value = "divergence of target probabilities from the softmax of the prediction",
      mistaken = "kl_div")
  record KlDivergence() implements LossConfig {}

  @Named("p - t, for teaching only: wrong, for it rewards undershoot without end")
  record SignedDifference() implements LossConfig {}
}
