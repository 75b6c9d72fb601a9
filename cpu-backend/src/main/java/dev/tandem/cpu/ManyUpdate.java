package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Update;
import java.util.List;

/** One step for many weights that are their own masters: all are cut into pieces, and the pieces shared by the threads. */
final class ManyUpdate {
  private static final int PIECE = 1 << 14;

  private final Parallel parallel;

  ManyUpdate(Parallel parallel) {
    this.parallel = parallel;
  }

  void runF32(Update.Many op, List<Operand> operands) {
    FloatWeight[] weights = new FloatWeight[op.count()];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = FloatWeight.of(op.rule(), written(op, operands, i), dw(op, operands, i));
    }
    OptimizerStep step = step(op, operands);
    if (Double.isFinite(step.factor())) {
      pieces(op, operands)
          .each(
              parallel,
              (_, weight, from, to) -> FloatUpdates.step(step, weights[weight], from, to));
    }
  }

  void runF64(Update.Many op, List<Operand> operands) {
    DoubleWeight[] weights = new DoubleWeight[op.count()];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = DoubleWeight.of(op.rule(), written(op, operands, i), dw(op, operands, i));
    }
    OptimizerStep step = step(op, operands);
    if (Double.isFinite(step.factor())) {
      pieces(op, operands)
          .each(
              parallel,
              (_, weight, from, to) -> DoubleUpdates.step(step, weights[weight], from, to));
    }
  }

  private static List<Operand> written(Update.Many op, List<Operand> operands, int weight) {
    return operands.subList(weight * op.group(), (weight + 1) * op.group());
  }

  private static Operand dw(Update.Many op, List<Operand> operands, int weight) {
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
