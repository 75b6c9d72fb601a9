package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Type;

/**
 * An instruction with a member mask: a lane waits until all members that have not exited have come to it too, or to another
 * with the same qualifiers and the same mask, as the PTX ISA says of shfl.sync, vote.sync, match.sync, redux.sync and
 * bar.warp.sync. Then each lane offers what it has, and after that each takes what it wants.
 */
abstract class MemberStep extends ControlStep {
  private final int members;
  private final boolean uniform;

  MemberStep(Instruction instruction, Operand members, Scope scope) {
    super(instruction);
    this.members = scope.source(instruction, members, Type.B32);
    this.uniform = members instanceof Operand.IntegerLiteral;
  }

  @Override
  public final void run(Warp warp, int mask) {
    long[] row = warp.r[members];
    int first = (int) row[Integer.numberOfTrailingZeros(mask)];
    if ((first & warp.live) == mask && (uniform || same(row, mask, first) == mask)) {
      offer(warp, mask);
      take(warp, mask, mask);
      warp.go(warp.pc + 1, mask);
    } else {
      meet(warp, mask, row);
    }
  }

  private void meet(Warp warp, int mask, long[] row) {
    for (int rest = mask; rest != 0; ) {
      int memberMask = (int) row[Integer.numberOfTrailingZeros(rest)];
      int same = same(row, rest, memberMask);
      rest &= ~same;
      int strangers = same & ~memberMask;
      if (strangers != 0) {
        report(
            warp,
            Integer.numberOfTrailingZeros(strangers),
            "lanes "
                + LaneSet.of(strangers)
                + " execute it with a mask of lanes "
                + LaneSet.of(memberMask)
                + " that they are not in");
      }
      warp.meet(same, memberMask);
    }
  }

  private static int same(long[] row, int mask, int value) {
    int same = 0;
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      same |= (int) row[lane] == value ? 1 << lane : 0;
    }
    return same;
  }

  final void report(Warp warp, int lane, String message) {
    warp.block.launch.sanitizer.report(Finding.Kind.SHUFFLE, warp, this, lane, 0, message);
  }

  /** Whether lanes at this step and lanes at that one can meet. */
  final boolean meets(MemberStep other) {
    return instruction().name().equals(other.instruction().name());
  }

  /** Lanes put what they bring into {@link Warp#offered} or {@link Warp#votes}. */
  abstract void offer(Warp warp, int mask);

  /**
   * Lanes compute their results.
   *
   * @param mask lanes that execute this step
   * @param all lanes that have offered something
   */
  abstract void take(Warp warp, int mask, int all);
}
