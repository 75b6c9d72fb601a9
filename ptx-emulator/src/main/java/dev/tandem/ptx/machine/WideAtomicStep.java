package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;

/** {@code atom.cas} and {@code atom.exch} on 16 bytes. They exclude each other; other accesses see halves. */
final class WideAtomicStep extends Step {
  private final Access access;
  private final LaneAddress address;
  private final AtomicSlots slots;
  private final boolean compares;

  WideAtomicStep(Instruction instruction, LaneAddress address, AtomicSlots slots) {
    super(instruction);
    this.address = address;
    this.slots = slots;
    this.compares = instruction.has("cas");
    this.access = Access.of(this, instruction.space(), 16, Access.Mode.ATOMIC);
    if (slots.targets().length == 0) {
      throw instruction.unknown("of 16 bytes is known as atom only");
    }
  }

  @Override
  public void run(Warp warp, int mask) {
    Races races = warp.block.races;
    if (access.order().releases()) {
      races.release(warp, access.reach());
    }
    boolean watched = false;
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      long at = address.flat(warp, lane);
      View view = MemoryAccess.view(warp, access, lane, at);
      Region region = view.region();
      long offset = at - view.origin();
      if (region.written != null) {
        MemoryAccess.updating(warp, access, lane, region, offset);
      }
      watched = region.races != null;
      if (watched) {
        races.tell(warp, access, region, offset);
      }
      swap(warp, lane, region, offset);
      if (watched) {
        races.hear(warp, region, offset);
      }
    }
    if (watched && access.order().acquires()) {
      races.acquire(warp);
    }
  }

  private void swap(Warp warp, int lane, Region region, long offset) {
    long[][] r = warp.r;
    synchronized (region) {
      long low = region.loadStrong(offset, 8);
      long high = region.loadStrong(offset + 8, 8);
      boolean writes =
          !compares || low == r[slots.given()[0]][lane] && high == r[slots.given()[1]][lane];
      if (writes) {
        region.storeStrong(offset, 8, r[slots.swapped()[0]][lane]);
        region.storeStrong(offset + 8, 8, r[slots.swapped()[1]][lane]);
      }
      r[slots.targets()[0]][lane] = low;
      r[slots.targets()[1]][lane] = high;
    }
  }
}
