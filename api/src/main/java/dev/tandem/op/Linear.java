package dev.tandem.op;

import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;

/** Matrix products and convolutions: ops linear in each of their two inputs. */
public sealed interface Linear extends Op {

  /**
   * y = A B. a: (..., M, K), or (..., K, M) if transposeA; b: (..., K, N), or (..., N, K) if transposeB; y: (..., M, N).
   * Leading axes broadcast. A transposed operand is read where it lies, never copied first.
   */
  record Matmul(boolean transposeA, boolean transposeB) implements Linear {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "a, b");
      TensorType a = inputs.get(0);
      TensorType b = inputs.get(1);
      Check.floating(name(), a);
      Check.sameDType(name(), a, b);
      Check.minRank(name(), "a", a, 2, "(..., M, K)");
      Check.minRank(name(), "b", b, 2, "(..., K, N)");
      int m = a.shape().length(transposeA ? -1 : -2);
      int k = a.shape().length(transposeA ? -2 : -1);
      int n = b.shape().length(transposeB ? -2 : -1);
      int kb = b.shape().length(transposeB ? -1 : -2);
      if (k != kb) {
        throw Check.fail(
            name(),
            "inner dimensions differ",
            describe(a.shape(), transposeA) + " x " + describe(b.shape(), transposeB),
            "transpose the right operand?");
      }
      Shape batch =
          Shape.broadcast(
              name(),
              a.shape().part(0, a.shape().rank() - 2),
              b.shape().part(0, b.shape().rank() - 2));
      return List.of(a.withShape(batch.then(Shape.of(m, n))));
    }

    private static String describe(Shape shape, boolean transposed) {
      return shape + (transposed ? " transposed" : "");
    }
  }

  /** Geometry of a two-dimensional convolution. stride, padding and dilation in pixels; groups split the channels. */
  record Conv2dGeometry(Size2d stride, Size2d padding, Size2d dilation, int groups) {
    /** Throws {@link dev.tandem.shape.ShapeException} when a component is out of its range; the message names it. */
    public Conv2dGeometry {
      Check.attribute(
          stride.atLeast(1),
          "conv2d",
          "stride must be at least 1",
          stride,
          "use 1 for no skipping");
      Check.attribute(
          padding.atLeast(0), "conv2d", "padding must not be negative", padding, "use 0 for none");
      Check.attribute(
          dilation.atLeast(1), "conv2d", "dilation must be at least 1", dilation, "use 1 for none");
      Check.attribute(
          groups >= 1,
          "conv2d",
          "groups must be at least 1",
          groups,
          "use 1 for an ordinary convolution");
    }

    /** Stride 1, no padding, no dilation, one group. */
    public static Conv2dGeometry plain() {
      return new Conv2dGeometry(Size2d.of(1), Size2d.of(0), Size2d.of(1), 1);
    }

    /** Shape of y for x: (N, C, H, W) and w: (O, C / groups, KH, KW). */
    Shape output(String op, Shape x, Shape w) {
      Check.attribute(
          x.length(1) == (long) w.length(1) * groups,
          op,
          "input channels do not fit the weight",
          "x " + x + ", weight " + w + ", groups " + groups,
          "x must have weight axis 1 times groups channels");
      Check.attribute(
          w.length(0) % groups == 0,
          op,
          "output channels are not a multiple of groups",
          "weight " + w + ", groups " + groups,
          "change either");
      int height =
          Pooling.extent(
              op, x, 2, w.length(2), stride.height(), padding.height(), dilation.height());
      int width =
          Pooling.extent(op, x, 3, w.length(3), stride.width(), padding.width(), dilation.width());
      return Shape.of(x.length(0), w.length(0), height, width);
    }
  }

  /**
   * Two-dimensional cross-correlation, as every framework's "convolution": y[n,o,i,j] = sum over c,p,q of
   * x[n, c, i*stride - padding + p*dilation, ...] * w[o,c,p,q]. x: (N, C, H, W); w: (O, C / groups, KH, KW); y: (N, O,
   * OH, OW) with OH = floor((H + 2 padding - dilation (KH - 1) - 1) / stride) + 1. Bias is a separate add.
   */
  record Conv2d(Conv2dGeometry geometry) implements Linear {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "x, w");
      TensorType x = inputs.get(0);
      TensorType w = inputs.get(1);
      Check.floating(name(), x);
      Check.sameDType(name(), x, w);
      Check.rank(name(), "x", x, 4, "(N, C, H, W)");
      Check.rank(name(), "the weight", w, 4, "(O, C / groups, KH, KW)");
      return List.of(x.withShape(geometry.output(name(), x.shape(), w.shape())));
    }
  }

  /** dx of {@link Conv2d}. inputs: w, dy; dx: input, the forward x's shape, which dy alone does not determine. */
  record Conv2dGradInput(Conv2dGeometry geometry, Shape input) implements Linear {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "w, dy");
      TensorType w = inputs.get(0);
      Check.sameType(
          name(), "dy", inputs.get(1), w.withShape(geometry.output(name(), input, w.shape())));
      return List.of(w.withShape(input));
    }
  }

  /** dw of {@link Conv2d}. inputs: x, dy; dw: weight, the forward w's shape. */
  record Conv2dGradWeight(Conv2dGeometry geometry, Shape weight) implements Linear {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "x, dy");
      TensorType x = inputs.get(0);
      Check.sameType(
          name(), "dy", inputs.get(1), x.withShape(geometry.output(name(), x.shape(), weight)));
      return List.of(x.withShape(weight));
    }
  }
}
