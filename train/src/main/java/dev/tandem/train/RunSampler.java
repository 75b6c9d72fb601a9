package dev.tandem.train;

import dev.tandem.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Looks at a run while it trains, seldom enough not to slow it down, and passes on what it saw: the loss of some thousand steps at
 * most, on a device only of those at which the host waits anyway; and how weights and gradients are spread, after each of about a
 * hundred epochs.
 */
public final class RunSampler implements TrainingListener {
  /** As many points as a curve on a screen can show. */
  private static final int MOST_POINTS = 1000;

  private static final int MOST_DISTRIBUTIONS = 100;

  /**
   * A step's loss.
   *
   * @param step from 1, all epochs together
   * @param epoch how far the run had come, in epochs and parts of them
   * @param loss the mean over the batch, before the update
   */
  public record Point(long step, double epoch, double loss, double learningRate) {}

  /**
   * How the values of each parameter are spread after an epoch, and those of the gradients of its last step, by name.
   *
   * @param epoch from 1
   * @param step updates so far
   */
  public record Distributions(
      int epoch,
      long step,
      Map<String, Distribution> weights,
      Map<String, Distribution> gradients) {}

  /** Takes what was seen. Called on the thread that trains. */
  public interface Sink {
    /** The run begins, or goes on. @param steps updates that were done before: what is known of later ones is void */
    default void begin(long steps) {}

    default void point(Point point) {}

    default void distributions(Distributions distributions) {}

    default void epoch(EpochReport report) {}

    /** Nothing more will come. */
    default void end(Outcome outcome) {}
  }

  private final Trainer trainer;
  private final List<Sink> sinks;
  private final long every;
  private final int epochsApart;
  private Optional<Map<String, Distribution>> gradients = Optional.empty();
  private boolean begun;

  /** Follows a trainer, which it is then to be added to as a listener. */
  public RunSampler(Trainer trainer, List<Sink> sinks) {
    this.trainer = trainer;
    this.sinks = List.copyOf(sinks);
    long looks = trainer.looksEvery();
    every = looks * Math.max(1, Math.ceilDiv(trainer.plannedSteps(), MOST_POINTS * looks));
    epochsApart = Math.max(1, Math.ceilDiv(trainer.plannedEpochs(), MOST_DISTRIBUTIONS));
  }

  @Override
  public void started(int epoch, int batches) {
    if (!begun) {
      sinks.forEach(sink -> sink.begin(trainer.steps()));
      begun = true;
    }
  }

  @Override
  public boolean wantsGradients(int epoch, int batch, int batches) {
    return batch == batches && distributed(epoch);
  }

  private boolean distributed(int epoch) {
    return epoch == 1 || epoch % epochsApart == 0 || epoch == trainer.plannedEpochs();
  }

  @Override
  public void step(StepReport report) {
    if (report.step() % every == 0 || report.step() == 1) {
      Point point =
          new Point(
              report.step(),
              report.epoch() - 1 + (double) report.batch() / report.batches(),
              report.loss(),
              report.learningRate());
      sinks.forEach(sink -> sink.point(point));
    }
    if (wantsGradients(report.epoch(), report.batch(), report.batches())) {
      double scale = trainer.gradientScale();
      Map<String, Distribution> seen = new TreeMap<>();
      for (Map.Entry<String, Tensor> parameter : trainer.parameters().entrySet()) {
        parameter
            .getValue()
            .gradient()
            .ifPresent(gradient -> seen.put(parameter.getKey(), Distribution.of(gradient, scale)));
      }
      gradients = Optional.of(seen);
    }
  }

  @Override
  public void epoch(EpochReport report) {
    sinks.forEach(sink -> sink.epoch(report));
    if (distributed(report.epoch())) {
      Map<String, Distribution> weights = new TreeMap<>();
      trainer.parameters().forEach((name, value) -> weights.put(name, Distribution.of(value, 1)));
      // Absent where the epoch's last step was done before the run was taken up again.
      Distributions all =
          new Distributions(
              report.epoch(), report.steps(), weights, gradients.orElseGet(TreeMap::new));
      sinks.forEach(sink -> sink.distributions(all));
    }
    gradients = Optional.empty();
  }

  @Override
  public void stopped(Outcome outcome) {
    sinks.forEach(sink -> sink.end(outcome));
  }
}
