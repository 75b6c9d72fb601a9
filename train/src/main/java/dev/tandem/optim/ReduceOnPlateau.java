package dev.tandem.optim;

/**
 * Multiplies the rate by a factor when a metric that should fall, such as the validation loss,
 * has not done so for more than patience observations: torch.optim.lr_scheduler.ReduceLROnPlateau
 * with mode min and a relative threshold. Its memory is a {@link State}, for checkpoints.
 */
public final class ReduceOnPlateau implements Schedule {
  /** A reduction by no more than this is left out, as in PyTorch: lower rates change nothing. */
  private static final double SMALLEST_REDUCTION = 1e-8;

  private final Options options;
  private State state = new State(Double.POSITIVE_INFINITY, 0, 0, 0);

  /**
   * @param factor of each reduction, in (0, 1)
   * @param patience how many observations without improvement are let pass
   * @param threshold an improvement is a metric below best * (1 - threshold)
   * @param cooldown how many observations after a reduction do not count as bad
   * @param minimum the rate that is not gone below
   */
  public record Options(
      double factor, int patience, double threshold, int cooldown, double minimum) {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public Options {
      if (!(factor > 0 && factor < 1)) {
        throw new IllegalArgumentException(
            "reduce_on_plateau: the factor must lie in (0, 1), got " + factor + "; 0.1 is usual");
      }
      if (patience < 0 || cooldown < 0 || !(threshold >= 0) || !(minimum >= 0)) {
        throw new IllegalArgumentException(
            "reduce_on_plateau: a setting is negative, got patience "
                + patience
                + ", threshold "
                + threshold
                + ", cooldown "
                + cooldown
                + ", minimum "
                + minimum
                + "; 10, 1e-4, 0 and 0 are usual");
      }
    }

    /** PyTorch's defaults: 0.1, 10, 1e-4, 0, 0. */
    public static Options standard() {
      return new Options(0.1, 10, 1e-4, 0, 0);
    }
  }

  /**
   * What has been seen so far.
   *
   * @param best the lowest metric; infinite before the first
   * @param bad observations without improvement since the last one with, or since the last
   *     reduction
   * @param cooling observations that will not count as bad
   * @param reductions how often the rate was reduced
   */
  public record State(double best, int bad, int cooling, int reductions) {}

  /** At the base rate, nothing seen yet. */
  public ReduceOnPlateau(Options options) {
    this.options = options;
  }

  /** Takes in the metric of an epoch. NaN is no improvement. */
  public void observe(double metric) {
    boolean better = metric < state.best() * (1 - options.threshold());
    boolean cooling = state.cooling() > 0;
    int bad = better || cooling ? 0 : state.bad() + 1;
    boolean reduce = bad > options.patience();
    state =
        new State(
            better ? metric : state.best(),
            reduce ? 0 : bad,
            reduce ? options.cooldown() : Math.max(0, state.cooling() - 1),
            state.reductions() + (reduce ? 1 : 0));
  }

  /** The base rate after the reductions so far; time does not matter. */
  @Override
  public double at(long step, double base) {
    double rate = base;
    for (int i = 0; i < state.reductions(); i++) {
      double reduced = Math.max(rate * options.factor(), options.minimum());
      if (rate - reduced <= SMALLEST_REDUCTION) {
        break;
      }
      rate = reduced;
    }
    return rate;
  }

  /** What a checkpoint has to keep of it. */
  public State state() {
    return state;
  }

  /** Continues from a state that was saved. */
  public void restore(State saved) {
    state = saved;
  }
}
