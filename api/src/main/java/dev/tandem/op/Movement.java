package dev.tandem.op;

import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;
import java.util.stream.IntStream;

/** Ops that move elements and compute nothing. They take every element type. */
public sealed interface Movement extends Op {

  /**
   * The same elements in the same order under another shape. A tensor's reshape shares its memory and never comes to a
   * backend; a backend that is given this op copies.
   */
  record Reshape(Shape to) implements Movement {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      TensorType x = only(name(), inputs);
      if (x.elements() != to.elements()) {
        throw Check.fail(
            name(),
            "the number of elements would change",
            x.shape() + " to " + to,
            "keep the product of the lengths");
      }
      return List.of(x.withShape(to));
    }
  }

  /** Axis i of y is axis order[i] of x. */
  record Permute(List<Integer> order) implements Movement {
    /** Copies what it is given: later changes do not reach it. */
    public Permute {
      order = List.copyOf(order);
    }

    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      TensorType x = only(name(), inputs);
      boolean permutation =
          order.stream()
              .sorted()
              .toList()
              .equals(IntStream.range(0, x.shape().rank()).boxed().toList());
      Check.attribute(
          permutation,
          name(),
          "not a permutation of the axes",
          order + " for " + x.shape(),
          "name each axis from 0 to " + (x.shape().rank() - 1) + " once");
      return List.of(x.withShape(Shape.of(order.stream().map(x.shape()::length).toList())));
    }
  }

  /** x stretched to a shape it broadcasts to. */
  record Expand(Shape to) implements Movement {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      TensorType x = only(name(), inputs);
      if (!x.shape().broadcastsTo(to)) {
        throw Check.fail(
            name(),
            "shape does not stretch that way",
            x.shape() + " to " + to,
            "only axes of length 1 stretch");
      }
      return List.of(x.withShape(to));
    }
  }

  /** The box of x that begins at start[i] and has length[i] on axis i. */
  record Slice(List<Integer> start, List<Integer> length) implements Movement {
    /** Copies what it is given: later changes do not reach it. */
    public Slice {
      start = List.copyOf(start);
      length = List.copyOf(length);
    }

    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      TensorType x = only(name(), inputs);
      boolean fits = start.size() == x.shape().rank() && length.size() == x.shape().rank();
      for (int axis = 0; fits && axis < start.size(); axis++) {
        fits =
            start.get(axis) >= 0
                && length.get(axis) >= 0
                && (long) start.get(axis) + length.get(axis) <= x.shape().length(axis);
      }
      Check.attribute(
          fits,
          name(),
          "the box does not lie inside x",
          "start " + start + ", length " + length + " of " + x.shape(),
          "give one start and length an axis, within its bounds");
      return List.of(x.withShape(Shape.of(length)));
    }
  }

  /** x with before[i] and after[i] elements of the value added around axis i. */
  record Pad(List<Integer> before, List<Integer> after, double value) implements Movement {
    /** Copies what it is given: later changes do not reach it. */
    public Pad {
      before = List.copyOf(before);
      after = List.copyOf(after);
    }

    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      TensorType x = only(name(), inputs);
      boolean fits = before.size() == x.shape().rank() && after.size() == x.shape().rank();
      for (int axis = 0; fits && axis < before.size(); axis++) {
        fits = before.get(axis) >= 0 && after.get(axis) >= 0;
      }
      Check.attribute(
          fits,
          name(),
          "padding must be 0 or more on each axis",
          "before " + before + ", after " + after + " for " + x.shape(),
          "use slice to cut");
      return List.of(
          x.withShape(
              Shape.of(
                  IntStream.range(0, before.size())
                      .map(axis ->
                          Math.addExact(
                              x.shape().length(axis),
                              Math.addExact(before.get(axis), after.get(axis))))
                      .toArray())));
    }
  }

  /** The inputs one after another along the axis; all other axes and the element type are equal. */
  record Concat(int axis) implements Movement {
    /** Throws {@link dev.tandem.shape.ShapeException} when a component is out of its range; the message names it. */
    public Concat {
      Check.countedFromZero("concat", axis);
    }

    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.attribute(!inputs.isEmpty(), name(), "nothing to join", 0, "give at least one tensor");
      TensorType first = inputs.getFirst();
      first.shape().axis(name(), axis);
      int length = 0;
      for (TensorType x : inputs) {
        Check.attribute(
            x.dtype() == first.dtype()
                && x.shape().rank() == first.shape().rank()
                && x.shape().with(axis, 0).equals(first.shape().with(axis, 0)),
            name(),
            "tensors differ beyond axis " + axis,
            inputs,
            "make the other axes and the element types equal");
        length = Math.addExact(length, x.shape().length(axis));
      }
      return List.of(first.withShape(first.shape().with(axis, length)));
    }
  }

  private static TensorType only(String op, List<TensorType> inputs) {
    Check.arity(op, inputs, 1, "x");
    return inputs.getFirst();
  }
}
