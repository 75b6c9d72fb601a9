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
    } else {
      int first = Integer.numberOfTrailingZeros(mask);
      View view = MemoryAccess.view(warp, access, first, address.flat(warp, first));
      if (together(warp, mask, view)) {
        all(warp, view.region());
      } else {
        values(warp, mask, view);
      }
    }
  }

  /** Whether nothing is wrong with any lane's access, so that they need not be looked at one by one. */
  private boolean together(Warp warp, int mask, View view) {
    return address.inside(warp, mask, view, access.bytes())
        && (view.region().written == null || MemoryAccess.writingAll(warp, access, view.region()));
  }

  /** Stores at {@link Warp#offsets}. */
  private void all(Warp warp, Region region) {
    LaneOffsets offsets = warp.offsets;
    if (slots.length == 1 && bytes == 4) {
      words(region.content, offsets, warp.r[slots[0]]);
      return;
    }
    for (int lane = offsets.first; lane < offsets.end; lane++) {
      long offset = offsets.at[lane];
      for (int slot : slots) {
        region.store(offset, bytes, warp.r[slot][lane]);
        offset += bytes;
      }
    }
  }

  private static void words(MemorySegment content, LaneOffsets offsets, long[] source) {
    long[] at = offsets.at;
    for (int lane = offsets.first; lane < offsets.end; lane++) {
      content.set(ValueLayout.JAVA_INT_UNALIGNED, at[lane], (int) source[lane]);
    }
  }

  /**
   * @param found what the first of the lanes has found
   */
  private void values(Warp warp, int mask, View found) {
    View view = found;
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
