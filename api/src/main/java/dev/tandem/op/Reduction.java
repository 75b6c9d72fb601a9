package dev.tandem.op;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.List;

/** Ops that fold whole axes. The order of summation is fixed, so that a result never depends on the thread count. */
public sealed interface Reduction extends Op {

  /** Folds the listed axes (ascending, from 0); with keep they stay with length 1. No axes: x itself. */
  sealed interface OverAxes extends Reduction {
    /** The axes that are folded, ascending, counted from 0. */
    List<Integer> axes();

    /** Whether folded axes stay, with length 1. */
    boolean keep();

    /** Whether an empty fold has a value, as a sum does and a maximum does not. */
    default boolean definedOnNothing() {
      return true;
    }

    @Override
    default List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 1, "x");
      TensorType x = inputs.getFirst();
      Check.floating(name(), x);
      Shape shape = reduced(name(), x.shape(), axes(), keep());
      Check.attribute(
          definedOnNothing() || shape.elements() == 0 || x.elements() > 0,
          name(),
          "has no value over no elements",
          x.shape(),
          "leave out axes of length 0");
      return List.of(x.withShape(shape));
    }
  }

  /** y = sum of x over the axes; 0 over nothing. */
  record Sum(List<Integer> axes, boolean keep) implements OverAxes {
    /** Throws {@link dev.tandem.shape.ShapeException} when a component is out of its range; the message names it. */
    public Sum {
      axes = ascending("sum", axes);
    }
  }

  /** y = mean of x over the axes; NaN over nothing. */
  record Mean(List<Integer> axes, boolean keep) implements OverAxes {
    /** Throws {@link dev.tandem.shape.ShapeException} when a component is out of its range; the message names it. */
    public Mean {
      axes = ascending("mean", axes);
    }
  }

  /** y = largest of x over the axes; NaN if any is. The gradient is shared evenly among equals. */
  record Max(List<Integer> axes, boolean keep) implements OverAxes {
    /** Throws {@link dev.tandem.shape.ShapeException} when a component is out of its range; the message names it. */
    public Max {
      axes = ascending("max", axes);
    }

    @Override
    public boolean definedOnNothing() {
      return false;
    }
  }

  /** y = smallest of x over the axes; NaN if any is. The gradient is shared evenly among equals. */
  record Min(List<Integer> axes, boolean keep) implements OverAxes {
    /** Throws {@link dev.tandem.shape.ShapeException} when a component is out of its range; the message names it. */
    public Min {
      axes = ascending("min", axes);
    }

    @Override
    public boolean definedOnNothing() {
      return false;
    }
  }

  /** y = index of the largest of x along the axis, the first of equals, and the first NaN if there is one. y: I32. */
  record ArgMax(int axis, boolean keep) implements Reduction {
    /** Throws {@link dev.tandem.shape.ShapeException} when a component is out of its range; the message names it. */
    public ArgMax {
      Check.countedFromZero("arg_max", axis);
    }

    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 1, "x");
      TensorType x = inputs.getFirst();
      Check.floating(name(), x);
      Shape shape = reduced(name(), x.shape(), List.of(axis), keep);
      Check.attribute(
          shape.elements() == 0 || x.elements() > 0,
          name(),
          "has no value over no elements",
          x.shape(),
          "leave out axes of length 0");
      return List.of(new TensorType(DType.I32, shape));
    }
  }

  /**
   * y = square root of the sum of squares of all elements of all inputs, as clipping needs it of gradients. inputs: any number of
   * tensors of one floating-point type; y: a scalar of {@link DType#statistics}. A norm beyond the type is infinite, and NaN if
   * any element is.
   */
  record GlobalNorm() implements Reduction {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.attribute(
          !inputs.isEmpty(), name(), "nothing to measure", 0, "give at least one tensor");
      TensorType first = inputs.getFirst();
      Check.floating(name(), first);
      inputs.forEach(x -> Check.sameDType(name(), first, x));
      return List.of(new TensorType(first.dtype().statistics(), Shape.scalar()));
    }
  }

  private static List<Integer> ascending(String op, List<Integer> axes) {
    List<Integer> sorted = axes.stream().sorted().distinct().toList();
    Check.attribute(
        sorted.size() == axes.size() && (sorted.isEmpty() || sorted.getFirst() >= 0),
        op,
        "axes must be distinct and counted from 0",
        axes,
        "name each axis once");
    return sorted;
  }

  private static Shape reduced(String op, Shape x, List<Integer> axes, boolean keep) {
    List<Integer> lengths = new ArrayList<>();
    for (int axis : axes) {
      x.axis(op, axis);
    }
    for (int axis = 0; axis < x.rank(); axis++) {
      if (!axes.contains(axis)) {
        lengths.add(x.length(axis));
      } else if (keep) {
        lengths.add(1);
      }
    }
    return Shape.of(lengths);
  }
}
