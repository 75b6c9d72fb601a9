package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;

/**
 * An instruction made ready to run: its operands are slots of the warp's registers. One object serves all warps of all
 * launches, so it keeps nothing between runs.
 */
public abstract class Step {
  private final Instruction instruction;

  /** The guard's predicate, as a slot of {@link Warp#p}; -1 without one. Set by {@link Decoder}. */
  int guard = -1;

  /** All ones where the guard is negated, else 0: active lanes are {@code p[guard] ^ guardFlip}. */
  int guardFlip;

  protected Step(Instruction instruction) {
    this.instruction = instruction;
  }

  public final Instruction instruction() {
    return instruction;
  }

  /**
   * Runs it for some lanes of a warp. Never called with none.
   *
   * @param mask a bit for each lane that takes part
   */
  public abstract void run(Warp warp, int mask);
}
