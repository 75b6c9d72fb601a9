package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;

/** Copies a register as it is, whatever its type. */
final class CopyStep extends Step {
  private final int to;
  private final int from;

  CopyStep(Instruction instruction, int to, int from) {
    super(instruction);
    this.to = to;
    this.from = from;
  }

  @Override
  public void run(Warp warp, int mask) {
    long[] source = warp.r[from];
    long[] result = warp.r[to];
    if (mask == -1) {
      System.arraycopy(source, 0, result, 0, Warp.LANES);
      return;
    }
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      result[lane] = source[lane];
    }
  }
}
