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

  /**
   * Finds {@link Warp#offsets} where the lanes are a run, keep to a view, and are aligned.
   *
   * @param view not of local memory, which is no lane's but its own
   * @return whether it is so; else lanes are to be looked at one by one
   */
  boolean inside(Warp warp, int mask, View view, int bytes) {
    LaneOffsets offsets = warp.offsets;
    int first = Integer.numberOfTrailingZeros(mask);
    int end = Long.SIZE / 2 - Integer.numberOfLeadingZeros(mask);
    if (Integer.bitCount(mask) != end - first || space == Space.LOCAL) {
      return false;
    }
    long[] row = warp.r[slot];
    long[] at = offsets.at;
    long move = base - view.start();
    long shift = view.start() - view.origin();
    long last = view.length() - bytes;
    long outside = 0;
    long bitsOfAll = 0;
    for (int lane = first; lane < end; lane++) {
      long within = (row[lane] + offset & bits) + move;
      outside |= within | last - within;
      bitsOfAll |= within + shift;
      at[lane] = within + shift;
    }
    offsets.first = first;
    offsets.end = end;
    return outside >= 0 && (bitsOfAll & bytes - 1) == 0;
  }

  /** The address of a lane as the instruction has it, in its own space. */
  long of(Warp warp, int lane) {
    return warp.r[slot][lane] + offset & bits;
  }

  /** The flat address of a lane. Where it leaves its space, {@link MemoryAccess#view} finds out. */
  long flat(Warp warp, int lane) {
    long address = of(warp, lane);
    return ownByLane ? Flat.of(space, lane, address) : base + address;
  }
}
