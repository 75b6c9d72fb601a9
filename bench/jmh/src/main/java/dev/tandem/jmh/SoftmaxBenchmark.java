package dev.tandem.jmh;

import dev.tandem.backend.Operand;
import dev.tandem.op.Loss;
import dev.tandem.op.Normalization;
import dev.tandem.shape.Shape;
import org.openjdk.jmh.annotations.Param;

/** Rows of logits. */
public class SoftmaxBenchmark extends CallBenchmark {
  @Param({"128x10", "2048x96", "512x4096"})
  public String shape;

  @Param({"softmax", "softmax_grad", "cross_entropy", "cross_entropy_grad"})
  public String op;

  @Override
  Call call(Operands operands) {
    Operand x = operands.uniform(Specification.of(shape).type());
    Normalization.Softmax softmax = new Normalization.Softmax();
    return switch (op) {
      case "softmax" -> operands.call(softmax, x);
      case "softmax_grad" ->
          operands.call(
              new Normalization.SoftmaxGrad(),
              operands.results(softmax, x).getFirst(),
              operands.uniform(x.type()));
      case "cross_entropy" -> operands.call(new Loss.CrossEntropy(0), x, targets(operands, x));
      case "cross_entropy_grad" -> {
        Operand targets = targets(operands, x);
        Operand lse = operands.results(new Loss.CrossEntropy(0), x, targets).get(1);
        yield operands.call(
            new Loss.CrossEntropyGrad(0), x, targets, lse, operands.uniform(lse.type()));
      }
      default -> throw new IllegalArgumentException("op: not one of softmax, got " + op);
    };
  }

  private static Operand targets(Operands operands, Operand x) {
    return operands.integers(Shape.of(x.shape().length(0)), x.shape().length(1));
  }
}
