package dev.tandem.cli;

import dev.tandem.train.EpochReport;
import dev.tandem.train.StepReport;
import dev.tandem.train.TrainingListener;
import java.util.Optional;

/** A line an epoch; and while one trains, where a person watches, a bar that moves. */
final class ProgressDisplay implements TrainingListener, AutoCloseable {
  private final Terminal terminal;
  private final int epochs;
  private final boolean lines;
  private final int window;
  private final Optional<Speed> speed;
  private MovingBar bar;

  /** A bar that counts steps, and no lines. */
  ProgressDisplay(Terminal terminal, int epochs) {
    this(terminal, epochs, false, 0, Optional.empty());
  }

  /**
   * A line an epoch that stays, and a bar that counts what there is of in a second.
   *
   * @param window tokens a sample, 0 for other data
   */
  ProgressDisplay(Terminal terminal, int epochs, int window, Speed speed) {
    this(terminal, epochs, true, window, Optional.of(speed));
  }

  private ProgressDisplay(
      Terminal terminal, int epochs, boolean lines, int window, Optional<Speed> speed) {
    this.speed = speed;
    this.terminal = terminal;
    this.epochs = epochs;
    this.lines = lines;
    this.window = window;
  }

  @Override
  public void started(int epoch, int batches) {
    bar =
        new MovingBar(
            terminal,
            "epoch " + epoch + "/" + epochs,
            after(batches),
            speed.map(Speed::unit).orElse("steps"));
  }

  @Override
  public void step(StepReport report) {
    if (bar != null) {
      bar.stepTo(after(report.batch()));
    }
  }

  private long after(int steps) {
    return speed.map(told -> told.after(steps)).orElse((long) steps);
  }

  @Override
  public void epoch(EpochReport report) {
    close();
    if (lines) {
      String fast = speed.map(told -> "  " + told.tell(report)).orElse("");
      terminal.say(Report.epoch(report, epochs, window) + fast);
    }
  }

  /** Takes the bar away. */
  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
