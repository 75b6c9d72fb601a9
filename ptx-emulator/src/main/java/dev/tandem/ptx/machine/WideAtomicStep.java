package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;

/** {@code atom.cas} and {@code atom.exch} on 16 bytes. They exclude each other; other accesses see halves. */
final class WideAtomicStep extends AtomicAccessStep {
  private static final int BYTES = 16;

  private final AtomicSlots slots;
  private final boolean compares;

  WideAtomicStep(Instruction instruction, LaneAddress address, AtomicSlots slots) {
    super(instruction, address, BYTES);
    this.slots = slots;
    this.compares = instruction.has("cas");
    if (slots.targets().length == 0) {
      throw instruction.unknown("of 16 bytes is known as atom only");
    }
  }

  @Override
  void update(Warp warp, int lane, Region region, long offset) {
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
