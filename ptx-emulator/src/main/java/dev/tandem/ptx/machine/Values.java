package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Space;
import dev.tandem.ptx.text.Type;
import java.util.ArrayList;
import java.util.List;

/**
 * The values that a load or store moves between registers and consecutive places in memory.
 *
 * @param slots of the registers, in the order of the places
 * @param bytes of each value
 * @param signed whether a value is extended by its sign where the register is wider
 */
record Values(Space space, int[] slots, int bytes, boolean signed) {

  static Values of(Instruction instruction, Scope scope, Operand operand, boolean loaded) {
    Type type = instruction.type();
    if (type == Type.PRED) {
      throw instruction.unknown("predicates do not lie in memory; select a 0 or 1 first");
    }
    List<Operand> parts =
        operand instanceof Operand.Vector vector ? vector.parts() : List.of(operand);
    int count = count(instruction);
    if (parts.size() != count) {
      throw instruction.unknown("needs " + count + " registers, got " + parts.size());
    }
    List<Integer> slots = new ArrayList<>();
    for (Operand part : parts) {
      slots.add(
          loaded ? scope.destination(instruction, part) : scope.source(instruction, part, type));
      if (type == Type.B128) {
        slots.add(scope.high(instruction, part));
      }
    }
    if (type.bytes() * count > 32) {
      throw instruction.unknown("is wider than 32 bytes");
    }
    return new Values(
        instruction.space(),
        slots.stream().mapToInt(Integer::intValue).toArray(),
        Math.min(type.bytes(), Long.BYTES),
        type.signed());
  }

  /** How many values an instruction moves: 1, or what its {@code .v} says. */
  static int count(Instruction instruction) {
    for (int count = 2; count <= 8; count *= 2) {
      if (instruction.has("v" + count)) {
        return count;
      }
    }
    return 1;
  }
}
