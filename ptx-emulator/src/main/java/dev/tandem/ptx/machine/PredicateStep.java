package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;

/** Logic on predicates: all lanes in one operation. */
final class PredicateStep extends Step {
  private final int to;
  private final BooleanOperation operation;
  private final PredicateOperand a;
  private final PredicateOperand b;

  PredicateStep(
      Instruction instruction,
      int to,
      BooleanOperation operation,
      PredicateOperand a,
      PredicateOperand b) {
    super(instruction);
    this.to = to;
    this.operation = operation;
    this.a = a;
    this.b = b;
  }

  @Override
  public void run(Warp warp, int mask) {
    int result = operation.apply(a.bits(warp), b.bits(warp));
    warp.p[to] = warp.p[to] & ~mask | result & mask;
  }
}
