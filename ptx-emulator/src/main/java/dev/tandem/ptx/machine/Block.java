package dev.tandem.ptx.machine;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.ptx.text.Instruction;
import java.util.Map;
import java.util.TreeMap;

/** A block of warps that share memory and barriers. One object runs block after block. */
final class Block {
  static final int BARRIERS = 16;

  /** Warp instructions after which the block's next warp has its turn. */
  private static final int QUANTUM = 8192;

  /** The same where a warp may be waiting for what another is going to write. */
  private static final int OBSERVANT_QUANTUM = 512;

  final Launch launch;
  final SharedMemory shared;
  final Races races;
  final Warp[] warps;

  /** Its place in the grid. */
  int x;

  int y;
  int z;

  /** What was found in the block that it is now. */
  BlockFindings findings = new BlockFindings();

  private final Barrier[] barriers = new Barrier[BARRIERS];
  private final StringBuilder printed = new StringBuilder();
  private long number;
  private long living;
  private boolean exits;
  private int turn;
  private long steps;

  Block(Launch launch) {
    this.launch = launch;
    Program program = launch.program;
    int threads = (int) launch.shape.threads();
    this.shared = new SharedMemory(launch.sharedBytes(), launch.sanitizer);
    this.warps = new Warp[(threads + Warp.LANES - 1) / Warp.LANES];
    for (int w = 0; w < warps.length; w++) {
      int lanes = Math.min(Warp.LANES, threads - w * Warp.LANES);
      int mask = lanes == Warp.LANES ? -1 : (1 << lanes) - 1;
      warps[w] = new Warp(this, w, mask, program.rows(), program.predicateSlots());
      program.equip(warps[w]);
      if (program.localBytes() > 0) {
        warps[w].local = new LocalMemory(program.localBytes(), launch.sanitizer);
      }
    }
    this.races = new Races(this);
  }

  /** Makes it the block of that number, its threads before their first instruction. */
  void begin(long block) {
    number = block;
    findings = new BlockFindings();
    LaunchShape shape = launch.shape;
    x = (int) (block % shape.gridX());
    y = (int) (block / shape.gridX() % shape.gridY());
    z = (int) (block / shape.gridX() / shape.gridY());
    living = warps.length == Long.SIZE ? -1 : (1L << warps.length) - 1;
    exits = false;
    turn = 0;
    steps = 0;
    printed.setLength(0);
    shared.reset(launch.sharedBytes());
    races.begin(this);
    for (Barrier barrier : barriers) {
      if (barrier != null) {
        barrier.clear();
      }
    }
    for (Warp warp : warps) {
      launch.program.prepare(warp);
      warp.begin();
      if (warp.local != null) {
        warp.local.reset();
      }
    }
  }

  /** Runs on for about so many warp instructions, or to the end: then it says true. */
  boolean run(long quantum) {
    long stop = steps + quantum;
    int share = launch.program.observant ? OBSERVANT_QUANTUM : QUANTUM;
    while (living != 0) {
      boolean moved = false;
      for (int i = 0; i < warps.length; i++) {
        Warp warp = warps[turn];
        turn = turn + 1 == warps.length ? 0 : turn + 1;
        if (warp.ready()) {
          steps += warp.run(share);
          moved = true;
          if (steps >= stop && living != 0) {
            return false;
          }
        }
      }
      if (!moved) {
        unblock();
      }
    }
    return true;
  }

  /** All threads wait for each other. */
  private void unblock() {
    for (Warp warp : warps) {
      if (warp.meetWithoutOthers()) {
        return;
      }
    }
    StringBuilder text = new StringBuilder();
    for (Barrier barrier : barriers) {
      String stuck = barrier == null ? "" : barrier.reportStuck();
      text.append(text.isEmpty() || stuck.isEmpty() ? "" : "; ").append(stuck);
    }
    throw new KernelFault(
        DriverError.CUDA_ERROR_LAUNCH_FAILED,
        launch.program.name() + ", block " + index() + ": no thread can go on: " + text);
  }

  Barrier barrier(int which) {
    if (barriers[which] == null) {
      barriers[which] = new Barrier(this, which, warps.length);
    }
    return barriers[which];
  }

  /** Threads of a warp have ended. */
  void exited(Warp warp, int mask) {
    if (warp.live == 0) {
      living &= ~(1L << warp.index);
    }
    exits = true;
    for (Barrier barrier : barriers) {
      if (barrier != null) {
        barrier.check(warp);
      }
    }
  }

  /** Warps with threads that have not exited; a bit for each. */
  long living() {
    return living;
  }

  boolean hasExited() {
    return exits;
  }

  int threads() {
    return (int) launch.shape.threads();
  }

  long number() {
    return number;
  }

  /** Warp instructions since {@link #begin}. */
  long steps() {
    return steps;
  }

  /** Thread instructions since {@link #begin}. */
  long executed() {
    long executed = 0;
    for (Warp warp : warps) {
      executed += warp.executed();
    }
    return executed;
  }

  void print(String text) {
    printed.append(text);
  }

  String printed() {
    return printed.toString();
  }

  Finding.Index index() {
    return new Finding.Index(x, y, z);
  }

  /** A thread's place in the block. */
  Finding.Index thread(Warp warp, int lane) {
    int thread = warp.thread(lane);
    int width = launch.shape.blockX();
    int height = launch.shape.blockY();
    return new Finding.Index(thread % width, thread / width % height, thread / width / height);
  }

  /** Where the threads are that are not in some masks, one a warp: {@code "16 have exited, 16 wait at PTX line 40"}. */
  String elsewhere(int[] not) {
    int exited = 0;
    Map<Integer, Integer> lines = new TreeMap<>();
    for (Warp warp : warps) {
      int missing = warp.lanes & ~not[warp.index];
      exited += Integer.bitCount(missing & ~warp.live);
      for (int rest = missing & warp.live; rest != 0; rest &= rest - 1) {
        int line = warp.step(Integer.numberOfTrailingZeros(rest)).instruction().line();
        lines.merge(line, 1, Integer::sum);
      }
    }
    StringBuilder text = new StringBuilder(exited > 0 ? exited + " have exited" : "");
    lines.forEach((line, count) ->
        text.append(text.isEmpty() ? "" : ", ")
            .append(count)
            .append(" wait at PTX line ")
            .append(line));
    return text.isEmpty() ? "more never come" : text.toString();
  }

  /** The launch has run too long: says where this block is. */
  KernelFault timeout(String limit) {
    for (Warp warp : warps) {
      if (warp.ready()) {
        Instruction at = warp.at().instruction();
        String text =
            limit + "; is it waiting for something that never comes? Else raise the step limit";
        launch.sanitizer.report(Finding.Kind.TIMEOUT, warp, warp.at(), warp.first(), 0, text);
        return fault(DriverError.CUDA_ERROR_LAUNCH_TIMEOUT, warp, at, warp.first(), text);
      }
    }
    throw new IllegalStateException("timeout: no warp runs");
  }

  /** A fault at an instruction that no device can execute. */
  KernelFault illegal(Warp warp, Step step, int lane, String text) {
    return fault(DriverError.CUDA_ERROR_ILLEGAL_INSTRUCTION, warp, step.instruction(), lane, text);
  }

  KernelFault fault(DriverError error, Warp warp, Instruction at, int lane, String text) {
    return new KernelFault(
        error,
        launch.program.name()
            + ", PTX line "
            + at.line()
            + (at.source() == null ? "" : " (" + at.source() + ")")
            + ", block "
            + index()
            + ", thread "
            + thread(warp, lane)
            + ": "
            + at.name()
            + ": "
            + text);
  }
}
