package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;

/**
 * A predicate that an instruction reads: a register, as it is or negated, or a constant.
 *
 * @param slot of {@link Warp#p}; -1 for a constant
 * @param flip all ones to negate, or the constant itself
 */
record PredicateOperand(int slot, int flip) {
  static PredicateOperand of(Instruction at, Operand operand, Scope scope) {
    return switch (operand) {
      case Operand.Not not -> {
        PredicateOperand inside = of(at, not.predicate(), scope);
        yield new PredicateOperand(inside.slot, ~inside.flip);
      }
      case Operand.IntegerLiteral literal ->
          new PredicateOperand(-1, literal.value() == 0 ? 0 : -1);
      default -> new PredicateOperand(scope.predicate(at, operand), 0);
    };
  }

  /** The lanes where it is true. */
  int bits(Warp warp) {
    return slot < 0 ? flip : warp.p[slot] ^ flip;
  }
}
