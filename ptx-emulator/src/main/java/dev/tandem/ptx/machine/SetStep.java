package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Type;

/** Puts the answer to a question into a register: all ones, or the number one of a floating type; else zero. */
final class SetStep extends Step {
  private static final int HALF = 16;

  private final Question question;
  private final int to;
  private final long yes;

  SetStep(Instruction instruction, Question question, int to, Type type) {
    super(instruction);
    this.question = question;
    this.to = to;
    this.yes = yes(type, question.second() != null);
  }

  private static long yes(Type type, boolean halves) {
    return switch (Form.element(type)) {
      case F16 -> Halves.round(1);
      case BF16 -> Bfloats.round(1);
      case F32 -> Float.floatToRawIntBits(1);
      default -> halves ? 0xFFFF : -1;
    };
  }

  @Override
  public void run(Warp warp, int mask) {
    int low = question.low(warp, mask);
    int high = question.second() != null ? question.high(warp, mask) : 0;
    long[] result = warp.r[to];
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      result[lane] = -(low >>> lane & 1) & yes | (-(high >>> lane & 1) & yes) << HALF;
    }
  }
}
