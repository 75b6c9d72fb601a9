package dev.tandem.train;

import dev.tandem.optim.Clipping;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.ReduceOnPlateau;
import dev.tandem.optim.Schedule;
import java.util.Optional;

/**
 * How weights follow their gradients.
 *
 * @param optimizer for the parameters to be trained; its maker closes it
 * @param learningRate the base that the schedule starts from
 * @param schedule asked before every step, in steps; {@link ReduceOnPlateau} hears of the monitored loss after every epoch
 * @param clipping applied between backward and the update
 */
public record Descent(
    Optimizer optimizer, double learningRate, Schedule schedule, Clipping clipping) {
  /** A constant rate and no clipping. */
  public static Descent constant(Optimizer optimizer, double learningRate) {
    return new Descent(optimizer, learningRate, new Schedule.Constant(), new Clipping.None());
  }

  /** The part of the schedule that has a memory, if any has. */
  Optional<ReduceOnPlateau> plateau() {
    Schedule part = schedule;
    while (part instanceof Schedule.LinearWarmup warmup) {
      part = warmup.then();
    }
    return part instanceof ReduceOnPlateau plateau ? Optional.of(plateau) : Optional.empty();
  }
}
