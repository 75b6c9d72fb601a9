package dev.tandem.conformance;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Operand;
import dev.tandem.op.Loss;
import dev.tandem.op.Op;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A case of an op: results agree with the oracle, whatever lay in their memory before, and inputs stay as they were.
 */
final class OpTrial implements Trial {
  /** NaN in every floating-point type, -1 and 255 in the others: what a backend fails to write shows. */
  private static final byte NAN_GARBAGE = -1;

  /** Huge, and not NaN: two runs that differ have read what they should have written. */
  private static final byte HUGE_GARBAGE = 0x7b;

  private final OpCase sample;
  private final DType dtype;
  private final List<Values> inputs;
  private final List<TensorType> types;
  private List<Values> expected;
  private List<Values> magnitude;
  private List<Double> slack;

  OpTrial(OpCase sample, DType dtype) {
    this.sample = sample;
    this.dtype = dtype;
    inputs = sample.inputs(dtype);
    types = sample.op().outputs(inputs.stream().map(Values::type).toList());
  }

  @Override
  public String op() {
    return sample.op().name();
  }

  @Override
  public String label() {
    return OpCase.label(op(), sample.op().toString(), sample.sources(), inputs, dtype);
  }

  @Override
  public boolean supported(Backend backend) {
    return Stream.concat(inputs.stream().map(Values::dtype), types.stream().map(TensorType::dtype))
        .allMatch(backend::supports);
  }

  @Override
  public Outcome run(Backend backend) {
    consult();
    try (Held operands = new Held()) {
      inputs.forEach(input -> operands.add(input.on(backend)));
      List<MemorySegment> first = run(backend, operands.list(), NAN_GARBAGE);
      Outcome outcome = Outcome.START;
      for (int i = 0; i < types.size(); i++) {
        Values actual = Values.of(types.get(i), first.get(i));
        outcome =
            outcome.and(
                "result " + i,
                Comparison.of(
                    expected.get(i), magnitude.get(i), actual, sample.tolerance(), slack.get(i)));
      }
      for (int i = 0; i < inputs.size(); i++) {
        outcome =
            outcome.same(
                Values.bytes(backend, operands.list().get(i)),
                inputs.get(i).bytes(),
                "input " + i + " was written to");
      }
      List<MemorySegment> second = run(backend, operands.list(), HUGE_GARBAGE);
      for (int i = 0; i < first.size(); i++) {
        outcome =
            outcome.same(
                types.get(i),
                first.get(i),
                second.get(i),
                "result " + i + " differs between two runs");
      }
      if (sample.op() instanceof Loss.CrossEntropyGrad) {
        outcome =
            outcome.same(
                types.getFirst(),
                first.getFirst(),
                overFirst(backend, operands.list()),
                "the result differs where it takes the logits' memory");
      }
      return outcome;
    }
  }

  /** Runs the op into buffers full of garbage and gives the results' bytes. */
  private List<MemorySegment> run(Backend backend, List<Operand> inputs, byte garbage) {
    try (Held outputs = new Held()) {
      for (TensorType type : types) {
        Operand output = new Operand(type, backend.allocate(type));
        outputs.add(output);
        backend.write(
            output.buffer(),
            MemorySegment.ofArray(new long[(int) (type.bytes() / 8) + 1])
                .asSlice(0, type.bytes())
                .fill(garbage));
      }
      backend.run(sample.op(), inputs, outputs.list());
      return outputs.list().stream().map(output -> Values.bytes(backend, output)).toList();
    }
  }

  /** Runs the op into the memory of a copy of its first input and gives the result's bytes. */
  private MemorySegment overFirst(Backend backend, List<Operand> inputs) {
    try (Held copies = new Held()) {
      copies.add(this.inputs.getFirst().on(backend));
      List<Operand> overwritten = new ArrayList<>(inputs);
      overwritten.set(0, copies.list().getFirst());
      backend.run(sample.op(), overwritten, copies.list());
      return Values.bytes(backend, copies.list().getFirst());
    }
  }

  /** Asks the oracle, the first time. */
  private void consult() {
    if (expected == null) {
      Op op = sample.op();
      expected = Oracle.run(op, inputs);
      magnitude =
          sample.tolerance().linear() == 0
              ? expected
              : Oracle.run(op, inputs.stream().map(OpTrial::absolute).toList());
      slack =
          dtype.half() && sample.tolerance().ratio() > 0
              ? slack(Oracle.stepwise(op, inputs))
              : Collections.nCopies(types.size(), 0.0);
    }
  }

  /** Of results in the half type; statistics beside them are as good as F32. */
  private List<Double> slack(List<Values> stepwise) {
    List<Double> slack = new ArrayList<>();
    for (int i = 0; i < types.size(); i++) {
      double[] exact = expected.get(i).data();
      double[] rounded = stepwise.get(i).data();
      double largest =
          IntStream.range(0, exact.length)
              .mapToDouble(k -> Math.abs(rounded[k] - exact[k]))
              .max()
              .orElse(0);
      slack.add(types.get(i).dtype().half() ? sample.tolerance().ratio() * largest : 0);
    }
    return slack;
  }

  private static Values absolute(Values x) {
    return new Values(x.type(), Arrays.stream(x.data()).map(Math::abs).toArray());
  }
}
