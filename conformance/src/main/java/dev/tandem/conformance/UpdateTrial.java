package dev.tandem.conformance;

import dev.tandem.backend.Backend;
import dev.tandem.op.Update;
import dev.tandem.op.Update.Many;
import dev.tandem.op.Update.Masters;
import dev.tandem.shape.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
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
    List<Values> expected = expected(first);
    Outcome outcome = Outcome.START;
    for (int i = 0; i < before.size(); i++) {
      String operand = "operand " + i;
      if (i < sample.update().written()) {
        Values actual = Values.of(before.get(i).type(), first.get(i));
        Values exact = expected.get(i);
        outcome = outcome.and(operand, Comparison.of(exact, exact, actual, tolerance(i), 0));
      } else {
        outcome = outcome.same(first.get(i), before.get(i).bytes(), operand + " was written to");
      }
      outcome =
          outcome.same(
              before.get(i).type(),
              first.get(i),
              second.get(i),
              operand + " differs between two runs");
    }
    return outcome;
  }

  /** What the oracle says, but a weight with a master is what the backend's own master makes it: one unit of that decides. */
  private List<Values> expected(List<MemorySegment> actual) {
    List<Values> expected = new ArrayList<>(after);
    for (int i = 0; i < after.size(); i++) {
      if (sample.update() instanceof Many many && ofMaster(i) && OracleUpdate.steps(many, before)) {
        Values master =
            Values.of(before.get(i + many.group() - 1).type(), actual.get(i + many.group() - 1));
        double[] w = OracleUpdate.rounded(many, i / many.group(), master, dtype, before);
        expected.set(i, new Values(before.get(i).type(), w));
      }
    }
    return expected;
  }

  private Tolerance tolerance(int operand) {
    return ofMaster(operand) ? Tolerance.exact() : sample.tolerance();
  }

  private boolean ofMaster(int operand) {
    return sample.update() instanceof Many many
        && many.masters() != Masters.NONE
        && operand < many.written()
        && operand % many.group() == 0;
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
