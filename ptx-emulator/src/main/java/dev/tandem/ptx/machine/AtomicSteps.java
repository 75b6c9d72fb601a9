package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Space;
import dev.tandem.ptx.text.Type;
import java.util.List;
import java.util.Set;

/** {@code atom} and {@code red}: operations on memory that no other thread can come between. */
final class AtomicSteps {
  private static final Set<String> KNOWN =
      Set.of(
          "relaxed", "acquire", "release", "acq_rel", "cta", "cluster", "gpu", "sys", "noftz", "v2",
          "v4", "v8");

  private AtomicSteps() {}

  static Step decode(Instruction instruction, Scope scope) {
    AtomicOperation operation = null;
    for (String modifier : instruction.modifiers()) {
      AtomicOperation named = AtomicOperation.of(modifier);
      operation = named == null ? operation : named;
      boolean known =
          named != null
              || KNOWN.contains(modifier)
              || MemorySteps.hint(modifier)
              || Type.of(modifier).isPresent()
              || Space.of(modifier).isPresent();
      if (!known) {
        throw instruction.unknown("modifier ." + modifier + " is not known");
      }
    }
    if (operation == null) {
      throw instruction.unknown("names no operation");
    }
    Type type = instruction.type();
    Space space = instruction.space();
    if (space != Space.GENERIC && space != Space.GLOBAL && space != Space.SHARED) {
      throw instruction.unknown("works on global and shared memory only");
    }
    AtomicUpdate update = operation.update(instruction, type);
    boolean result = instruction.opcode().equals("atom");
    List<Operand> operands = MemorySteps.withoutPolicy(instruction);
    int first = result ? 1 : 0;
    int values = operation == AtomicOperation.CAS ? 2 : 1;
    if (operands.size() != first + 1 + values) {
      throw instruction.unknown(
          "needs " + (first + 1 + values) + " operands, got " + operands.size());
    }
    LaneAddress address = new LaneAddress(instruction, scope, operands.get(first), space);
    int[] targets = result ? slots(instruction, scope, operands.get(0), true) : new int[0];
    int[] given = slots(instruction, scope, operands.get(first + 1), false);
    int[] swapped = values == 2 ? slots(instruction, scope, operands.get(first + 2), false) : given;
    if (type == Type.B128) {
      return new WideAtomicStep(instruction, address, new AtomicSlots(targets, given, swapped));
    }
    return new AtomicStep(instruction, address, new AtomicSlots(targets, given, swapped), update);
  }

  private static int[] slots(
      Instruction instruction, Scope scope, Operand operand, boolean loaded) {
    return Values.of(instruction, scope, operand, loaded).slots();
  }
}
