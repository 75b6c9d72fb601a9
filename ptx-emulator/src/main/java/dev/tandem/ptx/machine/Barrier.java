package dev.tandem.ptx.machine;

import java.util.Arrays;

/**
 * One of a block's sixteen barriers. A warp has arrived when all its threads that have not exited have; a barrier without a
 * count is complete when every warp has arrived, one with a count when so many threads have, whole warps counted.
 *
 * <p>The PTX ISA takes exited threads out of the count. That they are not waited for is so here too; that they were counted
 * on is reported, for nothing in the program shows that it was meant.
 */
final class Barrier {
  private final Block block;
  private final int number;

  /** By warp: lanes that have come, and those of them that wait. */
  private final int[] arrived;

  private final int[] waiting;

  /** Warps whose lanes have all come; a bit for each. */
  private long warps;

  private boolean used;
  private int expected;

  /** Of {@code bar.red}: how many predicates were true, and how many were not. */
  private int trues;

  private int falses;

  Barrier(Block block, int number, int warps) {
    this.block = block;
    this.number = number;
    this.arrived = new int[warps];
    this.waiting = new int[warps];
  }

  /** Predicates of all lanes that have arrived: how many are true. */
  int trues() {
    return trues;
  }

  int falses() {
    return falses;
  }

  /**
   * Lanes come to a barrier.
   *
   * @param count of threads that the barrier waits for, 0 for all
   * @param votes predicates of {@code bar.red}
   */
  void arrive(Warp warp, BarrierStep step, int mask, int count, int votes) {
    if (used && expected != count) {
      report(
          warp,
          step,
          mask,
          "expects "
              + threads(count)
              + " here, but "
              + threads(expected)
              + " where others came to it");
    }
    if ((warps >>> warp.index & 1) != 0) {
      report(
          warp, step, mask, "is come to again before those that it waits for have come to it once");
    }
    used = true;
    expected = count;
    arrived[warp.index] |= mask;
    waiting[warp.index] |= mask;
    trues += Integer.bitCount(votes & mask);
    falses += Integer.bitCount(~votes & mask);
    warp.stop(mask);
    check(warp);
  }

  private static String threads(int count) {
    return count == 0 ? "all threads" : count + " threads";
  }

  /** Looks whether a warp's arrival, or the exit of some of its threads, was what is waited for. */
  void check(Warp warp) {
    int w = warp.index;
    if (!used) {
      return;
    }
    if (arrived[w] != 0 && (warp.live & ~arrived[w]) == 0 && (warps >>> w & 1) == 0) {
      warps |= 1L << w;
      gather(warp);
    }
    boolean complete =
        expected == 0
            ? (block.living() & ~warps) == 0
            : Long.bitCount(warps) * (long) Warp.LANES >= expected;
    if (complete && warps != 0) {
      complete();
    }
  }

  /** All of a warp has come: lanes that only arrive go on. */
  private void gather(Warp warp) {
    int came = waiting[warp.index];
    int first = Integer.numberOfTrailingZeros(came);
    int same = came == 0 ? 0 : warp.together(came);
    if (same != came && ((BarrierStep) warp.step(first)).aligned) {
      int other = Integer.numberOfTrailingZeros(came & ~same);
      report(
          warp,
          warp.step(first),
          came,
          "lanes of one warp come to it by different instructions, "
              + LaneSet.of(same)
              + " here and others at PTX line "
              + warp.step(other).instruction().line()
              + "; .aligned asks for the same");
    }
    int passing = 0;
    for (int rest = came; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      passing |= ((BarrierStep) warp.step(lane)).waits ? 0 : 1 << lane;
    }
    if (passing != 0) {
      waiting[warp.index] &= ~passing;
      warp.resume(passing);
    }
  }

  private void complete() {
    reportExited();
    block.races.barrier(warps);
    warps = 0;
    used = false;
    for (int w = 0; w < arrived.length; w++) {
      int mask = waiting[w];
      arrived[w] = 0;
      waiting[w] = 0;
      if (mask != 0) {
        finish(block.warps[w], mask);
      }
    }
    trues = 0;
    falses = 0;
  }

  private void finish(Warp warp, int mask) {
    for (int rest = mask; rest != 0; ) {
      int same = warp.together(rest);
      ((BarrierStep) warp.step(Integer.numberOfTrailingZeros(same))).finish(warp, same, this);
      rest &= ~same;
    }
    warp.resume(mask);
  }

  private void reportExited() {
    if (!block.hasExited()) {
      return;
    }
    int exited = 0;
    Warp first = null;
    for (Warp warp : block.warps) {
      if (expected == 0 || (warps >>> warp.index & 1) != 0) {
        exited += Integer.bitCount(warp.lanes & ~warp.live & ~arrived[warp.index]);
      }
      first = first == null && waiting[warp.index] != 0 ? warp : first;
    }
    if (exited > 0 && first != null) {
      report(
          first,
          first.step(Integer.numberOfTrailingZeros(waiting[first.index])),
          waiting[first.index],
          "counts on "
              + threads(expected)
              + " of "
              + block.threads()
              + ", "
              + exited
              + " of them have exited; let every thread come to it");
    }
  }

  /** Nothing in the block can go on: says so of this barrier if threads wait at it. */
  String reportStuck() {
    for (Warp warp : block.warps) {
      int mask = waiting[warp.index];
      if (mask != 0) {
        String text =
            "waits for "
                + threads(expected)
                + " of "
                + block.threads()
                + ": "
                + count(arrived)
                + " have come, "
                + block.elsewhere(arrived);
        Step step = warp.step(Integer.numberOfTrailingZeros(mask));
        report(warp, step, mask, text);
        return "barrier " + number + " at PTX line " + step.instruction().line() + " " + text;
      }
    }
    return "";
  }

  private static int count(int[] lanes) {
    int count = 0;
    for (int mask : lanes) {
      count += Integer.bitCount(mask);
    }
    return count;
  }

  private void report(Warp warp, Step step, int mask, String text) {
    block.launch.sanitizer.report(
        Finding.Kind.BARRIER,
        warp,
        step,
        Integer.numberOfTrailingZeros(mask),
        0,
        "barrier " + number + " " + text);
  }

  /** As before its first use. */
  void clear() {
    Arrays.fill(arrived, 0);
    Arrays.fill(waiting, 0);
    warps = 0;
    used = false;
    trues = 0;
    falses = 0;
  }
}
