package dev.tandem.jmh;

import dev.tandem.backend.Operand;
import dev.tandem.op.Fused;
import dev.tandem.op.Normalization;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/** Rows of a GPT of width 256, and of a wider one. */
public class LayerNormBenchmark extends CallBenchmark {
  private static final double EPSILON = 1e-5;

  @Param({"2048x256", "1024x1024"})
  public String shape;

  @Param({"layer_norm", "layer_norm_grad", "residual_layer_norm", "residual_layer_norm_grad"})
  public String op;

  @Override
  Call call(Operands operands) {
    Operand x = operands.uniform(Specification.of(shape).type());
    Operand dy = operands.uniform(x.type());
    int columns = x.shape().length(1);
    Operand gamma = operands.uniform(columns);
    Operand beta = operands.uniform(columns);
    Normalization.LayerNorm norm = new Normalization.LayerNorm(EPSILON);
    Fused.ResidualLayerNorm residual = new Fused.ResidualLayerNorm(EPSILON);
    return switch (op) {
      case "layer_norm" -> operands.call(norm, x, gamma, beta);
      case "layer_norm_grad" -> {
        List<Operand> forward = operands.results(norm, x, gamma, beta);
        yield operands.call(
            new Normalization.LayerNormGrad(), x, gamma, forward.get(1), forward.get(2), dy);
      }
      case "residual_layer_norm" ->
          operands.call(residual, x, operands.uniform(x.type()), gamma, beta);
      case "residual_layer_norm_grad" -> {
        List<Operand> forward =
            operands.results(residual, x, operands.uniform(x.type()), gamma, beta);
        yield operands.call(
            new Fused.ResidualLayerNormGrad(),
            forward.get(1),
            gamma,
            forward.get(2),
            forward.get(3),
            dy,
            operands.uniform(x.type()));
      }
      default -> throw new IllegalArgumentException("op: not one of layer norm, got " + op);
    };
  }
}
