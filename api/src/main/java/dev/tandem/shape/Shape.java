package dev.tandem.shape;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The lengths of a tensor's axes, outermost first. A scalar has none; a length may be zero. Row-major throughout. */
public final class Shape {
  private static final Shape SCALAR = new Shape(new int[0]);

  private final int[] lengths;
  private final long elements;

  private Shape(int[] lengths) {
    long product = 1;
    for (int length : lengths) {
      if (length < 0) {
        throw new ShapeException(
            "shape: a length is negative, got "
                + Arrays.toString(lengths)
                + "; give lengths of zero or more");
      }
      // No element takes more than 8 bytes, so a shape's bytes can be counted too.
      if (length > 0 && product > Long.MAX_VALUE / Long.BYTES / length) {
        throw new ShapeException(
            "shape: more elements than can be counted, got "
                + Arrays.toString(lengths)
                + "; give smaller lengths");
      }
      product *= length;
    }
    this.lengths = lengths;
    this.elements = product;
  }

  /** The shape with these lengths. */
  public static Shape of(int... lengths) {
    return new Shape(lengths.clone());
  }

  /** The shape with these lengths. */
  public static Shape of(List<Integer> lengths) {
    return new Shape(lengths.stream().mapToInt(Integer::intValue).toArray());
  }

  /** The shape of a single number: no axes, one element. */
  public static Shape scalar() {
    return SCALAR;
  }

  /** How many axes there are. */
  public int rank() {
    return lengths.length;
  }

  /** The length of an axis; negative axes count from the end, so -1 is the innermost. */
  public int length(int axis) {
    return lengths[axis("length", axis)];
  }

  /** How many elements there are: the product of all lengths. */
  public long elements() {
    return elements;
  }

  /** A copy of the lengths. */
  public int[] lengths() {
    return lengths.clone();
  }

  /** The lengths as an immutable list. */
  public List<Integer> toList() {
    return IntStream.of(lengths).boxed().toList();
  }

  /** Elements between neighbours along each axis, in row-major order. */
  public long[] strides() {
    long[] strides = new long[lengths.length];
    long stride = 1;
    for (int axis = lengths.length - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride *= lengths[axis];
    }
    return strides;
  }

  /** The axis as a number from 0 to rank - 1, whether it was counted from the front or, negative, from the end. */
  public int axis(String op, int axis) {
    int counted = axis < 0 ? axis + lengths.length : axis;
    if (counted < 0 || counted >= lengths.length) {
      throw new ShapeException(
          op
              + ": no such axis, got axis "
              + axis
              + " of "
              + this
              + "; axes run from "
              + -lengths.length
              + " to "
              + (lengths.length - 1));
    }
    return counted;
  }

  /** This shape with one axis of another length. */
  public Shape with(int axis, int length) {
    int[] changed = lengths.clone();
    changed[axis("with", axis)] = length;
    return new Shape(changed);
  }

  /** This shape without the axis. */
  public Shape without(int axis) {
    int gone = axis("without", axis);
    int[] left = new int[lengths.length - 1];
    System.arraycopy(lengths, 0, left, 0, gone);
    System.arraycopy(lengths, gone + 1, left, gone, left.length - gone);
    return new Shape(left);
  }

  /** The axes of this shape followed by those of the other. */
  public Shape then(Shape inner) {
    int[] all = Arrays.copyOf(lengths, lengths.length + inner.lengths.length);
    System.arraycopy(inner.lengths, 0, all, lengths.length, inner.lengths.length);
    return new Shape(all);
  }

  /** The axes from the first, inclusive, to the last, exclusive. */
  public Shape part(int from, int to) {
    return new Shape(Arrays.copyOfRange(lengths, from, to));
  }

  /** The product of the lengths of the axes from the first, inclusive, to the last, exclusive. */
  public long elements(int from, int to) {
    long product = 1;
    for (int axis = from; axis < to; axis++) {
      product *= lengths[axis];
    }
    return product;
  }

  /**
   * The shape that both broadcast to: shapes are aligned at the innermost axis, a missing axis counts as 1, and an axis
   * of length 1 stretches (the rule of NumPy's "Broadcasting").
   */
  public static Shape broadcast(String op, Shape a, Shape b) {
    if (a.equals(b)) {
      return a;
    }
    int rank = Math.max(a.rank(), b.rank());
    int[] lengths = new int[rank];
    for (int i = 1; i <= rank; i++) {
      int la = i <= a.rank() ? a.lengths[a.rank() - i] : 1;
      int lb = i <= b.rank() ? b.lengths[b.rank() - i] : 1;
      if (la != lb && la != 1 && lb != 1) {
        throw new ShapeException(
            op
                + ": shapes do not broadcast, got "
                + a
                + " and "
                + b
                + "; axis "
                + -i
                + " must be equal, or 1 on one side");
      }
      lengths[rank - i] = la == 1 ? lb : la;
    }
    return new Shape(lengths);
  }

  /** Whether this shape stretches to the other by broadcasting alone. */
  public boolean broadcastsTo(Shape wide) {
    if (rank() > wide.rank()) {
      return false;
    }
    int offset = wide.rank() - rank();
    for (int axis = 0; axis < rank(); axis++) {
      if (lengths[axis] != 1 && lengths[axis] != wide.lengths[axis + offset]) {
        return false;
      }
    }
    return true;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(lengths, shape.lengths);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(lengths);
  }

  /** As users write it: {@code (64, 784)}, {@code (10)}, {@code ()}. */
  @Override
  public String toString() {
    return IntStream.of(lengths)
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(", ", "(", ")"));
  }
}
