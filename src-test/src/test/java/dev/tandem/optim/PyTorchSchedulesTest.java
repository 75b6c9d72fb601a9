package dev.tandem.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.learning.GoldenNumbers;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Learning rates, step by step, are those of torch.optim.lr_scheduler. */
class PyTorchSchedulesTest {
  private static final double BASE = 0.1;

  /**
   * Relative. PyTorch multiplies its way from step to step, which loses a place now and then; here
   * each is a formula.
   */
  private static final double TOLERANCE = 1e-13;

  private final GoldenNumbers golden = new GoldenNumbers("schedules.txt");

  private void check(String name, Schedule schedule) {
    double[] expected = golden.get(name);
    for (int step = 0; step < expected.length; step++) {
      assertEquals(
          expected[step], schedule.at(step, BASE), BASE * TOLERANCE, name + " at step " + step);
    }
  }

  @Test
  void stepDecay() {
    check("step_decay", new Schedule.StepDecay(7, 0.3));
  }

  @Test
  void cosine() {
    check("cosine", new Schedule.Cosine(30, 0.002));
  }

  @Test
  void linearWarmup() {
    check("warmup_constant", new Schedule.LinearWarmup(5, 1.0 / 3, new Schedule.Constant()));
    check("warmup_cosine", new Schedule.LinearWarmup(8, 0.25, new Schedule.Cosine(30, 0)));
  }

  @Test
  void oneCycle() {
    check("one_cycle", Schedule.OneCycle.standard(41));
    check("one_cycle_short", new Schedule.OneCycle(10, 0.2, 10, 100));
  }

  @Test
  void reduceOnPlateau() {
    check("plateau.standard", ReduceOnPlateau.Options.standard());
    check("plateau.cooled", new ReduceOnPlateau.Options(0.5, 3, 1e-3, 4, 0.004));
    check("plateau.hasty", new ReduceOnPlateau.Options(0.1, 0, 1e-4, 0, 0));
  }

  private void check(String name, ReduceOnPlateau.Options options) {
    double[] metric = golden.get("plateau.metric");
    double[] expected = golden.get(name);
    assertTrue(Arrays.stream(expected).distinct().count() > 2, "the rate was reduced, and again");
    ReduceOnPlateau schedule = new ReduceOnPlateau(options);
    for (int epoch = 0; epoch < metric.length; epoch++) {
      schedule.observe(metric[epoch]);
      assertEquals(
          expected[epoch],
          schedule.at(epoch, BASE),
          BASE * TOLERANCE,
          name + " after epoch " + epoch);
      // A run that is stopped here and resumed goes on alike.
      ReduceOnPlateau resumed = new ReduceOnPlateau(options);
      resumed.restore(schedule.state());
      schedule = resumed;
    }
  }
}
