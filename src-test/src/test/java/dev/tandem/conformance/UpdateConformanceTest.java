package dev.tandem.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.op.Update.Sgd;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/** Every case of every update, on every backend of this machine, against the oracle. Nothing is caught. */
@ExtendWith(ConformanceReport.class)
final class UpdateConformanceTest {
  @TestFactory
  Stream<DynamicTest> agreesWithOracle() {
    return UpdateCases.all().stream()
        .flatMap(sample -> sample.dtypes().stream().flatMap(dtype -> tests(sample, dtype)));
  }

  private static Stream<DynamicTest> tests(UpdateCase sample, DType dtype) {
    UpdateTrial trial = new UpdateTrial(sample, dtype);
    if (TestBackends.available().stream().anyMatch(trial::supported)) {
      ConformanceReport.ranOracle();
    }
    return TrialTests.of(trial);
  }

  /** The delta rule is promised to the bit, in each type's own arithmetic, and so can be checked by hand. */
  @TestFactory
  Stream<DynamicTest> sgdWithoutDecayIsOneProductAndOneDifference() {
    Shape shape = Shape.of(1031);
    return OpCase.FLOATING.stream()
        .flatMap(dtype ->
            TestBackends.available().stream()
                .filter(backend -> backend.supports(dtype))
                .map(backend ->
                    DynamicTest.dynamicTest(
                        "sgd " + dtype + " to the bit on " + backend.name(),
                        () -> {
                          List<Source> sources =
                              List.of(
                                  Source.uniform(shape, -2, 2),
                                  Source.uniform(shape, -2, 2),
                                  Source.scalar(0.1));
                          List<Values> before = OpCase.inputs(sources, dtype, "sgd");
                          Values actual =
                              Values.of(
                                  before.getFirst().type(),
                                  UpdateTrial.apply(new Sgd(0), before, backend).getFirst());
                          double lr = before.get(2).data()[0];
                          for (int i = 0; i < shape.elements(); i++) {
                            double product = Rounding.to(dtype, lr * before.get(1).data()[i]);
                            double expected = Rounding.to(dtype, before.get(0).data()[i] - product);
                            assertEquals(
                                expected,
                                actual.data()[i],
                                "sgd " + dtype + " on " + backend.name() + " at " + i);
                          }
                        })));
  }
}
