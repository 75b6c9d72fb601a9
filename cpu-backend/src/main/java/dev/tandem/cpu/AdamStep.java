package dev.tandem.cpu;

import dev.tandem.op.Update;

/**
 * What one step of Adam has in common for all weights.
 *
 * @param keep what a weight is multiplied with first, by decoupled decay
 * @param decay how much of the weight is added to its gradient, by ordinary decay
 * @param rate lr / (1 - beta1^t)
 * @param rootCorrection 1 / sqrt(1 - beta2^t)
 */
record AdamStep(Update.Adam op, double keep, double decay, double rate, double rootCorrection) {
  static AdamStep of(Update.Adam op, double lr, int t) {
    return new AdamStep(
        op,
        op.decoupled() ? 1 - lr * op.weightDecay() : 1,
        op.decoupled() ? 0 : op.weightDecay(),
        lr / (1 - StrictMath.pow(op.beta1(), t)),
        1 / Math.sqrt(1 - StrictMath.pow(op.beta2(), t)));
  }
}
