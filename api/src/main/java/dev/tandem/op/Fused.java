package dev.tandem.op;

import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;

/**
 * What could be composed, done in one pass because memory traffic is what it costs. The result is that of the composition, rounded
 * where the composition would be kept. The row is the innermost axis.
 */
public sealed interface Fused extends Op {

  /**
   * A layer's product: y = f(x w^T + b), where f is {@link Elementwise.Relu} or nothing. x: (M, K); w: (N, K); b: (N); y: (M, N). In
   * BF16 and F16 the product may be rounded before the bias is added.
   */
  record BiasedMatmul(boolean relu) implements Fused {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 3, "x, w, b");
      TensorType x = inputs.getFirst();
      Check.floating(name(), x);
      Check.rank(name(), "x", x, 2, "(M, K)");
      Check.rank(name(), "the weight", inputs.get(1), 2, "(N, K)");
      TensorType y = new Linear.Matmul(false, true).outputs(inputs.subList(0, 2)).getFirst();
      Check.sameType(name(), "b", inputs.get(2), y.withShape(y.shape().part(1, 2)));
      return List.of(y);
    }
  }

  /**
   * A layer's convolution: y = f(conv2d(x, w) + b), where f is {@link Elementwise.Relu} or nothing; see {@link Linear.Conv2d}. x: (N, C,
   * H, W); w: (O, C / groups, KH, KW); b: (O); y: (N, O, OH, OW). In BF16 and F16 the convolution may be rounded before the bias is
   * added.
   */
  record BiasedConv2d(Linear.Conv2dGeometry geometry, boolean relu) implements Fused {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 3, "x, w, b");
      TensorType y = new Linear.Conv2d(geometry).outputs(inputs.subList(0, 2)).getFirst();
      Check.sameType(name(), "b", inputs.get(2), y.withShape(y.shape().part(1, 2)));
      return List.of(y);
    }
  }

  /**
   * What the gradient of y = relu(z + b) comes to for z and for b. inputs: y, dy (N, C) or (N, C, ...); results: dz = {@link
   * Elementwise.ReluGrad} of them; db (C), the sum of dz over the other axes.
   */
  record ReluGradSum() implements Fused {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "y, dy");
      TensorType y = inputs.getFirst();
      Check.floating(name(), y);
      Check.minRank(name(), "y", y, 2, "(N, C, ...)");
      Check.sameType(name(), "dy", inputs.get(1), y);
      return List.of(y, y.withShape(y.shape().part(1, 2)));
    }
  }

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
