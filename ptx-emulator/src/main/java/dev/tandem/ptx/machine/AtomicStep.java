package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Type;

/**
 * {@code atom} and {@code red} on values of 2, 4 or 8 bytes, or on several neighbours one after the other. Lanes take turns
 * in their order.
 */
final class AtomicStep extends Step {
  private final Access access;
  private final LaneAddress address;
  private final AtomicSlots slots;
  private final AtomicUpdate update;
  private final boolean flushedOnGlobal;

  /** Bytes of one value. */
  private final int bytes;

  AtomicStep(Instruction instruction, LaneAddress address, AtomicSlots slots, AtomicUpdate update) {
    super(instruction);
    Type type = instruction.type();
    this.address = address;
    this.slots = slots;
    this.update = update;
    this.bytes = type.bytes();
    this.flushedOnGlobal = type == Type.F32 && instruction.has("add");
    this.access =
        Access.of(this, instruction.space(), bytes * slots.given().length, Access.Mode.ATOMIC);
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
      values(warp, lane, region, offset);
      if (watched) {
        races.hear(warp, region, offset);
      }
    }
    if (watched && access.order().acquires()) {
      races.acquire(warp);
    }
  }

  private void values(Warp warp, int lane, Region region, long offset) {
    int[] given = slots.given();
    for (int i = 0; i < given.length; i++) {
      long first = warp.r[given[i]][lane];
      long second = warp.r[slots.swapped()[i]][lane];
      long old = one(region, offset + (long) i * bytes, first, second);
      if (slots.targets().length > 0) {
        warp.r[slots.targets()[i]][lane] = old;
      }
    }
  }

  private long one(Region region, long offset, long given, long swapped) {
    return switch (bytes) {
      case 8 -> {
        long old;
        do {
          old = (long) Region.LONG.getVolatile(region.content, offset);
        } while (!Region.LONG.compareAndSet(
            region.content, offset, old, update.apply(old, given, swapped)));
        yield old;
      }
      case 4 -> {
        int old;
        do {
          old = (int) Region.INT.getVolatile(region.content, offset);
        } while (!Region.INT.compareAndSet(
            region.content, offset, old, (int) updated(region, old, given, swapped)));
        yield instruction().type().signed() ? old : old & 0xFFFF_FFFFL;
      }
      default -> half(region, offset, given, swapped);
    };
  }

  private long updated(Region region, int old, long given, long swapped) {
    boolean flushed = flushedOnGlobal && region.origin != 0;
    return flushed ? AtomicOperation.addFlushed(old, given) : update.apply(old, given, swapped);
  }

  /** Java has no atomic access to two bytes, so that the word around them is exchanged. */
  private long half(Region region, long offset, long given, long swapped) {
    long word = offset & -4;
    int shift = 8 * (int) (offset & 2);
    int old;
    long was;
    int now;
    do {
      old = (int) Region.INT.getVolatile(region.content, word);
      was = old >>> shift & 0xFFFF;
      long made = update.apply(was, given, swapped) & 0xFFFF;
      now = old & ~(0xFFFF << shift) | (int) made << shift;
    } while (!Region.INT.compareAndSet(region.content, word, old, now));
    return was;
  }
}
