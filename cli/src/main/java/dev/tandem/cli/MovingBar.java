package dev.tandem.cli;

import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar that grows in the terminal's last line until it is closed; nothing where no person watches. */
final class MovingBar implements AutoCloseable {
  private static final int COLUMNS = 100;
  private static final int UPDATE_MILLIS = 200;

  private final ProgressBar bar;

  /** @param unit what is counted, in the plural */
  MovingBar(Terminal terminal, String task, long steps, String unit) {
    bar =
        terminal.interactive()
            ? new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(steps)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(UPDATE_MILLIS)
                .setUnit(" " + unit, 1)
                .showSpeed()
                .setConsumer(new Line(terminal))
                .build()
            : null;
  }

  void stepTo(long step) {
    if (bar != null) {
      bar.stepTo(step);
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
