package dev.tandem.cpu;

import dev.tandem.op.Update;

/**
 * What one step of a rule has in common for all weights.
 *
 * @param factor what gradients are multiplied with first
 * @param adam the rule's own corrections, null for others
 */
record OptimizerStep(Update.Optimizer rule, double lr, double factor, AdamStep adam) {
  /** @param t the number of the step, for rules that count */
  static OptimizerStep of(Update.Optimizer rule, double lr, double factor, int t) {
    return new OptimizerStep(
        rule, lr, factor, rule instanceof Update.Adam adam ? AdamStep.of(adam, lr, t) : null);
  }
}
