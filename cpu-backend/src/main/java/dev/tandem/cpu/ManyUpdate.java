package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Update;
import java.util.List;

/** One step for many weights: all are cut into pieces, and the pieces shared by the threads. */
final class ManyUpdate {
  private static final int PIECE = 1 << 14;

  /** What is done with a span of a weight beside the rule's step, while the caches hold it. */
  interface Span {
    Span NOTHING = (_, _, _) -> {};

    /** @param from the first element, inclusive @param to the last, exclusive */
    void run(int weight, int from, int to);
  }

  private final Parallel parallel;

  ManyUpdate(Parallel parallel) {
    this.parallel = parallel;
  }

  void runF32(Update.Many op, List<Operand> operands) {
    FloatWeight[] weights = new FloatWeight[op.count()];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = FloatWeight.of(op.rule(), written(op, operands, i), dw(op, operands, i));
    }
    stepF32(op, operands, weights, Span.NOTHING, Span.NOTHING);
  }

  /**
   * The step in F32, unless the factor says to skip it. For weights of half types the given ones are their masters, with states, and
   * an F32 dw as long as the weight.
   *
   * @param before widens dw of the span
   * @param after rounds the span of the master to the weight
   */
  void stepF32(
      Update.Many op, List<Operand> operands, FloatWeight[] weights, Span before, Span after) {
    OptimizerStep step = step(op, operands);
    if (Double.isFinite(step.factor())) {
      pieces(op, operands)
          .each(
              parallel,
              (_, weight, from, to) -> {
                before.run(weight, from, to);
                FloatUpdates.step(step, weights[weight], from, to);
                after.run(weight, from, to);
              });
    }
  }

  void runF64(Update.Many op, List<Operand> operands) {
    OptimizerStep step = step(op, operands);
    if (Double.isFinite(step.factor())) {
      pieces(op, operands)
          .each(
              parallel,
              (_, weight, from, to) -> {
                DoubleWeight t =
                    DoubleWeight.of(
                        op.rule(), written(op, operands, weight), dw(op, operands, weight));
                DoubleUpdates.step(step, t, from, to);
              });
    }
  }

  /** The weight, its states and, if it has one, its master. */
  static List<Operand> written(Update.Many op, List<Operand> operands, int weight) {
    return operands.subList(weight * op.group(), (weight + 1) * op.group());
  }

  static Operand dw(Update.Many op, List<Operand> operands, int weight) {
    return operands.get(op.count() * op.group() + weight);
  }

  private static OptimizerStep step(Update.Many op, List<Operand> operands) {
    int scalars = op.count() * (op.group() + 1);
    return OptimizerStep.of(
        op.rule(),
        CpuUpdate.scalar(operands.get(scalars)),
        CpuUpdate.scalar(operands.get(scalars + 1)),
        op.rule().counted() ? Operands.i32(operands.get(scalars + 2))[0] : 0);
  }

  private static Pieces pieces(Update.Many op, List<Operand> operands) {
    return Pieces.of(
        operands.subList(op.count() * op.group(), op.count() * (op.group() + 1)), PIECE);
  }
}
