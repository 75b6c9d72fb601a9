package dev.tandem.conformance;

import dev.tandem.backend.Operand;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Operands that are freed together, also where a backend failed in between. */
final class Held implements AutoCloseable {
  private final List<Operand> operands = new ArrayList<>();

  void add(Operand operand) {
    operands.add(operand);
  }

  List<Operand> list() {
    return Collections.unmodifiableList(operands);
  }

  @Override
  public void close() {
    operands.forEach(operand -> operand.buffer().close());
  }
}
