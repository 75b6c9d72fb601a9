package dev.tandem.conformance;

import dev.tandem.backend.Backend;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A case of an update: what it writes agrees with the oracle, twice the same, and the other operands stay as they were. */
final class UpdateTrial implements Trial {
  private final UpdateCase sample;
  private final DType dtype;
  private final List<Values> before;
  private final List<Values> after;

  UpdateTrial(UpdateCase sample, DType dtype) {
    this.sample = sample;
    this.dtype = dtype;
    before = sample.operands(dtype);
    after = before.stream().map(Values::copy).toList();
    Oracle.update(sample.update(), after);
  }

  @Override
  public String op() {
    return sample.update().name();
  }

  @Override
  public String label() {
    return OpCase.label(op(), sample.update().toString(), sample.sources(), before, dtype);
  }

  @Override
  public boolean supported(Backend backend) {
    return before.stream().map(Values::dtype).allMatch(backend::supports);
  }

  @Override
  public Outcome run(Backend backend) {
    List<MemorySegment> first = apply(sample.update(), before, backend);
    List<MemorySegment> second = apply(sample.update(), before, backend);
    Outcome outcome = Outcome.START;
    for (int i = 0; i < before.size(); i++) {
      String operand = "operand " + i;
      if (i < sample.update().written()) {
        Values actual = Values.of(before.get(i).type(), first.get(i));
        outcome =
            outcome.and(
                operand, Comparison.of(after.get(i), after.get(i), actual, sample.tolerance()));
      } else {
        outcome = outcome.same(first.get(i), before.get(i).bytes(), operand + " was written to");
      }
      outcome = outcome.same(first.get(i), second.get(i), operand + " differs between two runs");
    }
    return outcome;
  }

  /** The operands' bytes after the update. */
  static List<MemorySegment> apply(Update update, List<Values> before, Backend backend) {
    try (Held operands = new Held()) {
      before.forEach(values -> operands.add(values.on(backend)));
      backend.update(update, operands.list());
      return operands.list().stream().map(operand -> Values.bytes(backend, operand)).toList();
    }
  }
}
