package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;

/** Reads a special register that changes while a warp runs: one of the clocks, see {@link Specials}. */
final class ClockStep extends Step {
  private final int to;

  /** By how many bits the counter is shifted down. */
  private final int shift;

  ClockStep(Instruction instruction, int to, String register) {
    super(instruction);
    this.to = to;
    this.shift = register.endsWith("_hi") ? 32 : 0;
  }

  @Override
  public void run(Warp warp, int mask) {
    long now = warp.clock() >>> shift;
    long[] result = warp.r[to];
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      result[Integer.numberOfTrailingZeros(rest)] = now;
    }
  }
}
