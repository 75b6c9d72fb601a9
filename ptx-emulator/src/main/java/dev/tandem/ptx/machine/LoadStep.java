package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** {@code ld} and {@code ldu}: one or several values from consecutive places into registers. */
final class LoadStep extends Step {
  private final Access access;
  private final LaneAddress address;
  private final int[] slots;

  /** Bytes of one value. */
  private final int bytes;

  /** By how much a value is shifted up and back down, to extend it. */
  private final int shift;

  private final boolean signed;

  LoadStep(Instruction instruction, LaneAddress address, Values values) {
    super(instruction);
    this.address = address;
    this.slots = values.slots();
    this.bytes = values.bytes();
    this.shift = Long.SIZE - 8 * bytes;
    this.signed = values.signed();
    this.access = Access.of(this, values.space(), bytes * slots.length, Access.Mode.READ);
  }

  @Override
  public void run(Warp warp, int mask) {
    if (access.order() != Order.WEAK) {
      strong(warp, mask);
    } else if (slots.length == 1 && bytes == 4 && address.common()) {
      words(warp, mask);
    } else {
      values(warp, mask);
    }
  }

  /** The common case, with all that the loop needs in local variables. */
  private void words(Warp warp, int mask) {
    long[] row = address.row(warp);
    long[] target = warp.r[slots[0]];
    View view = View.NONE;
    MemorySegment content = null;
    boolean watched = false;
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      long at = address.flat(row[lane]);
      if (!view.holds(at, 4) || (at & 3) != 0) {
        view = MemoryAccess.view(warp, access, lane, at);
        content = view.region().content;
        watched = view.region().written != null;
      }
      long offset = at - view.origin();
      if (watched) {
        MemoryAccess.reading(warp, access, lane, view.region(), offset);
      }
      int value = content.get(ValueLayout.JAVA_INT, offset);
      target[lane] = signed ? value : value & 0xFFFF_FFFFL;
    }
  }

  private void values(Warp warp, int mask) {
    View view = View.NONE;
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      long at = address.flat(warp, lane);
      if (!view.holds(at, access.bytes()) || (at & access.bytes() - 1) != 0) {
        view = MemoryAccess.view(warp, access, lane, at);
      }
      Region region = view.region();
      long offset = at - view.origin();
      if (region.written != null) {
        MemoryAccess.reading(warp, access, lane, region, offset);
      }
      for (int slot : slots) {
        warp.r[slot][lane] = extend(region.load(offset, bytes));
        offset += bytes;
      }
    }
  }

  private void strong(Warp warp, int mask) {
    boolean watched = false;
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      long at = address.flat(warp, lane);
      View view = MemoryAccess.view(warp, access, lane, at);
      Region region = view.region();
      long offset = at - view.origin();
      if (region.written != null) {
        MemoryAccess.reading(warp, access, lane, region, offset);
      }
      for (int i = 0; i < slots.length; i++) {
        warp.r[slots[i]][lane] = extend(region.loadStrong(offset + (long) i * bytes, bytes));
      }
      if (region.races != null) {
        warp.block.races.hear(warp, region, offset);
        watched = true;
      }
    }
    if (watched && access.order().acquires()) {
      warp.block.races.acquire(warp);
    }
  }

  private long extend(long value) {
    return signed ? value << shift >> shift : value;
  }
}
