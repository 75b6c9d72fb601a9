package dev.tandem.conformance;

import dev.tandem.shape.DType;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Every case of every op, on every backend of this machine, against the oracle. Nothing is caught: an op that
 * throws is an op that is missing.
 */
@ExtendWith(ConformanceReport.class)
final class OpConformanceTest {
  @TestFactory
  Stream<DynamicTest> agreesWithOracle() {
    return OpCases.all().stream()
        .flatMap(sample -> sample.dtypes().stream().flatMap(dtype -> tests(sample, dtype)));
  }

  private static Stream<DynamicTest> tests(OpCase sample, DType dtype) {
    OpTrial trial = new OpTrial(sample, dtype);
    if (TestBackends.available().stream().anyMatch(trial::supported)) {
      ConformanceReport.ranOracle();
    }
    return TrialTests.of(trial);
  }
}
