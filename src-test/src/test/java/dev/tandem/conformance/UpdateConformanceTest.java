package dev.tandem.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Operand;
import dev.tandem.op.Update;
import dev.tandem.op.Update.Sgd;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.lang.foreign.MemorySegment;
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
    List<Values> before = sample.operands(dtype);
    List<Values> after = before.stream().map(Values::copy).toList();
    Oracle.update(sample.update(), after);
    ConformanceReport.ranOracle();
    return TestBackends.available().stream()
        .filter(backend -> before.stream().map(Values::dtype).allMatch(backend::supports))
        .map(backend -> {
          String title = sample.label(dtype) + " " + backend.name() + " vs oracle";
          return DynamicTest.dynamicTest(
              title,
              () -> {
                check(title, sample, before, after, backend);
                ConformanceReport.ran(backend);
              });
        });
  }

  private static void check(
      String title, UpdateCase sample, List<Values> before, List<Values> after, Backend backend) {
    List<MemorySegment> first = apply(sample.update(), before, backend);
    List<MemorySegment> second = apply(sample.update(), before, backend);
    for (int i = 0; i < before.size(); i++) {
      if (i < sample.update().written()) {
        Values actual = Values.of(before.get(i).type(), first.get(i));
        Comparison.check(
            title + ", operand " + i, after.get(i), after.get(i), actual, sample.tolerance());
      } else {
        assertEquals(
            -1,
            first.get(i).mismatch(before.get(i).bytes()),
            title + ": operand " + i + " was written to, first at byte");
      }
      assertEquals(
          -1,
          first.get(i).mismatch(second.get(i)),
          title + ": operand " + i + " differs between two runs, first at byte");
    }
  }

  private static List<MemorySegment> apply(Update update, List<Values> before, Backend backend) {
    List<Operand> operands = before.stream().map(values -> values.on(backend)).toList();
    backend.update(update, operands);
    List<MemorySegment> bytes =
        operands.stream().map(operand -> Values.bytes(backend, operand)).toList();
    operands.forEach(operand -> operand.buffer().close());
    return bytes;
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
                                  apply(new Sgd(0), before, backend).getFirst());
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
