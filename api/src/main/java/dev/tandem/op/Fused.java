package dev.tandem.op;

import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;

/**
 * What could be composed, done in one pass because memory traffic is what it costs. The result is that of the composition, rounded
 * where the composition would be kept. The row is the innermost axis.
 */
public sealed interface Fused extends Op {

  /** y = gelu_tanh(x + b), see {@link Elementwise.GeluTanh}. x, y: (..., C); b: (C). */
  record BiasGeluTanh() implements Fused {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "x, b");
      return List.of(row(name(), "b", inputs.getFirst(), inputs.get(1)));
    }
  }

  /** dx = dy * gelu_tanh'(x + b). inputs: x, b, dy; db is the sum of dx over the rows. */
  record BiasGeluTanhGrad() implements Fused {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 3, "x, b, dy");
      TensorType x = row(name(), "b", inputs.getFirst(), inputs.get(1));
      Check.sameType(name(), "dy", inputs.get(2), x);
      return List.of(x);
    }
  }

  /**
   * Adds what a part of a network made of x to x, and normalises the sum for the next: sum = x + delta, y = {@link
   * Normalization.LayerNorm} of sum as it was rounded. x, delta: (..., C); gamma, beta: (C). Results: y and sum (..., C), which both
   * carry gradients, then mean and rstd (...), of {@link dev.tandem.shape.DType#statistics}.
   */
  record ResidualLayerNorm(double epsilon) implements Fused {
    @Override
    public int differentiable() {
      return 2;
    }

    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 4, "x, delta, gamma, beta");
      TensorType x = row(name(), "gamma", inputs.getFirst(), inputs.get(2));
      row(name(), "beta", x, inputs.get(3));
      Check.sameType(name(), "delta", inputs.get(1), x);
      TensorType statistic = statistic(x);
      return List.of(x, x, statistic, statistic);
    }
  }

  /**
   * Gradients of {@link ResidualLayerNorm}. inputs: sum, gamma, mean, rstd, dy, dsum; results: dx, which is d(delta) too, = the dx of
   * {@link Normalization.LayerNormGrad} + dsum; dgamma; dbeta.
   */
  record ResidualLayerNormGrad() implements Fused {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 6, "sum, gamma, mean, rstd, dy, dsum");
      TensorType sum = row(name(), "gamma", inputs.getFirst(), inputs.get(1));
      Check.sameType(name(), "mean", inputs.get(2), statistic(sum));
      Check.sameType(name(), "rstd", inputs.get(3), statistic(sum));
      Check.sameType(name(), "dy", inputs.get(4), sum);
      Check.sameType(name(), "dsum", inputs.get(5), sum);
      return List.of(sum, inputs.get(1), inputs.get(1));
    }
  }

  /** Checks that x has rows, and that the vector fits them. Returns x. */
  private static TensorType row(String op, String role, TensorType x, TensorType vector) {
    Check.floating(op, x);
    Check.minRank(op, "x", x, 1, "(..., C)");
    Check.sameType(op, role, vector, x.withShape(Shape.of(x.shape().length(-1))));
    return x;
  }

  private static TensorType statistic(TensorType x) {
    return new TensorType(x.dtype().statistics(), x.shape().without(-1));
  }
}
