package dev.tandem.train;

import dev.tandem.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Looks at a run while it trains, seldom enough not to slow it down, and passes on what it saw: the loss of steps, on a device only of
 * those at which the host waits anyway; and how weights and gradients are spread after epochs. The longer a run, the further
 * apart: of a million steps it sees some 4,300, of a thousand epochs some 200.
 */
public final class RunSampler implements TrainingListener {
  /** Points are as far apart as a 500th of the way so far: finer than a curve on a screen. */
  private static final long FINENESS = 500;

  private static final long EPOCHS_FINENESS = 50;

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

    /** A step that was looked at. */
    default void point(Point point) {}

    /** An epoch whose weights and gradients were looked at. */
    default void distributions(Distributions distributions) {}

    /** An epoch is over. */
    default void epoch(EpochReport report) {}

    /** Nothing more will come. */
    default void end(Outcome outcome) {}
  }

  private final Trainer trainer;
  private final List<Sink> sinks;
  private long lastStep;
  private int lastEpoch;
  private Optional<Map<String, Distribution>> gradients = Optional.empty();
  private boolean begun;

  /** Follows a trainer, which it is then to be added to as a listener. */
  public RunSampler(Trainer trainer, List<Sink> sinks) {
    this.trainer = trainer;
    this.sinks = List.copyOf(sinks);
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
    return epoch - lastEpoch >= Math.max(1, epoch / EPOCHS_FINENESS);
  }

  @Override
  public void step(StepReport report) {
    long looks = trainer.looksEvery();
    boolean far = report.step() - lastStep >= Math.max(1, report.step() / FINENESS);
    if (far && report.step() % looks == 0 || report.step() == 1) {
      lastStep = report.step();
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
      lastEpoch = report.epoch();
    }
    gradients = Optional.empty();
  }

  @Override
  public void stopped(Outcome outcome) {
    sinks.forEach(sink -> sink.end(outcome));
  }
}
