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

  @Test
  void theBestIsTheFirstOfTheLowest() {
    assertEquals(Optional.empty(), new History(List.of()).best());
    assertEquals(
        Optional.empty(), new History(List.of(epoch(1, Double.NaN, Optional.empty()))).best());
    History training =
        new History(
            List.of(
                epoch(1, Double.NaN, Optional.empty()),
                epoch(2, 1, Optional.empty()),
                epoch(3, 0.5, Optional.empty()),
                epoch(4, 0.5, Optional.empty()),
                epoch(5, Double.NaN, Optional.empty())));
    assertEquals(3, training.best().orElseThrow().epoch());
    History validated =
        new History(List.of(epoch(1, 9, Optional.of(loss(1))), epoch(2, 1, Optional.of(loss(9)))));
    assertEquals(1, validated.best().orElseThrow().epoch());
    assertEquals(2, validated.last().orElseThrow().epoch());
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
