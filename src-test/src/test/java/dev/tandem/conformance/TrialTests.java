package dev.tandem.conformance;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/** A trial as a test on each backend of this machine that computes in its element types. */
final class TrialTests {
  private TrialTests() {}

  static Stream<DynamicTest> of(Trial trial) {
    return TestBackends.available().stream()
        .filter(trial::supported)
        .map(backend -> {
          String title = trial.label() + " " + backend.name() + " vs oracle";
          return DynamicTest.dynamicTest(
              title,
              () -> {
                trial.run(backend).failure().ifPresent(failure -> fail(title + ", " + failure));
                ConformanceReport.ran(backend);
              });
        });
  }
}
