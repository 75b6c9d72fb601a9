package dev.tandem.cli;

import dev.tandem.train.EpochReport;
import dev.tandem.train.StepReport;
import dev.tandem.train.TrainingListener;

/** A line an epoch; and while one trains, where a person watches, a bar that moves. */
final class ProgressDisplay implements TrainingListener, AutoCloseable {
  private final Terminal terminal;
  private final int epochs;
  private final boolean lines;
  private final int window;
  private MovingBar bar;

  /** @param lines whether each epoch gets a line that stays; window: tokens a sample, 0 for other data */
  ProgressDisplay(Terminal terminal, int epochs, boolean lines, int window) {
    this.terminal = terminal;
    this.epochs = epochs;
    this.lines = lines;
    this.window = window;
  }

  @Override
  public void started(int epoch, int batches) {
    bar = new MovingBar(terminal, "epoch " + epoch + "/" + epochs, batches, "steps");
  }

  @Override
  public void step(StepReport report) {
    if (bar != null) {
      bar.stepTo(report.batch());
    }
  }

  @Override
  public void epoch(EpochReport report) {
    close();
    if (lines) {
      terminal.say(Report.epoch(report, epochs, window));
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
