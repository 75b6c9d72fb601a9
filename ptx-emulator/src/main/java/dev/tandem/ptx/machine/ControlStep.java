package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;

/**
 * A step that settles itself where its lanes go on: each lane it is run for must be handed to {@link Warp#go}, {@link
 * Warp#exit}, {@link Warp#meet} or {@link Barrier#arrive}. It stands at {@link Warp#pc} while it runs. All other steps are
 * followed by the next.
 */
abstract class ControlStep extends Step {
  ControlStep(Instruction instruction) {
    super(instruction);
  }
}
