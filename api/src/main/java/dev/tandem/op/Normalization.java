package dev.tandem.op;

import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;

/**
 * Ops that rescale by statistics of a row or channel. The row is the innermost axis. Variances are biased (1/n).
 * Statistics beside a result, and those given, are of {@link dev.tandem.shape.DType#statistics}: F32 for BF16 and F16.
 */
public sealed interface Normalization extends Op {

  /** One floating-point input with at least one axis, an output of the same type. */
  sealed interface Rows extends Normalization {
    @Override
    default List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 1, "x");
      Check.floating(name(), inputs.getFirst());
      Check.minRank(name(), "x", inputs.getFirst(), 1, "(..., C)");
      return List.of(inputs.getFirst());
    }
  }

  /** Takes y and dy of one type; gives dx of that type. */
  sealed interface RowsGrad extends Normalization {
    @Override
    default List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "y, dy");
      Check.floating(name(), inputs.getFirst());
      Check.minRank(name(), "y", inputs.getFirst(), 1, "(..., C)");
      Check.sameType(name(), "dy", inputs.get(1), inputs.getFirst());
      return List.of(inputs.getFirst());
    }
  }

  /** y = e^(x - max) / sum of e^(x - max) over the innermost axis. */
  record Softmax() implements Rows {}

  /** dx = y * (dy - sum(dy * y)). inputs: y, dy. */
  record SoftmaxGrad() implements RowsGrad {}

  /** y = x - max - ln(sum of e^(x - max)) over the innermost axis. */
  record LogSoftmax() implements Rows {}

  /** dx = dy - e^y * sum(dy). inputs: y, dy. */
  record LogSoftmaxGrad() implements RowsGrad {}

  /**
   * y = (x - mean) * rstd * gamma + beta over the innermost axis, rstd = 1 / sqrt(variance + epsilon). x: (..., C); gamma,
   * beta: (C). Results: y, and mean and rstd of shape (...). Ba, Kiros and Hinton 2016, arXiv:1607.06450.
   */
  record LayerNorm(double epsilon) implements Normalization {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 3, "x, gamma, beta");
      TensorType x = inputs.getFirst();
      Check.floating(name(), x);
      Check.minRank(name(), "x", x, 1, "(..., C)");
      TensorType channels = x.withShape(Shape.of(x.shape().length(-1)));
      Check.sameType(name(), "gamma", inputs.get(1), channels);
      Check.sameType(name(), "beta", inputs.get(2), channels);
      TensorType statistic = statistic(x);
      return List.of(x, statistic, statistic);
    }
  }

  /**
   * Gradients of {@link LayerNorm}. inputs: x, gamma, mean, rstd, dy; results: dx, dgamma, dbeta. With h = (x - mean) *
   * rstd and g = dy * gamma: dx = rstd * (g - mean(g) - h * mean(g * h)); dgamma = sum(dy * h); dbeta = sum(dy).
   */
  record LayerNormGrad() implements Normalization {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 5, "x, gamma, mean, rstd, dy");
      TensorType x = inputs.getFirst();
      TensorType statistic = statistic(x);
      TensorType gamma = x.withShape(Shape.of(x.shape().length(-1)));
      Check.sameType(name(), "gamma", inputs.get(1), gamma);
      Check.sameType(name(), "mean", inputs.get(2), statistic);
      Check.sameType(name(), "rstd", inputs.get(3), statistic);
      Check.sameType(name(), "dy", inputs.get(4), x);
      return List.of(x, gamma, gamma);
    }
  }

  /**
   * y = x * rstd * gamma over the innermost axis, rstd = 1 / sqrt(mean(x^2) + epsilon). x: (..., C); gamma: (C). Results:
   * y, and rstd of shape (...). Zhang and Sennrich 2019, arXiv:1910.07467.
   */
  record RmsNorm(double epsilon) implements Normalization {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "x, gamma");
      TensorType x = inputs.getFirst();
      Check.floating(name(), x);
      Check.minRank(name(), "x", x, 1, "(..., C)");
      Check.sameType(name(), "gamma", inputs.get(1), x.withShape(Shape.of(x.shape().length(-1))));
      return List.of(x, statistic(x));
    }
  }

  /**
   * Gradients of {@link RmsNorm}. inputs: x, gamma, rstd, dy; results: dx, dgamma. With h = x * rstd and g = dy * gamma: dx
   * = rstd * (g - h * mean(g * h)); dgamma = sum(dy * h).
   */
  record RmsNormGrad() implements Normalization {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 4, "x, gamma, rstd, dy");
      TensorType x = inputs.getFirst();
      TensorType gamma = x.withShape(Shape.of(x.shape().length(-1)));
      Check.sameType(name(), "gamma", inputs.get(1), gamma);
      Check.sameType(name(), "rstd", inputs.get(2), statistic(x));
      Check.sameType(name(), "dy", inputs.get(3), x);
      return List.of(x, gamma);
    }
  }

  /**
   * Batch normalisation with the batch's own statistics, a channel at a time: y = (x - mean) * rstd * gamma + beta. x: (N,
   * C) or (N, C, ...); gamma, beta: (C). Results: y, mean (C), variance (C), biased. Ioffe and Szegedy 2015,
   * arXiv:1502.03167.
   */
  record BatchNorm(double epsilon) implements Normalization {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 3, "x, gamma, beta");
      TensorType x = inputs.getFirst();
      TensorType channel = channels(name(), x);
      Check.sameType(name(), "gamma", inputs.get(1), channel);
      Check.sameType(name(), "beta", inputs.get(2), channel);
      Check.attribute(
          x.elements() > 0,
          name(),
          "has no statistics over no elements",
          x.shape(),
          "give a larger batch");
      TensorType statistic = statistics(channel);
      return List.of(x, statistic, statistic);
    }
  }

  /** Gradients of {@link BatchNorm}. inputs: x, gamma, mean, variance, dy; results: dx, dgamma, dbeta. */
  record BatchNormGrad(double epsilon) implements Normalization {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 5, "x, gamma, mean, variance, dy");
      TensorType x = inputs.getFirst();
      TensorType channel = channels(name(), x);
      Check.sameType(name(), "gamma", inputs.get(1), channel);
      Check.sameType(name(), "mean", inputs.get(2), statistics(channel));
      Check.sameType(name(), "variance", inputs.get(3), statistics(channel));
      Check.sameType(name(), "dy", inputs.get(4), x);
      return List.of(x, channel, channel);
    }
  }

  /**
   * Batch normalisation with given statistics, as in inference. inputs: x (N, C, ...), gamma, beta, mean, variance (C); y:
   * x's shape.
   */
  record BatchNormInference(double epsilon) implements Normalization {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 5, "x, gamma, beta, mean, variance");
      TensorType x = inputs.getFirst();
      TensorType channel = channels(name(), x);
      Check.sameType(name(), "gamma", inputs.get(1), channel);
      Check.sameType(name(), "beta", inputs.get(2), channel);
      Check.sameType(name(), "mean", inputs.get(3), statistics(channel));
      Check.sameType(name(), "variance", inputs.get(4), statistics(channel));
      return List.of(x);
    }
  }

  /** A number a row of x: (...). */
  private static TensorType statistic(TensorType x) {
    return statistics(x.withShape(x.shape().without(-1)));
  }

  private static TensorType statistics(TensorType type) {
    return type.withDType(type.dtype().statistics());
  }

  private static TensorType channels(String op, TensorType x) {
    Check.floating(op, x);
    Check.minRank(op, "x", x, 2, "(N, C, ...)");
    return x.withShape(Shape.of(x.shape().length(1)));
  }
}
