package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Type;

/**
 * {@code atom} and {@code red} on values of 2, 4 or 8 bytes, or on several neighbours one after the other. Lanes take turns
 * in their order.
 */
final class AtomicStep extends AtomicAccessStep {
  private final AtomicSlots slots;
  private final AtomicUpdate update;
  private final boolean flushedOnGlobal;

  /** Bytes of one value. */
  private final int bytes;

  AtomicStep(Instruction instruction, LaneAddress address, AtomicSlots slots, AtomicUpdate update) {
    super(instruction, address, instruction.type().bytes() * slots.given().length);
    Type type = instruction.type();
    this.slots = slots;
    this.update = update;
    this.bytes = type.bytes();
    this.flushedOnGlobal = type == Type.F32 && instruction.has("add");
  }

  @Override
  void update(Warp warp, int lane, Region region, long offset) {
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
