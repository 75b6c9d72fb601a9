package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Update;
import java.util.List;

/** The arrays of a weight in F64: itself, its states, of which there may be fewer, and its gradient. */
record DoubleWeight(double[] w, double[] first, double[] second, double[] dw) {
  /** Of the operands of an optimizer for one weight. */
  static DoubleWeight of(Update.Optimizer rule, List<Operand> operands) {
    return of(rule, operands.subList(0, 1 + rule.states()), operands.get(1 + rule.states()));
  }

  /** @param written the weight and its states */
  static DoubleWeight of(Update.Optimizer rule, List<Operand> written, Operand dw) {
    return new DoubleWeight(
        Operands.f64(written.getFirst()),
        rule.states() > 0 ? Operands.f64(written.get(1)) : null,
        rule.states() > 1 ? Operands.f64(written.get(2)) : null,
        Operands.f64(dw));
  }
}
