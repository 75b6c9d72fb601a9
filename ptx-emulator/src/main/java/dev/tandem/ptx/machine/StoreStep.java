package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** {@code st}: one or several values from registers to consecutive places. */
final class StoreStep extends Step {
  private final Access access;
  private final LaneAddress address;
  private final int[] slots;

  /** Bytes of one value. */
  private final int bytes;

  StoreStep(Instruction instruction, LaneAddress address, Values values) {
    super(instruction);
    this.address = address;
    this.slots = values.slots();
    this.bytes = values.bytes();
    this.access = Access.of(this, values.space(), bytes * slots.length, Access.Mode.WRITE);
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
    long[] source = warp.r[slots[0]];
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
        look(warp, lane, view.region(), offset);
      }
      content.set(ValueLayout.JAVA_INT, offset, (int) source[lane]);
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
        look(warp, lane, region, offset);
      }
      for (int slot : slots) {
        region.store(offset, bytes, warp.r[slot][lane]);
        offset += bytes;
      }
    }
  }

  private void strong(Warp warp, int mask) {
    Races races = warp.block.races;
    if (access.order().releases()) {
      races.release(warp, access.reach());
    }
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      long at = address.flat(warp, lane);
      View view = MemoryAccess.view(warp, access, lane, at);
      Region region = view.region();
      long offset = at - view.origin();
      if (region.written != null) {
        look(warp, lane, region, offset);
      }
      if (region.races != null) {
        races.tell(warp, access, region, offset);
      }
      for (int i = 0; i < slots.length; i++) {
        region.storeStrong(offset + (long) i * bytes, bytes, warp.r[slots[i]][lane]);
      }
    }
  }

  private void look(Warp warp, int lane, Region region, long offset) {
    Races.Other twin = MemoryAccess.writing(warp, access, lane, region, offset);
    if (twin != null && differs(warp, lane, region, offset)) {
      warp.block.races.different(warp, access, lane, twin);
    }
  }

  private boolean differs(Warp warp, int lane, Region region, long offset) {
    long bits = -1L >>> Long.SIZE - 8 * bytes;
    for (int i = 0; i < slots.length; i++) {
      long value = warp.r[slots[i]][lane];
      if (((region.load(offset + (long) i * bytes, bytes) ^ value) & bits) != 0) {
        return true;
      }
    }
    return false;
  }
}
