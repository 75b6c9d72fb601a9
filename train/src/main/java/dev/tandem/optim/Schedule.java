package dev.tandem.optim;

/**
 * The learning rate as a function of time. Time is counted from 0 in whatever the caller steps
 * by, updates or epochs, and is the number of those already done. A schedule has no memory of its
 * own but for {@link ReduceOnPlateau}, so a resumed run asks for the same numbers. Each is the
 * torch.optim.lr_scheduler of its javadoc.
 */
public interface Schedule {
  /**
   * The rate of the step to come.
   *
   * @param step steps already done
   * @param base the learning rate of the config
   */
  double at(long step, double base);

  /** Always base. */
  record Constant() implements Schedule {
    @Override
    public double at(long step, double base) {
      return base;
    }
  }

  /** base * factor^floor(step / every): StepLR. */
  record StepDecay(long every, double factor) implements Schedule {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public StepDecay {
      positive("step_decay", "every", every);
      if (!(factor > 0) || Double.isInfinite(factor)) {
        throw new IllegalArgumentException(
            "step_decay: the factor must be positive and finite, got " + factor + "; 0.1 is usual");
      }
    }

    @Override
    public double at(long step, double base) {
      return base * StrictMath.pow(factor, Math.floorDiv(step, every));
    }
  }

  /**
   * From base down to minimum along half a cosine, in so many steps; then minimum.
   * CosineAnnealingLR, which would rise again afterwards. Loshchilov and Hutter 2016,
   * arXiv:1608.03983, equation 5.
   */
  record Cosine(long steps, double minimum) implements Schedule {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public Cosine {
      positive("cosine", "steps", steps);
      notNegative("cosine", "the minimum", minimum);
    }

    @Override
    public double at(long step, double base) {
      return step >= steps ? minimum : along(base, minimum, (double) step / steps);
    }
  }

  /**
   * A straight line from start * base to base in so many steps, then another schedule, whose time
   * begins there. LinearLR followed by the other in a SequentialLR.
   *
   * @param start the share of base to begin with, in [0, 1]; with 0 the first step moves nothing
   */
  record LinearWarmup(long steps, double start, Schedule then) implements Schedule {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public LinearWarmup {
      positive("linear_warmup", "steps", steps);
      if (!(start >= 0 && start <= 1)) {
        throw new IllegalArgumentException(
            "linear_warmup: the start must lie in [0, 1], got "
                + start
                + "; it is a share of the learning rate");
      }
    }

    @Override
    public double at(long step, double base) {
      return step < steps
          ? base * (start + (1 - start) * step / steps)
          : then.at(step - steps, base);
    }
  }

  /**
   * One rise from base / divisor to base and one longer fall to base / divisor / finalDivisor,
   * both along half a cosine; then that. OneCycleLR with max_lr = base. Smith and Topin 2017,
   * arXiv:1708.07120.
   *
   * @param steps of the whole cycle; the last of them has the lowest rate
   * @param rise the share of the steps in which the rate rises, in (0, 1)
   */
  record OneCycle(long steps, double rise, double divisor, double finalDivisor)
      implements Schedule {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public OneCycle {
      positive("one_cycle", "steps", steps);
      if (!(rise > 0 && rise < 1)) {
        throw new IllegalArgumentException(
            "one_cycle: the rise must lie in (0, 1), got " + rise + "; 0.3 is usual");
      }
      if (!(divisor >= 1 && finalDivisor >= 1)) {
        throw new IllegalArgumentException(
            "one_cycle: divisors must be at least 1, got "
                + divisor
                + " and "
                + finalDivisor
                + "; 25 and 10000 are usual");
      }
    }

    /** PyTorch's defaults: 30 % rise, from a 25th, to a 10000th of that. */
    public static OneCycle standard(long steps) {
      return new OneCycle(steps, 0.3, 25, 1e4);
    }

    @Override
    public double at(long step, double base) {
      double first = base / divisor;
      double last = first / finalDivisor;
      double peak = rise * steps - 1;
      double end = steps - 1.0;
      if (step >= end) {
        return last;
      }
      return step < peak
          ? along(first, base, step / peak)
          : along(base, last, (step - peak) / (end - peak));
    }
  }

  /** A point on half a cosine from one value, at share 0, to another, at share 1. */
  private static double along(double from, double to, double share) {
    return to + (from - to) / 2 * (1 + StrictMath.cos(Math.PI * share));
  }

  private static void positive(String schedule, String what, long number) {
    if (number < 1) {
      throw new IllegalArgumentException(
          schedule
              + ": "
              + what
              + " must be at least 1, got "
              + number
              + "; count in the caller's steps");
    }
  }

  private static void notNegative(String schedule, String what, double number) {
    if (!(number >= 0) || Double.isInfinite(number)) {
      throw new IllegalArgumentException(
          schedule
              + ": "
              + what
              + " must be finite and not negative, got "
              + number
              + "; 0 is usual");
    }
  }
}
