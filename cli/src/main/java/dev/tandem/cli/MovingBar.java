package dev.tandem.cli;

import java.time.Duration;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * A bar that grows in the terminal's last line until it is closed; where no person watches a plain line a minute, so that a log shows
 * that a long epoch goes on.
 */
final class MovingBar implements AutoCloseable {
  private static final int COLUMNS = 100;
  private static final int UPDATE_MILLIS = 200;
  private static final Duration QUIET = Duration.ofMinutes(1);

  private final Terminal terminal;
  private final String task;
  private final long steps;
  private final String unit;
  private final Duration quiet;
  private final ProgressBar bar;
  private long begun;
  private long begunAt = -1;
  private long told = System.nanoTime();

  /** @param unit what is counted, in the plural */
  MovingBar(Terminal terminal, String task, long steps, String unit) {
    this(terminal, task, steps, unit, QUIET);
  }

  /** @param quiet between plain lines */
  MovingBar(Terminal terminal, String task, long steps, String unit, Duration quiet) {
    this.terminal = terminal;
    this.task = task;
    this.steps = steps;
    this.unit = unit;
    this.quiet = quiet;
    bar =
        terminal.interactive()
            ? new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(steps)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(UPDATE_MILLIS)
                .setUnit(" " + unit, 1)
                .setConsumer(new Line(terminal))
                .build()
            : null;
  }

  void stepTo(long step) {
    long now = System.nanoTime();
    if (begunAt < 0) {
      begunAt = step; // a run that goes on does not begin at 0
      begun = now;
    }
    double speed = step > begunAt ? (step - begunAt) * 1e9 / (now - begun) : 0;
    if (bar != null) {
      // The library's own speed counts whole seconds, of which short epochs have none.
      bar.setExtraMessage(speed > 0 ? Report.format("%,d %s/s", Math.round(speed), unit) : "");
      bar.stepTo(step);
    } else if (now - told >= quiet.toNanos() && step < steps) {
      told = now;
      terminal.say(
          Report.format("%s  %,d of %,d %s, %,d/s", task, step, steps, unit, Math.round(speed)));
    }
  }

  /** Takes the bar away. */
  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }

  /**
   * The terminal's last line, written over and over, which ends at the window's edge, however narrow that is: nothing wraps. The
   * library's own consumer would ask for the width by JLine. To the standard output, for it is what is known to be a terminal.
   */
  private record Line(Terminal terminal) implements ProgressBarConsumer {
    private static final String CLEAR = "\r\u001b[2K";
    private static final String CUT = "\u001b[?7l";
    private static final String WRAP = "\u001b[?7h";

    @Override
    public int getMaxRenderedLength() {
      return COLUMNS;
    }

    @Override
    public void accept(String rendered) {
      terminal.out().print(CLEAR + CUT + rendered + WRAP);
      terminal.out().flush();
    }

    @Override
    public void close() {
      terminal.out().print(CLEAR);
      terminal.out().flush();
    }
  }
}
