package dev.tandem.ptx.machine;

import java.util.Arrays;

/**
 * 32 lanes that run together. Lanes that stand at the same instruction form a group; the group that is furthest behind runs
 * first, so that lanes which parted meet again where their ways do.
 */
public final class Warp {
  public static final int LANES = 32;

  /**
   * Instructions after which, where lanes have been apart all that time, the groups take turns for as long: those that are
   * behind may be waiting for what one ahead is going to write.
   */
  private static final int PATIENCE = 256;

  /** Registers: {@code r[slot][lane]}. Rows of constants are shared by all warps. */
  final long[][] r;

  /** Predicates: a bit for each lane. */
  final int[] p;

  /** The carry flag, CC.CF: a bit for each lane. */
  int carry;

  final Block block;

  /** Its number in the block. */
  final int index;

  /** The lanes that have a thread; the last warp of a block may lack some. */
  final int lanes;

  LocalMemory local;

  /** The lanes whose thread has not exited. */
  int live;

  /** Where the {@link ControlStep} stands that is being run. */
  int pc;

  /** Where a load or store goes whose lanes are looked at together, see {@link LaneAddress#inside}. */
  final LaneOffsets offsets = new LaneOffsets();

  /** What lanes bring to an exchange, see {@link MemberStep}. */
  final long[] offered = new long[LANES];

  /** The same of predicates. */
  int votes;

  /** Groups of lanes that can go on, by where they stand. */
  private final int[] places = new int[LANES];

  private final int[] groups = new int[LANES];
  private int ready;

  /** Lanes that wait for others of this warp, at {@link #stops} and with {@link #members}. */
  private int meeting;

  private final int[] members = new int[LANES];

  /** Where lanes wait, be it for their warp or at a barrier. */
  private final int[] stops = new int[LANES];

  private long steps;
  private long executed;
  private long parted;
  private int turn;
  private boolean paused;

  Warp(Block block, int index, int lanes, int slots, int predicateSlots) {
    this(block, index, lanes, new long[slots][LANES], predicateSlots);
  }

  /**
   * @param rows its registers
   */
  Warp(Block block, int index, int lanes, long[][] rows, int predicateSlots) {
    this.block = block;
    this.index = index;
    this.lanes = lanes;
    this.r = rows;
    this.p = new int[predicateSlots];
  }

  /** A lane's number in the block. */
  int thread(int lane) {
    return index * LANES + lane;
  }

  /** A clock that is the same in every run: the instructions this warp has executed in its block. */
  long clock() {
    return steps;
  }

  /** Thread instructions executed since {@link #begin}. */
  long executed() {
    return executed;
  }

  /** Puts all lanes before the first instruction. */
  void begin() {
    live = lanes;
    ready = 0;
    meeting = 0;
    carry = 0;
    steps = 0;
    executed = 0;
    parted = 0;
    Arrays.fill(p, 0);
    go(0, lanes);
  }

  boolean ready() {
    return ready > 0;
  }

  /** The first instruction at which lanes can go on. */
  Step at() {
    return block.launch.program.code[places[0]];
  }

  /** The first lane that stands there. */
  int first() {
    return Integer.numberOfTrailingZeros(groups[0]);
  }

  /** Runs until no lane can go on, or for about so many instructions; says how many it were. */
  long run(long quantum) {
    Program program = block.launch.program;
    long before = steps;
    long stop = steps + quantum;
    paused = false;
    while (ready > 0 && steps < stop && !paused) {
      int at = ready == 1 ? alone() : choose(program);
      int from = places[at];
      int mask = groups[at];
      int next = at + 1 < ready ? places[at + 1] : Integer.MAX_VALUE;
      int end = Math.min(program.controls[from], next);
      straight(program.code, from, end, mask);
      steps += end - from;
      leave(at);
      if (end == next) {
        go(end, mask);
      } else {
        control(program.code[end], end, mask);
      }
    }
    return steps - before;
  }

  /** Leaves the rest of this turn to others. */
  void pause() {
    paused = true;
  }

  private int alone() {
    parted = steps;
    return 0;
  }

  private int choose(Program program) {
    boolean patient = !program.observant || (steps - parted & PATIENCE) == 0;
    return patient ? 0 : turn++ % ready;
  }

  private void straight(Step[] code, int from, int end, int mask) {
    int taking = Integer.bitCount(mask);
    long count = (long) taking * (end - from);
    for (int i = from; i < end; i++) {
      Step step = code[i];
      if (step.guard < 0) {
        step.run(this, mask);
      } else {
        int active = mask & (p[step.guard] ^ step.guardFlip);
        count += Integer.bitCount(active) - taking;
        if (active != 0) {
          step.run(this, active);
        }
      }
    }
    executed += count;
  }

  private void control(Step step, int place, int mask) {
    int active = step.guard < 0 ? mask : mask & (p[step.guard] ^ step.guardFlip);
    executed += Integer.bitCount(active);
    steps++;
    pc = place;
    if (active != mask) {
      go(place + 1, mask & ~active);
    }
    if (active == 0) {
      return;
    }
    step.run(this, active);
    if (!(step instanceof ControlStep)) {
      go(place + 1, active);
    }
  }

  /** Lanes go on at a place in the code. */
  void go(int place, int mask) {
    int i = 0;
    while (i < ready && places[i] < place) {
      i++;
    }
    if (i < ready && places[i] == place) {
      groups[i] |= mask;
      return;
    }
    for (int k = ready; k > i; k--) {
      places[k] = places[k - 1];
      groups[k] = groups[k - 1];
    }
    places[i] = place;
    groups[i] = mask;
    ready++;
  }

  private void leave(int at) {
    ready--;
    for (int k = at; k < ready; k++) {
      places[k] = places[k + 1];
      groups[k] = groups[k + 1];
    }
  }

  /** Threads end. What others await of them comes no more. */
  void exit(int mask) {
    live &= ~mask;
    int rest = meeting;
    while (rest != 0) {
      int mates = mates(Integer.numberOfTrailingZeros(rest));
      rest &= ~mates;
      release(mates, false);
    }
    block.exited(this, mask);
  }

  /** Lanes stop here until {@link #resume}. */
  void stop(int mask) {
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      stops[Integer.numberOfTrailingZeros(rest)] = pc;
    }
  }

  /** Where a lane stopped that waits. */
  int stopOf(int lane) {
    return stops[lane];
  }

  /** Those of some waiting lanes that stopped where the first of them did. */
  int together(int mask) {
    int place = stops[Integer.numberOfTrailingZeros(mask)];
    int same = 0;
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      same |= stops[lane] == place ? 1 << lane : 0;
    }
    return same;
  }

  /** Lanes go on after the instruction at which they stopped. */
  void resume(int mask) {
    for (int rest = mask; rest != 0; ) {
      int same = together(rest);
      go(stops[Integer.numberOfTrailingZeros(rest)] + 1, same);
      rest &= ~same;
    }
  }

  /** Lanes wait at a {@link MemberStep} for the other members that have not exited. */
  void meet(int mask, int memberMask) {
    stop(mask);
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      members[Integer.numberOfTrailingZeros(rest)] = memberMask;
    }
    meeting |= mask;
    release(mates(Integer.numberOfTrailingZeros(mask)), false);
  }

  /** Lanes that wait for the same members to do the same as this one. */
  private int mates(int lane) {
    MemberStep step = (MemberStep) step(lane);
    int same = 0;
    for (int rest = meeting; rest != 0; rest &= rest - 1) {
      int other = Integer.numberOfTrailingZeros(rest);
      if (members[other] == members[lane]
          && (stops[other] == stops[lane] || step.meets((MemberStep) step(other)))) {
        same |= 1 << other;
      }
    }
    return same;
  }

  private void release(int here, boolean forced) {
    int memberMask = members[Integer.numberOfTrailingZeros(here)];
    if (!forced && (memberMask & live & ~here) != 0) {
      return;
    }
    meeting &= ~here;
    for (int rest = here; rest != 0; ) {
      int same = together(rest);
      ((MemberStep) step(Integer.numberOfTrailingZeros(same))).offer(this, same);
      rest &= ~same;
    }
    for (int rest = here; rest != 0; ) {
      int same = together(rest);
      ((MemberStep) step(Integer.numberOfTrailingZeros(same))).take(this, same, here);
      rest &= ~same;
    }
    resume(here);
  }

  /** Where nothing in the block can go on: lets lanes go on without those that do not come. False if none was waiting. */
  boolean meetWithoutOthers() {
    if (meeting == 0) {
      return false;
    }
    int lane = Integer.numberOfTrailingZeros(meeting);
    int here = mates(lane);
    int missing = members[lane] & live & ~here;
    block.launch.sanitizer.report(
        Finding.Kind.SHUFFLE,
        this,
        step(lane),
        lane,
        0,
        "waits for lanes "
            + LaneSet.of(members[lane])
            + "; lanes "
            + LaneSet.of(missing)
            + " never come, they wait at PTX line "
            + step(Integer.numberOfTrailingZeros(missing)).instruction().line());
    release(here, true);
    return true;
  }

  /** The step at which a lane stopped. */
  Step step(int lane) {
    return block.launch.program.code[stops[lane]];
  }
}
