package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import java.util.Locale;
import java.util.Optional;

/** How two predicates make one. */
enum BooleanOperation {
  AND,
  OR,
  XOR;

  /** The one among an instruction's modifiers. */
  static Optional<BooleanOperation> of(Instruction instruction) {
    for (BooleanOperation operation : values()) {
      if (instruction.has(operation.word())) {
        return Optional.of(operation);
      }
    }
    return Optional.empty();
  }

  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  int apply(int a, int b) {
    return switch (this) {
      case AND -> a & b;
      case OR -> a | b;
      case XOR -> a ^ b;
    };
  }
}
