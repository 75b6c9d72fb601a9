package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Space;
import dev.tandem.ptx.text.Type;

/** The address that an operand in brackets gives to each lane. */
final class LaneAddress {
  private final int slot;
  private final long offset;

  /** The bits of the register that is read: addresses of small spaces may come in 32 bits. */
  private final long bits;

  private final Space space;
  private final boolean ownByLane;
  private final long base;

  LaneAddress(Instruction instruction, Scope scope, Operand operand, Space space) {
    if (!(operand instanceof Operand.Address address)) {
      throw instruction.unknown("needs an address, [register] or [variable], got " + operand);
    }
    this.slot = scope.source(instruction, address.base(), Type.B64);
    this.offset = address.offset();
    boolean narrow =
        address.base() instanceof Operand.Register register && register.type().bits() == 32;
    this.bits = narrow ? 0xFFFF_FFFFL : -1;
    this.space = space;
    this.ownByLane = space == Space.LOCAL || space == Space.GENERIC;
    this.base = Windows.base(space);
  }

  /** Whether {@link #flat(long)} is enough: lanes do not have windows of their own. */
  boolean common() {
    return !ownByLane;
  }

  /** The register that the address comes from. */
  long[] row(Warp warp) {
    return warp.r[slot];
  }

  /** The flat address that a register's value gives, in a space where lanes do not have windows of their own. */
  long flat(long register) {
    return base + (register + offset & bits);
  }

  /** The flat address of a lane. Where it leaves its space, {@link MemoryAccess#view} finds out. */
  long flat(Warp warp, int lane) {
    long address = warp.r[slot][lane] + offset & bits;
    return ownByLane ? Flat.of(space, lane, address) : base + address;
  }
}
