package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import java.util.List;

/** Several steps that are one instruction. */
final class StepSequence extends Step {
  private final Step[] steps;

  private StepSequence(Instruction instruction, List<? extends Step> steps) {
    super(instruction);
    this.steps = steps.toArray(Step[]::new);
  }

  static Step of(Instruction instruction, List<? extends Step> steps) {
    return steps.size() == 1 ? steps.getFirst() : new StepSequence(instruction, steps);
  }

  @Override
  public void run(Warp warp, int mask) {
    for (Step step : steps) {
      step.run(warp, mask);
    }
  }
}
