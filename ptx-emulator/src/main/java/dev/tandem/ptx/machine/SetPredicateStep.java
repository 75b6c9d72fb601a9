package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;

/** Puts the answer to a question into a predicate, and its opposite or that of the other half into a second. */
final class SetPredicateStep extends Step {
  /** No second predicate. */
  static final int NONE = -1;

  private final Question question;
  private final int first;
  private final int second;

  SetPredicateStep(Instruction instruction, Question question, int first, int second) {
    super(instruction);
    this.question = question;
    this.first = first;
    this.second = second;
  }

  @Override
  public void run(Warp warp, int mask) {
    int[] p = warp.p;
    int answer = question.low(warp, mask);
    if (second != NONE) {
      // Before the first is written, with which the question may be joined.
      int other =
          question.second() != null ? question.high(warp, mask) : question.opposite(warp, mask);
      p[second] = p[second] & ~mask | other;
    }
    p[first] = p[first] & ~mask | answer;
  }
}
