package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;

/** An atomic operation. Lanes take turns in their order; each leaves and takes up what orders memory round it. */
abstract class AtomicAccessStep extends Step {
  private final Access access;
  private final LaneAddress address;

  AtomicAccessStep(Instruction instruction, LaneAddress address, int bytes) {
    super(instruction);
    this.address = address;
    this.access = Access.of(this, instruction.space(), bytes, Access.Mode.ATOMIC);
  }

  @Override
  public final void run(Warp warp, int mask) {
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
      update(warp, lane, region, offset);
      if (watched) {
        races.hear(warp, region, offset);
      }
    }
    if (watched && access.order().acquires()) {
      races.acquire(warp);
    }
  }

  /** Does the operation of one lane, whose place has been looked at. */
  abstract void update(Warp warp, int lane, Region region, long offset);
}
