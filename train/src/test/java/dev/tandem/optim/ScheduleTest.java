package dev.tandem.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The edges of schedules and rules. Their numbers are compared with PyTorch's where the golden
 * files are.
 */
class ScheduleTest {
  private static final double BASE = 0.1;

  @Test
  void constantIsConstant() {
    assertEquals(BASE, new Schedule.Constant().at(0, BASE));
    assertEquals(BASE, new Schedule.Constant().at(Long.MAX_VALUE, BASE));
  }

  @Test
  void whatEndsStaysAtItsEnd() {
    for (long late : new long[] {100, 101, 1L << 60}) {
      assertEquals(0.003, new Schedule.Cosine(100, 0.003).at(late, BASE));
      assertEquals(
          0.003, new Schedule.LinearWarmup(10, 0, new Schedule.Cosine(90, 0.003)).at(late, BASE));
      assertEquals(BASE / 25 / 1e4, Schedule.OneCycle.standard(100).at(late, BASE));
    }
  }

  @Test
  void warmupBeginsAtItsStartAndHandsOverAtTheBase() {
    Schedule schedule = new Schedule.LinearWarmup(4, 0, new Schedule.StepDecay(2, 0.5));
    double[] expected = {0, 0.025, 0.05, 0.075, 0.1, 0.1, 0.05, 0.05, 0.025};
    for (int step = 0; step < expected.length; step++) {
      assertEquals(expected[step], schedule.at(step, BASE), 1e-16, "step " + step);
    }
  }

  @Test
  void oneCycleRisesToTheBaseAndFalls() {
    Schedule schedule = new Schedule.OneCycle(100, 0.25, 10, 100);
    assertEquals(BASE / 10, schedule.at(0, BASE), 1e-17);
    assertEquals(BASE, schedule.at(24, BASE));
    assertEquals(BASE / 1000, schedule.at(99, BASE));
    for (int step = 1; step < 100; step++) {
      boolean rising = schedule.at(step, BASE) > schedule.at(step - 1, BASE);
      assertEquals(step <= 24, rising, "step " + step);
    }
  }

  /** A rise that ends with the first step has no length to divide by. */
  @Test
  void oneCycleOfAFewStepsIsFinite() {
    for (Schedule schedule :
        List.of(
            new Schedule.OneCycle(4, 0.25, 10, 100),
            Schedule.OneCycle.standard(1),
            Schedule.OneCycle.standard(2),
            Schedule.OneCycle.standard(3))) {
      for (int step = 0; step < 5; step++) {
        double rate = schedule.at(step, BASE);
        assertTrue(rate > 0 && rate <= BASE, schedule + " at " + step + ": " + rate);
      }
    }
    assertEquals(BASE, new Schedule.OneCycle(4, 0.25, 10, 100).at(0, BASE));
  }

  @Test
  void aScheduleOfOnesOwnIsAFunction() {
    Schedule inverse = (step, base) -> base / (1 + step);
    assertEquals(BASE / 4, new Schedule.LinearWarmup(2, 0.5, inverse).at(5, BASE));
  }

  @Test
  void plateausStartWithTheBaseAndIgnoreTime() {
    ReduceOnPlateau schedule = new ReduceOnPlateau(new ReduceOnPlateau.Options(0.5, 1, 0, 0, 0));
    assertEquals(BASE, schedule.at(1000, BASE));
    for (double metric : new double[] {1, 1, 1}) {
      schedule.observe(metric);
    }
    assertEquals(BASE / 2, schedule.at(0, BASE));
    assertEquals(new ReduceOnPlateau.State(1, 0, 0, 1), schedule.state());
  }

  @Test
  void impossibleSchedulesAreRefused() {
    assertRefused(
        "step_decay: every must be at least 1, got 0; count in the caller's steps",
        () -> new Schedule.StepDecay(0, 0.1));
    assertRefused(
        "step_decay: the factor must be positive and finite, got 0.0; 0.1 is usual",
        () -> new Schedule.StepDecay(1, 0));
    assertRefused(
        "cosine: steps must be at least 1, got 0; count in the caller's steps",
        () -> new Schedule.Cosine(0, 0));
    assertRefused(
        "cosine: the minimum must be finite and not negative, got -1.0; 0 is usual",
        () -> new Schedule.Cosine(10, -1));
    assertRefused(
        "linear_warmup: the start must lie in [0, 1], got 2.0; it is a share of the learning rate",
        () -> new Schedule.LinearWarmup(10, 2, new Schedule.Constant()));
    assertRefused(
        "one_cycle: the rise must lie in (0, 1), got 1.0; 0.3 is usual",
        () -> new Schedule.OneCycle(10, 1, 25, 1e4));
    assertRefused(
        "one_cycle: divisors must be at least 1, got 0.5 and 10000.0; 25 and 10000 are usual",
        () -> new Schedule.OneCycle(10, 0.3, 0.5, 1e4));
    assertRefused(
        "reduce_on_plateau: the factor must lie in (0, 1), got 1.0; 0.1 is usual",
        () -> new ReduceOnPlateau.Options(1, 10, 1e-4, 0, 0));
    assertRefused(
        "reduce_on_plateau: a setting is negative, got patience -1, threshold 1.0E-4, cooldown 0,"
            + " minimum 0.0; 10, 1e-4, 0 and 0 are usual",
        () -> new ReduceOnPlateau.Options(0.1, -1, 1e-4, 0, 0));
  }

  @Test
  void impossibleRulesAreRefused() {
    assertRefused(
        "sgd: weight decay must be finite and not negative, got -0.1; 0 means none",
        () -> new Rule.Sgd(-0.1));
    assertRefused(
        "momentum: momentum must lie in [0, 1), got 1.0; 0.9 and above average over more steps",
        () -> new Rule.Momentum(1, 0));
    assertRefused(
        "adam: beta2 must lie in [0, 1), got NaN; 0.9 and above average over more steps",
        () -> new Rule.Adam(0.9, Double.NaN, 1e-8, 0));
    assertRefused(
        "rms_prop: epsilon must be finite and not negative, got -1.0; 0 means none",
        () -> new Rule.RmsProp(0.99, -1, 0));
    assertRefused(
        "clip_by_value: the limit must be positive, got 0.0; leave clipping out to have none",
        () -> new Clipping.ByValue(0));
    assertRefused(
        "clip_by_global_norm: the limit must be positive, got NaN; leave clipping out to have none",
        () -> new Clipping.ByGlobalNorm(Double.NaN));
  }

  private static void assertRefused(String message, Runnable make) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, make::run).getMessage());
  }
}
