package dev.tandem.ptx.machine;

/** A question put to each lane's operands. {@link LoopFactory} writes its subclasses. */
abstract class LaneTest {
  /** Stands for the slot of the carry flag where a predicate's slot could stand. */
  static final int CARRY = -1;

  final int a;
  final int b;
  final int c;
  final int d;

  LaneTest(int[] from) {
    this.a = at(from, 0);
    this.b = at(from, 1);
    this.c = at(from, 2);
    this.d = at(from, 3);
  }

  /**
   * The lanes where the answer is yes.
   *
   * @param mask the lanes asked; all others are not in the result
   */
  abstract int test(Warp warp, int mask);

  /** The lanes where a predicate, or the carry flag, is set. */
  static int predicate(Warp warp, int slot) {
    return slot == CARRY ? warp.carry : warp.p[slot];
  }

  static int at(int[] slots, int i) {
    return i < slots.length ? slots[i] : 0;
  }
}
