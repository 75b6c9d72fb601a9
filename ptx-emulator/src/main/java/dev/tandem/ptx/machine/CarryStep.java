package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;

/** Arithmetic that sets the carry flag. */
final class CarryStep extends Step {
  private final LaneStep value;
  private final LaneTest carry;

  CarryStep(Instruction instruction, LaneStep value, LaneTest carry) {
    super(instruction);
    this.value = value;
    this.carry = carry;
  }

  @Override
  public void run(Warp warp, int mask) {
    // Asked before the value is written, whose register may be an operand's.
    int out = carry.test(warp, mask);
    value.run(warp, mask);
    warp.carry = warp.carry & ~mask | out;
  }
}
