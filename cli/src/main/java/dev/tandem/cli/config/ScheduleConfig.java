package dev.tandem.cli.config;

/** How the learning rate changes. Lengths are in epochs, and may be parts of one. */
@Choice("schedule")
public sealed interface ScheduleConfig {
  /** Epochs in which the rate grows in a straight line to what the schedule says. */
  double warmup();

  @Named("always the optimizer's rate")
  record Constant(
      @Setting(value = "epochs of linear growth at first", otherwise = "0", min = 0) double warmup)
      implements ScheduleConfig {}

  @Named(
      value = "times a factor every so many epochs",
      mistaken = {"step_decay", "step_lr"})
  record Step(
      @Setting(value = "epochs", example = "10", above = 0) double every,
      @Setting(value = "the factor", otherwise = "0.1", above = 0, mistaken = "gamma")
          double factor,
      @Setting(value = "epochs of linear growth at first", otherwise = "0", min = 0) double warmup)
      implements ScheduleConfig {}

  @Named(
      value = "half a cosine, from the rate to a share of it at the end",
      mistaken = "cosine_annealing")
  record Cosine(
      @Setting(
              value = "the rate at the end, as a share of the optimizer's",
              otherwise = "0",
              min = 0,
              max = 1)
          double end,
      @Setting(value = "epochs of linear growth at first", otherwise = "0", min = 0) double warmup)
      implements ScheduleConfig {}

  @Named("up to the optimizer's rate and down again; Smith and Topin 2017")
  record OneCycle(
      @Setting(
              value = "share of all steps in which the rate grows",
              otherwise = "0.3",
              above = 0,
              below = 1)
          double rise,
      @Setting(
              value = "the rate at first is the optimizer's divided by this",
              otherwise = "25",
              min = 1)
          double startDivisor,
      @Setting(
              value = "the rate at the end is that at first divided by this",
              otherwise = "10000",
              min = 1)
          double endDivisor)
      implements ScheduleConfig {
    @Override
    public double warmup() {
      return 0;
    }
  }

  @Named(
      value = "times a factor when the validation loss no longer falls",
      mistaken = "reduce_on_plateau")
  record Plateau(
      @Setting(value = "the factor", otherwise = "0.1", above = 0, below = 1) double factor,
      @Setting(value = "epochs without a better loss that are waited", otherwise = "10", min = 0)
          int patience,
      @Setting(value = "epochs of linear growth at first", otherwise = "0", min = 0) double warmup)
      implements ScheduleConfig {}
}
