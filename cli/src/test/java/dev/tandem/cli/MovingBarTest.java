package dev.tandem.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The bar where a person watches, and that there is none elsewhere. */
class MovingBarTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private Terminal terminal(boolean interactive) {
    return new Terminal(
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        interactive);
  }

  private String move(boolean interactive) throws InterruptedException {
    try (MovingBar bar = new MovingBar(terminal(interactive), "epoch 1/2", 10, "samples")) {
      for (int step = 1; step <= 10; step++) {
        bar.stepTo(step);
        Thread.sleep(60); // it is drawn every 200 ms
      }
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void itGrowsInOneLineThatNeverWraps() throws InterruptedException {
    String drawn = move(true);
    assertTrue(drawn.contains("epoch 1/2") && drawn.contains("samples"), drawn);
    assertFalse(drawn.contains("\n"), "one line");
    assertTrue(drawn.startsWith("\r\u001b[2K\u001b[?7l"), "cut at the edge");
    assertEquals(
        drawn.split("\u001b\\[\\?7l", -1).length,
        drawn.split("\u001b\\[\\?7h", -1).length,
        "what is switched off is switched on again");
    assertTrue(drawn.endsWith("\r\u001b[2K"), "and the line is left empty");
    assertEquals(0, err.size(), "a log of errors holds no bar");
  }

  @Test
  void whereNobodyWatchesThereIsNone() throws InterruptedException {
    assertEquals("", move(false));
    assertEquals(0, err.size());
  }

  @Test
  void ofALongEpochAPlainLineIsToldNowAndThen() throws InterruptedException {
    try (MovingBar bar =
        new MovingBar(terminal(false), "epoch 1/2", 4000, "samples", Duration.ofMillis(30))) {
      bar.stepTo(1000);
      bar.stepTo(1001);
      Thread.sleep(40);
      bar.stepTo(3000);
      bar.stepTo(3001);
      Thread.sleep(40);
      bar.stepTo(4000); // the epoch's own line comes next
    }
    String told = out.toString(StandardCharsets.UTF_8);
    assertTrue(told.matches("epoch 1/2  3,000 of 4,000 samples, [\\d,]+/s\n"), told);
  }

  @Test
  void aDumbTerminalHasNoBar() {
    assertFalse(Terminal.moves(null));
    assertFalse(Terminal.moves("dumb"));
    assertTrue(Terminal.moves("xterm-256color"));
  }
}
