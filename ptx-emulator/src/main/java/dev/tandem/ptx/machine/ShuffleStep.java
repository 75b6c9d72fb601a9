package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Type;
import java.util.List;

/** {@code shfl.sync}: each lane takes the value of another of its segment, section 9.7.9.6 of the PTX ISA. */
final class ShuffleStep extends MemberStep {
  /** How the other lane is found. */
  private enum Mode {
    UP,
    DOWN,
    BFLY,
    IDX
  }

  private final Mode mode;
  private final int to;
  private final int predicate;
  private final int value;
  private final int distance;
  private final int bounds;

  ShuffleStep(Instruction instruction, Scope scope) {
    super(instruction, instruction.operand(4), scope);
    List<String> words = instruction.modifiers();
    mode =
        switch (words.size() == 3 && words.getLast().equals("b32") ? words.get(1) : "") {
          case "up" -> Mode.UP;
          case "down" -> Mode.DOWN;
          case "bfly" -> Mode.BFLY;
          case "idx" -> Mode.IDX;
          default -> throw instruction.unknown("is none of shfl.sync.{up,down,bfly,idx}.b32");
        };
    to = WarpSteps.destination(instruction, scope);
    predicate = WarpSteps.predicate(instruction, scope);
    value = scope.source(instruction, instruction.operand(1), Type.B32);
    distance = scope.source(instruction, instruction.operand(2), Type.U32);
    bounds = scope.source(instruction, instruction.operand(3), Type.U32);
  }

  @Override
  void offer(Warp warp, int mask) {
    long[] row = warp.r[value];
    if (mask == -1) {
      System.arraycopy(row, 0, warp.offered, 0, Warp.LANES);
    } else {
      for (int rest = mask; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        warp.offered[lane] = row[lane];
      }
    }
  }

  @Override
  void take(Warp warp, int mask, int all) {
    long[] result = warp.r[to];
    int inside = 0;
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      int other = other(lane, (int) warp.r[distance][lane], (int) warp.r[bounds][lane]);
      if (other >= 0) {
        inside |= 1 << lane;
      } else {
        other = lane;
      }
      result[lane] =
          (all >>> other & 1) != 0 ? warp.offered[other] & 0xFFFFFFFFL : absent(warp, lane, other);
    }
    WarpSteps.set(warp, predicate, mask, inside);
  }

  /** The lane to read, or -1 where it would lie outside the segment or beyond the clamp. */
  private int other(int lane, int b, int c) {
    int by = b & 31;
    int segment = c >>> 8 & 31;
    int least = lane & segment;
    int most = least | c & 31 & ~segment;
    int other =
        switch (mode) {
          case UP -> lane - by;
          case DOWN -> lane + by;
          case BFLY -> lane ^ by;
          case IDX -> least | by & ~segment;
        };
    boolean inside = mode == Mode.UP ? other >= most : other <= most;
    return inside ? other : -1;
  }

  private long absent(Warp warp, int lane, int other) {
    report(
        warp,
        lane,
        "reads lane "
            + other
            + ", which "
            + ((warp.live >>> other & 1) == 0 ? "has exited without coming here" : "takes no part")
            + "; its value is undefined");
    return warp.r[value][other] & 0xFFFFFFFFL;
  }
}
