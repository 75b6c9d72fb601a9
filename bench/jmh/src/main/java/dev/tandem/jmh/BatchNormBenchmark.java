package dev.tandem.jmh;

import dev.tandem.backend.Operand;
import dev.tandem.op.Normalization;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/** The first and the last blocks of ResNet-18 for images of 32 x 32. */
public class BatchNormBenchmark extends CallBenchmark {
  private static final double EPSILON = 1e-5;

  @Param({"64x64x32x32", "64x512x4x4"})
  public String shape;

  @Param({"batch_norm", "batch_norm_grad"})
  public String op;

  @Override
  Call call(Operands operands) {
    Operand x = operands.uniform(Specification.of(shape).type());
    int channels = x.shape().length(1);
    Operand gamma = operands.uniform(channels);
    Operand beta = operands.uniform(channels);
    Normalization.BatchNorm norm = new Normalization.BatchNorm(EPSILON);
    return switch (op) {
      case "batch_norm" -> operands.call(norm, x, gamma, beta);
      case "batch_norm_grad" -> {
        List<Operand> forward = operands.results(norm, x, gamma, beta);
        yield operands.call(
            new Normalization.BatchNormGrad(EPSILON),
            x,
            gamma,
            forward.get(1),
            forward.get(2),
            operands.uniform(x.type()));
      }
      default -> throw new IllegalArgumentException("op: not one of batch norm, got " + op);
    };
  }
}
