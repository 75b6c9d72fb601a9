package dev.tandem.cli;

import dev.tandem.train.EpochReport;
import dev.tandem.train.StepReport;
import dev.tandem.train.TrainingListener;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarStyle;

/** A line an epoch; and while one trains, where a person watches, a bar that moves. */
final class ProgressDisplay implements TrainingListener, AutoCloseable {
  private static final int COLUMNS = 100;
  private static final int UPDATE_MILLIS = 200;

  private final Terminal terminal;
  private final int epochs;
  private final boolean lines;
  private ProgressBar bar;

  /** @param lines whether each epoch gets a line that stays */
  ProgressDisplay(Terminal terminal, int epochs, boolean lines) {
    this.terminal = terminal;
    this.epochs = epochs;
    this.lines = lines;
  }

  @Override
  public void started(int epoch, int batches) {
    if (terminal.interactive()) {
      bar =
          new ProgressBarBuilder()
              .setTaskName("epoch " + epoch + "/" + epochs)
              .setInitialMax(batches)
              .setStyle(ProgressBarStyle.ASCII)
              .setUpdateIntervalMillis(UPDATE_MILLIS)
              .setUnit(" steps", 1)
              .showSpeed()
              .setConsumer(new Line(terminal))
              .build();
    }
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
      terminal.say(Report.epoch(report, epochs));
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

  /** The terminal's last line, written over and over. The library's own consumer would open the terminal by JLine. */
  private record Line(Terminal terminal) implements ProgressBarConsumer {
    private static final String CLEAR = "\r\u001b[2K";

    @Override
    public int getMaxRenderedLength() {
      return COLUMNS;
    }

    @Override
    public void accept(String rendered) {
      terminal.err().print(CLEAR + rendered);
      terminal.err().flush();
    }

    @Override
    public void close() {
      terminal.err().print(CLEAR);
      terminal.err().flush();
    }
  }
}
