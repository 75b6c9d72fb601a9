package dev.tandem.op;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;

/** Ops that fold a window sliding over H and W. Pooling over the whole image is a {@link Reduction}. */
public sealed interface Pooling extends Op {

  /** Size, steps and padding of the window, in pixels. Padding is at most half the kernel. */
  record Window(Size2d kernel, Size2d stride, Size2d padding) {
    /** Throws {@link dev.tandem.shape.ShapeException} when a component is out of its range; the message names it. */
    public Window {
      Check.attribute(
          kernel.atLeast(1),
          "pooling",
          "kernel must be at least 1",
          kernel,
          "use 2 to halve an image");
      Check.attribute(
          stride.atLeast(1),
          "pooling",
          "stride must be at least 1",
          stride,
          "use the kernel's size");
      Check.attribute(
          padding.atLeast(0)
              && padding.height() * 2 <= kernel.height()
              && padding.width() * 2 <= kernel.width(),
          "pooling",
          "padding must be 0 to half the kernel",
          padding + " with kernel " + kernel,
          "use less padding, or pad first");
    }

    /** A square window without padding that moves by its own size. */
    public static Window of(int kernel) {
      return new Window(Size2d.of(kernel), Size2d.of(kernel), Size2d.of(0));
    }

    Shape output(String op, Shape x) {
      return Shape.of(
          x.length(0),
          x.length(1),
          extent(op, x, 2, kernel.height(), stride.height(), padding.height(), 1),
          extent(op, x, 3, kernel.width(), stride.width(), padding.width(), 1));
    }
  }

  /**
   * Largest of each window; padding never wins; NaN wins. x: (N, C, H, W). Results: y (N, C, OH, OW) and I32 indices of
   * y's shape: where in its H*W plane each was found, the first of equals.
   */
  record MaxPool2d(Window window) implements Pooling {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      TensorType x = image(name(), inputs, "x");
      Check.attribute(
          x.shape().length(2) > 0 && x.shape().length(3) > 0,
          name(),
          "has no value over no pixels",
          x.shape(),
          "give images of at least one pixel");
      Shape y = window.output(name(), x.shape());
      return List.of(x.withShape(y), new TensorType(DType.I32, y));
    }
  }

  /** dx of {@link MaxPool2d}: dy is added at its index. inputs: dy, indices; dx: input, the forward x's shape. */
  record MaxPool2dGrad(Window window, Shape input) implements Pooling {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "dy, indices");
      TensorType dy = inputs.getFirst();
      Check.floating(name(), dy);
      Check.shape(name(), "dy", dy, window.output(name(), input));
      Check.sameType(name(), "indices", inputs.get(1), dy.withDType(DType.I32));
      return List.of(dy.withShape(input));
    }
  }

  /** Mean of each window; padding counts as zeros that are part of the mean. x: (N, C, H, W); y: (N, C, OH, OW). */
  record AvgPool2d(Window window) implements Pooling {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      TensorType x = image(name(), inputs, "x");
      return List.of(x.withShape(window.output(name(), x.shape())));
    }
  }

  /** dx of {@link AvgPool2d}. inputs: dy; dx: input, the forward x's shape. */
  record AvgPool2dGrad(Window window, Shape input) implements Pooling {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      TensorType dy = image(name(), inputs, "dy");
      Check.shape(name(), "dy", dy, window.output(name(), input));
      return List.of(dy.withShape(input));
    }
  }

  private static TensorType image(String op, List<TensorType> inputs, String role) {
    Check.arity(op, inputs, 1, role);
    TensorType x = inputs.getFirst();
    Check.floating(op, x);
    Check.rank(op, role, x, 4, "(N, C, H, W)");
    return x;
  }

  /** How many places a window has along an axis of x; at least one, or it does not fit. */
  static int extent(
      String op, Shape x, int axis, int kernel, int stride, int padding, int dilation) {
    long room = x.length(axis) + 2L * padding - (long) dilation * (kernel - 1) - 1;
    Check.attribute(
        room >= 0,
        op,
        "the window does not fit the image",
        "x "
            + x
            + ", kernel "
            + kernel
            + ", padding "
            + padding
            + ", dilation "
            + dilation
            + " on axis "
            + axis,
        "use a smaller kernel or more padding");
    return Math.toIntExact(room / stride + 1);
  }
}
