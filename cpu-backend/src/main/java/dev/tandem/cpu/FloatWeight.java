package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Update;
import java.util.List;

/** The arrays of a weight in F32: itself, its states, of which there may be fewer, and its gradient. */
record FloatWeight(float[] w, float[] first, float[] second, float[] dw) {
  /** Of the operands of an optimizer for one weight. */
  static FloatWeight of(Update.Optimizer rule, List<Operand> operands) {
    return of(rule, operands.subList(0, 1 + rule.states()), operands.get(1 + rule.states()));
  }

  /** @param written the weight and its states */
  static FloatWeight of(Update.Optimizer rule, List<Operand> written, Operand dw) {
    return new FloatWeight(
        Operands.f32(written.getFirst()),
        rule.states() > 0 ? Operands.f32(written.get(1)) : null,
        rule.states() > 1 ? Operands.f32(written.get(2)) : null,
        Operands.f32(dw));
  }
}
