package dev.tandem.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.io.FileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HistoryTest {
  @TempDir Path folder;

  private static EpochReport epoch(int number, double trainLoss, Optional<Metrics> validation) {
    return new EpochReport(
        number,
        number * 10L,
        trainLoss,
        OptionalDouble.of(1.0 / 3),
        validation,
        1e-3,
        Math.PI,
        number == 1,
        new Timing(0.1, 1234.5, OptionalDouble.of(9876.5), 4096));
  }

  private static Metrics loss(double loss) {
    return new Metrics(loss, 7, OptionalDouble.of(0.1f), Optional.empty(), Optional.empty());
  }

  @Test
  void anEpochIsOneFlatLine() {
    assertEquals(
        "{\"epoch\":1,\"steps\":10,\"train_loss\":0.1,\"train_accuracy\":0.3333333333333333,"
            + "\"validation_loss\":2.5,\"validation_samples\":7,\"validation_accuracy\":0.10000000149011612,"
            + "\"learning_rate\":0.001,\"gradient_norm\":3.141592653589793,\"best\":true,\"seconds\":0.1,"
            + "\"samples_per_second\":1234.5,\"tokens_per_second\":9876.5,\"peak_bytes\":4096}\n",
        new History(List.of(epoch(1, 0.1, Optional.of(loss(2.5))))).lines());
  }

  @Test
  void everyBitComesBack() throws IOException {
    RegressionErrors errors = new RegressionErrors(1e-300, Math.nextUp(1.0), Double.NaN);
    History history =
        new History(
            List.of(
                epoch(1, Double.MIN_VALUE, Optional.empty()),
                epoch(2, Math.nextDown(0.3), Optional.of(loss(Double.NaN))),
                epoch(
                    3,
                    -1e300,
                    Optional.of(
                        new Metrics(
                            0.1 + 0.2,
                            1L << 40,
                            OptionalDouble.empty(),
                            Optional.of(errors),
                            Optional.empty())))));
    Path file = Files.writeString(folder.resolve("metrics.jsonl"), history.lines());
    assertEquals(history, History.read(file));
  }

  /** What the loop makes of losses, with the weights it would keep. */
  private static History observed(double minDelta, double... losses) {
    Progress progress = new Progress();
    for (double loss : losses) {
      EpochReport report = epoch(progress.epoch + 1, loss, Optional.empty());
      boolean best = progress.observe(loss, minDelta);
      progress.finish(
          new EpochReport(
              report.epoch(),
              report.steps(),
              loss,
              report.trainAccuracy(),
              report.validation(),
              report.learningRate(),
              report.gradientNorm(),
              best,
              report.timing()));
    }
    assertEquals(progress.bestEpoch, progress.history.best().map(EpochReport::epoch).orElse(0));
    return progress.history;
  }

  @Test
  void theBestIsTheEpochWhoseWeightsEarlyStoppingKeeps() {
    double nan = Double.NaN;
    assertEquals(Optional.empty(), new History(List.of()).best());
    assertEquals(Optional.empty(), observed(0, nan).best());
    assertEquals(3, observed(0, nan, 1, 0.5, 0.5, nan).best().orElseThrow().epoch());
    // Lower, but by less than counts.
    assertEquals(1, observed(5, 4, 3, 2, 1).best().orElseThrow().epoch());
    assertEquals(3, observed(1, 4, 3.5, 2, 1.5).best().orElseThrow().epoch());
    History history = observed(0, 1, 9);
    assertEquals(1, history.best().orElseThrow().epoch());
    assertEquals(2, history.last().orElseThrow().epoch());
  }

  @Test
  void aLineThatIsNoEpochIsNamed() throws IOException {
    String good = new History(List.of(epoch(1, 1, Optional.empty()))).lines();
    for (String line :
        List.of("{\"epoch\":2", "[]", "{}", "{\"epoch\":\"2\"}", "hello", "{\"epoch\":{}}")) {
      Path file = Files.writeString(folder.resolve("metrics.jsonl"), good + line + "\n");
      FileException refused = assertThrows(FileException.class, () -> History.read(file));
      assertTrue(
          refused
              .getMessage()
              .matches(
                  "metrics: .*metrics.jsonl has a line that is no epoch, got .* in line 2;"
                      + " remove the line"),
          refused.getMessage());
    }
    FileException missing =
        assertThrows(FileException.class, () -> History.read(folder.resolve("none")));
    assertTrue(
        missing.getMessage().contains("cannot be read, got no such file"), missing.getMessage());
  }
}
