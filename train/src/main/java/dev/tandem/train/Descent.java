package dev.tandem.train;

import dev.tandem.optim.Clipping;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.ReduceOnPlateau;
import dev.tandem.optim.Schedule;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How weights follow their gradients.
 *
 * @param optimizer for the parameters to be trained; its maker closes it
 * @param learningRate the base that the schedule starts from
 * @param schedule asked before every step, in steps; {@link ReduceOnPlateau} hears of the monitored loss after every epoch
 * @param clipping applied between backward and the update
 * @param microBatch samples that go through the model at a time; empty for the whole batch. The gradients of a batch's parts add up
 *     to the batch's, so it decides the memory that activations take and, but for rounding and batch norm, nothing else
 */
public record Descent(
    Optimizer optimizer,
    double learningRate,
    Schedule schedule,
    Clipping clipping,
    OptionalInt microBatch) {
  /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
  public Descent {
    if (microBatch.isPresent() && microBatch.getAsInt() < 1) {
      throw new IllegalArgumentException(
          "descent: a micro-batch needs a sample, got "
              + microBatch.getAsInt()
              + "; leave it out to take whole batches");
    }
  }

  /** Whole batches. */
  public Descent(Optimizer optimizer, double learningRate, Schedule schedule, Clipping clipping) {
    this(optimizer, learningRate, schedule, clipping, OptionalInt.empty());
  }

  /** The same, so many samples at a time. */
  public Descent inMicroBatches(int samples) {
    return new Descent(optimizer, learningRate, schedule, clipping, OptionalInt.of(samples));
  }

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
