package dev.tandem.tensor;

import dev.tandem.op.Op;
import dev.tandem.op.Update;

/** A tensor's place in the graph of calls: where its gradient gathers. */
final class Node {
  /** The tape on which the tensor was computed; null for a leaf, which outlives tapes. */
  final Tape tape;

  /** The op whose further result the tensor is, which passes no gradient on; null for others. */
  private final Op barredBy;

  private Tensor gradient;

  Node(Tape tape) {
    this(tape, null);
  }

  private Node(Tape tape, Op barredBy) {
    this.tape = tape;
    this.barredBy = barredBy;
  }

  /** The node of a further result of an op: a gradient that arrives is refused, for it would be lost. */
  static Node barred(Tape tape, Op op) {
    return new Node(tape, op);
  }

  Tensor gradient() {
    return gradient;
  }

  /** Takes the gradient away from the node, which then has none. */
  Tensor take() {
    Tensor taken = gradient;
    gradient = null;
    return taken;
  }

  void clear() {
    if (gradient != null) {
      gradient.close();
      gradient = null;
    }
  }

  /** Adds a contribution. The node keeps a handle of its own; in-place addition only where nobody else can see it. */
  void accumulate(Tensor contribution) {
    if (barredBy != null) {
      throw new UnsupportedOperationException(
          barredBy.name()
              + (barredBy.differentiable() == 1
                  ? ": only its first result has a gradient"
                  : ": only its first " + barredBy.differentiable() + " results have a gradient")
              + ", got one to pass on from another, "
              + contribution.type()
              + "; detach that one, or compute it from simpler ops");
    }
    if (gradient == null) {
      gradient = contribution.alias();
    } else if (gradient.storage().shared()) {
      Tensor sum = gradient.add(contribution).release();
      gradient.close();
      gradient = sum;
    } else {
      Tensor.update(new Update.Accumulate(), gradient, contribution);
    }
  }

  /** Makes the gradient's memory the node's alone, as a leaf's must be: optimizers clip it in place. */
  void own() {
    if (gradient != null && gradient.storage().shared()) {
      Tensor copy = gradient.copy().release();
      gradient.close();
      gradient = copy;
    }
  }
}
