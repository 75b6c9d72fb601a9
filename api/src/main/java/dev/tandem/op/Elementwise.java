package dev.tandem.op;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;

/**
 * Ops whose every output element depends on one element of each input. Inputs broadcast against each other
 * ({@link Shape#broadcast}); element types must be equal unless the op says otherwise.
 */
public sealed interface Elementwise extends Op {

  /** One floating-point input, an output of the same type. */
  sealed interface Unary extends Elementwise {
    @Override
    default List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 1, "x");
      Check.floating(name(), inputs.getFirst());
      return List.of(inputs.getFirst());
    }
  }

  /** Two floating-point inputs that broadcast, an output of their type. */
  sealed interface Binary extends Elementwise {
    @Override
    default List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "a, b");
      TensorType a = inputs.get(0);
      TensorType b = inputs.get(1);
      Check.floating(name(), a);
      Check.sameDType(name(), a, b);
      return List.of(new TensorType(a.dtype(), Shape.broadcast(name(), a.shape(), b.shape())));
    }
  }

  /** Two inputs of any one type that broadcast, a U8 output of 1 where the relation holds and 0 elsewhere. */
  sealed interface Comparison extends Elementwise {
    @Override
    default List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "a, b");
      TensorType a = inputs.get(0);
      TensorType b = inputs.get(1);
      Check.sameDType(name(), a, b);
      return List.of(new TensorType(DType.U8, Shape.broadcast(name(), a.shape(), b.shape())));
    }
  }

  /** The second factor of a chain rule: takes a forward tensor and dy, both of one type and shape; gives dx. */
  sealed interface Chain extends Elementwise {
    @Override
    default List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "the forward tensor, dy");
      Check.floating(name(), inputs.getFirst());
      Check.sameType(name(), "dy", inputs.get(1), inputs.get(0));
      return List.of(inputs.getFirst());
    }
  }

  /** y = a + b. */
  record Add() implements Binary {}

  /** y = a - b. */
  record Sub() implements Binary {}

  /** y = a * b. */
  record Mul() implements Binary {}

  /** y = a / b, IEEE: x/0 is infinite, 0/0 is NaN. */
  record Div() implements Binary {}

  /** y = the larger of a and b; NaN if either is. */
  record Maximum() implements Binary {}

  /** y = the smaller of a and b; NaN if either is. */
  record Minimum() implements Binary {}

  /** y = 1 where a = b; NaN equals nothing. */
  record Equal() implements Comparison {}

  /** y = 1 where {@code a < b}. */
  record Less() implements Comparison {}

  /** y = 1 where {@code a <= b}. */
  record LessEqual() implements Comparison {}

  /** y = a where condition is not 0, b elsewhere. condition: U8; a, b: any one type; all three broadcast. */
  record Select() implements Elementwise {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 3, "condition, a, b");
      TensorType a = inputs.get(1);
      Check.dtype(name(), "the condition", inputs.get(0), DType.U8);
      Check.sameDType(name(), a, inputs.get(2));
      Shape values = Shape.broadcast(name(), a.shape(), inputs.get(2).shape());
      return List.of(
          new TensorType(a.dtype(), Shape.broadcast(name(), inputs.get(0).shape(), values)));
    }
  }

  /**
   * y = x as another element type. To an integer type: toward zero, clamped to its range, NaN to 0. To a narrower
   * floating type: to nearest, ties to even.
   */
  record Cast(DType to) implements Elementwise {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 1, "x");
      return List.of(inputs.getFirst().withDType(to));
    }
  }

  /** y = scale * x + shift. Covers negation and arithmetic with a number. */
  record Affine(double scale, double shift) implements Unary {}

  /** y = e^x. */
  record Exp() implements Unary {}

  /** y = ln x; -infinity at 0, NaN below. */
  record Log() implements Unary {}

  /** y = square root of x; NaN below 0. */
  record Sqrt() implements Unary {}

  /** y = 1 / square root of x. */
  record Rsqrt() implements Unary {}

  /** y = x^exponent, as {@link Math#pow} defines it. */
  record Pow(double exponent) implements Unary {}

  /** y = |x|. Its derivative at 0 is taken as 0. */
  record Abs() implements Unary {}

  /** y = -1, 0 or 1 by the sign of x; NaN stays NaN. */
  record Sign() implements Unary {}

  /** y = x limited to [low, high]; NaN stays NaN. The derivative is 1 on the closed interval and 0 outside. */
  record Clamp(double low, double high) implements Unary {
    /** Throws {@link dev.tandem.shape.ShapeException} when a component is out of its range; the message names it. */
    public Clamp {
      Check.attribute(
          low <= high, "clamp", "low must not be above high", low + " and " + high, "swap them");
    }
  }

  /** y = max(x, 0); NaN stays NaN. Nair and Hinton 2010. */
  record Relu() implements Unary {}

  /** dx = dy where y > 0, else 0. Takes y: the sign of y is the sign of x. */
  record ReluGrad() implements Chain {}

  /** y = x where x > 0, slope * x elsewhere. Maas, Hannun and Ng 2013. */
  record LeakyRelu(double slope) implements Unary {}

  /** dx = dy where x > 0, slope * dy elsewhere. Takes x: with a negative slope y does not tell the sign. */
  record LeakyReluGrad(double slope) implements Chain {}

  /** y = 1 / (1 + e^-x), without overflow at either end. */
  record Sigmoid() implements Unary {}

  /** dx = dy * y * (1 - y). Takes y. */
  record SigmoidGrad() implements Chain {}

  /** y = tanh x. */
  record Tanh() implements Unary {}

  /** dx = dy * (1 - y^2). Takes y. */
  record TanhGrad() implements Chain {}

  /**
   * Gaussian error linear unit, tanh form (not erf): y = x/2 * (1 + tanh(BETA * (x + KAPPA * x^3))). Hendrycks and Gimpel
   * 2016, arXiv:1606.08415, section 2.
   */
  record GeluTanh() implements Unary {
    public static final double BETA = Math.sqrt(2 / Math.PI);
    public static final double KAPPA = 0.044715;
  }

  /** dx = dy * gelu_tanh'(x). Takes x: the function is not monotonic, so y does not determine x. */
  record GeluTanhGrad() implements Chain {}

  /**
   * Gaussian error linear unit, exact form: y = x * Phi(x) = x/2 * (1 + erf(x / sqrt 2)). Hendrycks and Gimpel 2016,
   * arXiv:1606.08415.
   */
  record GeluErf() implements Unary {}

  /** dx = dy * (Phi(x) + x * phi(x)), phi the density e^(-x^2/2) / sqrt(2 pi). Takes x. */
  record GeluErfGrad() implements Chain {}

  /** y = x * sigmoid(x), also called swish. Elfwing, Uchibe and Doya 2017, arXiv:1702.03118. */
  record Silu() implements Unary {}

  /** dx = dy * s * (1 + x * (1 - s)), s = sigmoid(x). Takes x. */
  record SiluGrad() implements Chain {}

  /**
   * y = ln(1 + e^x), computed as max(x, 0) + log1p(e^-|x|). An op of its own because the composition has the wrong
   * derivative at 0; its gradient is dy * sigmoid(x).
   */
  record Softplus() implements Unary {}
}
