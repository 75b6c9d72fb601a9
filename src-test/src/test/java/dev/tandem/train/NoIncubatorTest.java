package dev.tandem.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/**
 * A program that was started without {@code --add-modules jdk.incubator.vector}: a jar's manifest cannot add it. Surefire
 * runs this class in a JVM of its own that lacks the module.
 */
class NoIncubatorTest {
  @Test
  void trainsInScalarCodeAndSaysOnceHowToGetTheFastPath() {
    assertTrue(
        ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty(),
        "this JVM has the module: run the class by the Surefire execution no-incubator");
    PrintStream console = System.err;
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
    try (Backend first = Backends.open("cpu", line -> {});
        Backend second = Backends.open("cpu", line -> {})) {
      assertTrue(first.description().contains("scalar"), first.description());
      assertEquals(losses(first), losses(second));
    } finally {
      System.setErr(console);
    }
    String hint = "WARN cpu: scalar (pass --add-modules jdk.incubator.vector for the fast path)\n";
    assertEquals(hint, said.toString(StandardCharsets.UTF_8));
  }

  /** Trains the three clouds, which must get better, and gives the losses. */
  private static String losses(Backend backend) {
    try (Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(20))) {
      Outcome outcome = lesson.trainer.run();
      double start = outcome.history().epochs().getFirst().trainLoss();
      double end = outcome.history().epochs().getLast().trainLoss();
      assertTrue(end < start / 2, "loss fell from " + start + " only to " + end);
      return outcome.history().epochs().stream()
          .map(epoch -> Double.toString(epoch.trainLoss()))
          .toList()
          .toString();
    }
  }
}
