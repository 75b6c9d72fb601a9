package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;

/**
 * What {@code setp} and {@code set} ask: a comparison, of packed operands two, and the predicate it is joined with.
 *
 * @param first of the low halves where there are halves
 * @param second of the high halves, or null
 * @param operation how to join it with the predicate, or null
 * @param with the predicate, or null
 */
record Question(
    LaneTest first, LaneTest second, BooleanOperation operation, PredicateOperand with) {
  /**
   * @param from slots of what is compared
   * @param joined the operand that the answer is joined with, or null
   */
  static Question of(Instruction at, Form form, int[] from, Operand joined, Scope scope) {
    boolean packed = form.sources().stream().anyMatch(Form::packed);
    LaneTest first = LoopFactory.test(packed ? form.part(Form.Part.LOW) : form, from);
    LaneTest second = packed ? LoopFactory.test(form.part(Form.Part.HIGH), from) : null;
    if (joined == null) {
      return new Question(first, second, null, null);
    }
    BooleanOperation operation =
        BooleanOperation.of(at).orElseThrow(() -> at.unknown("joins by .and, .or or .xor"));
    return new Question(first, second, operation, PredicateOperand.of(at, joined, scope));
  }

  /** The answer about the only or the low halves, joined with the predicate. */
  int low(Warp warp, int mask) {
    return join(warp, first.test(warp, mask)) & mask;
  }

  /** About the high halves. */
  int high(Warp warp, int mask) {
    return join(warp, second.test(warp, mask)) & mask;
  }

  /** The opposite comparison, joined with the predicate. */
  int opposite(Warp warp, int mask) {
    return join(warp, ~first.test(warp, mask)) & mask;
  }

  private int join(Warp warp, int answer) {
    return operation == null ? answer : operation.apply(answer, with.bits(warp));
  }
}
