package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Type;

/** The address that each lane gives to a matrix instruction. */
final class MatrixAddress {
  private final int slot;
  private final boolean narrow;
  private final long offset;

  MatrixAddress(Instruction instruction, Scope scope, Operand operand) {
    if (!(operand instanceof Operand.Address address)) {
      throw instruction.unknown("needs an address, [register] or [variable]");
    }
    this.slot = scope.source(instruction, address.base(), Type.B64);
    this.narrow =
        address.base() instanceof Operand.Register register && register.type().bits() == 32;
    this.offset = address.offset();
  }

  long of(Warp warp, int lane) {
    long base = warp.r[slot][lane];
    return (narrow ? base & 0xffff_ffffL : base) + offset;
  }
}
