package dev.tandem.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Operand;
import dev.tandem.op.Op;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
  /** NaN in every floating-point type, -1 and 255 in the others: what a backend fails to write shows. */
  private static final byte NAN_GARBAGE = -1;

  /** Huge, and not NaN: two runs that differ have read what they should have written. */
  private static final byte HUGE_GARBAGE = 0x7b;

  @TestFactory
  Stream<DynamicTest> agreesWithOracle() {
    return OpCases.all().stream()
        .flatMap(sample -> sample.dtypes().stream().flatMap(dtype -> tests(sample, dtype)));
  }

  private static Stream<DynamicTest> tests(OpCase sample, DType dtype) {
    Reference reference = new Reference(sample, dtype);
    List<Backend> able =
        TestBackends.available().stream().filter(backend -> reference.supported(backend)).toList();
    return able.stream()
        .map(backend -> {
          String title = sample.label(dtype) + " " + backend.name() + " vs oracle";
          return DynamicTest.dynamicTest(
              title,
              () -> {
                check(title, sample, reference, backend);
                ConformanceReport.ran(backend);
              });
        });
  }

  private static void check(String title, OpCase sample, Reference reference, Backend backend) {
    List<Values> inputs = reference.inputs;
    List<Operand> operands = inputs.stream().map(input -> input.on(backend)).toList();
    List<MemorySegment> first = run(backend, sample.op(), operands, reference.types, NAN_GARBAGE);
    for (int i = 0; i < reference.types.size(); i++) {
      Values actual = Values.of(reference.types.get(i), first.get(i));
      Comparison.check(
          title + ", result " + i,
          reference.expected().get(i),
          reference.magnitude().get(i),
          actual,
          sample.tolerance());
    }
    for (int i = 0; i < operands.size(); i++) {
      assertEquals(
          -1,
          Values.bytes(backend, operands.get(i)).mismatch(inputs.get(i).bytes()),
          title + ": input " + i + " was written to, first at byte");
    }
    List<MemorySegment> second = run(backend, sample.op(), operands, reference.types, HUGE_GARBAGE);
    for (int i = 0; i < first.size(); i++) {
      assertEquals(
          -1,
          first.get(i).mismatch(second.get(i)),
          title + ": result " + i + " differs between two runs, first at byte");
    }
    operands.forEach(operand -> operand.buffer().close());
  }

  /** Runs the op into buffers full of garbage and gives the results' bytes. */
  private static List<MemorySegment> run(
      Backend backend, Op op, List<Operand> inputs, List<TensorType> types, byte garbage) {
    List<Operand> outputs = new ArrayList<>();
    for (TensorType type : types) {
      Operand output = Values.zeros(type).on(backend);
      backend.write(
          output.buffer(),
          MemorySegment.ofArray(new long[(int) (type.bytes() / 8) + 1])
              .asSlice(0, type.bytes())
              .fill(garbage));
      outputs.add(output);
    }
    backend.run(op, inputs, outputs);
    List<MemorySegment> results =
        outputs.stream().map(output -> Values.bytes(backend, output)).toList();
    outputs.forEach(output -> output.buffer().close());
    return results;
  }

  /** Inputs of a case and what the oracle makes of them, worked out once for all backends. */
  private static final class Reference {
    private final OpCase sample;
    private final List<Values> inputs;
    private final List<TensorType> types;
    private List<Values> expected;
    private List<Values> magnitude;

    private Reference(OpCase sample, DType dtype) {
      this.sample = sample;
      inputs = sample.inputs(dtype);
      types = sample.op().outputs(inputs.stream().map(Values::type).toList());
    }

    private boolean supported(Backend backend) {
      return Stream.concat(
              inputs.stream().map(Values::dtype), types.stream().map(TensorType::dtype))
          .allMatch(backend::supports);
    }

    private List<Values> expected() {
      if (expected == null) {
        expected = Oracle.run(sample.op(), inputs);
        ConformanceReport.ranOracle();
      }
      return expected;
    }

    private List<Values> magnitude() {
      if (magnitude == null) {
        magnitude =
            sample.tolerance().linear() == 0
                ? expected()
                : Oracle.run(sample.op(), inputs.stream().map(Reference::absolute).toList());
      }
      return magnitude;
    }

    private static Values absolute(Values x) {
      return new Values(x.type(), Arrays.stream(x.data()).map(Math::abs).toArray());
    }
  }
}
