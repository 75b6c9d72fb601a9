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
        && (view.region().written == null || MemoryAccess.readingAll(warp, access, view.region()));
  }

  /** Loads at {@link Warp#offsets}. */
  private void all(Warp warp, Region region) {
    LaneOffsets offsets = warp.offsets;
    for (int i = 0; i < slots.length; i++) {
      long[] target = warp.r[slots[i]];
      if (bytes == 4) {
        words(region.content, offsets, 4L * i, target);
      } else {
        for (int lane = offsets.first; lane < offsets.end; lane++) {
          target[lane] = extend(region.load(offsets.at[lane] + (long) i * bytes, bytes));
        }
      }
    }
  }

  private void words(MemorySegment content, LaneOffsets offsets, long beyond, long[] target) {
    long[] at = offsets.at;
    long kept = signed ? -1 : 0xFFFF_FFFFL;
    for (int lane = offsets.first; lane < offsets.end; lane++) {
      target[lane] = content.get(ValueLayout.JAVA_INT_UNALIGNED, at[lane] + beyond) & kept;
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
