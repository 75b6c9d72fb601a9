package dev.tandem.cuda;

import dev.tandem.backend.BackendException;
import dev.tandem.shape.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * How the elements of a box, counted row by row, lie in some tensors: {@code Strides} of common.cuh. Axes of length 1 are left
 * out, and axes that every tensor runs through as one are merged, so that a kernel has little to divide.
 */
final class Strides {
  /** As many as common.cuh has room for. */
  static final int AXES = 8;

  private static final int INTS = 4;

  private final long[] lengths;
  private final long[][] strides;
  private final int axes;
  private final long elements;

  /** Axes are merged as they come in, outermost first. */
  private Strides(String op, long[] lengths, long[][] strides) {
    long[] merged = new long[lengths.length];
    long[][] kept = new long[strides.length][lengths.length];
    int count = 0;
    long product = 1;
    for (int axis = 0; axis < lengths.length; axis++) {
      product *= lengths[axis];
      if (lengths[axis] == 1) {
        continue;
      }
      if (count > 0 && mergeable(kept, count - 1, strides, axis, lengths[axis])) {
        merged[count - 1] *= lengths[axis];
        count--;
      } else {
        merged[count] = lengths[axis];
      }
      for (int tensor = 0; tensor < strides.length; tensor++) {
        kept[tensor][count] = strides[tensor][axis];
      }
      count++;
    }
    if (count > AXES) {
      throw new BackendException(
          op
              + ": too many axes that cannot be merged, got "
              + Arrays.toString(lengths)
              + "; reshape to at most "
              + AXES);
    }
    this.lengths = count == 0 ? new long[] {1} : Arrays.copyOf(merged, count);
    this.strides = kept;
    this.axes = this.lengths.length;
    this.elements = product;
    if (count == 0) {
      for (int tensor = 0; tensor < strides.length; tensor++) {
        kept[tensor] = new long[1];
      }
    }
  }

  private static boolean mergeable(
      long[][] kept, int outer, long[][] strides, int inner, long length) {
    for (int tensor = 0; tensor < strides.length; tensor++) {
      if (kept[tensor][outer] != strides[tensor][inner] * length) {
        return false;
      }
    }
    return true;
  }

  /** The box, and tensors that stretch to it. @param op for messages */
  static Strides stretched(String op, Shape box, Shape... tensors) {
    long[][] strides = new long[tensors.length][];
    for (int tensor = 0; tensor < tensors.length; tensor++) {
      strides[tensor] = stretched(tensors[tensor], box);
    }
    return new Strides(op, lengths(box), strides);
  }

  /** A box that lies in tensors with these elements between neighbours on each axis. */
  static Strides of(String op, Shape box, long[]... strides) {
    return new Strides(op, lengths(box), strides);
  }

  private static long[] lengths(Shape box) {
    return Arrays.stream(box.lengths()).asLongStream().toArray();
  }

  /** Elements between neighbours of a tensor along each axis of a box that it stretches to; 0 where it is stretched. */
  static long[] stretched(Shape tensor, Shape box) {
    long[] own = tensor.strides();
    long[] strides = new long[box.rank()];
    int missing = box.rank() - tensor.rank();
    for (int axis = 0; axis < tensor.rank(); axis++) {
      strides[missing + axis] = tensor.length(axis) == 1 ? 0 : own[axis];
    }
    return strides;
  }

  /** The length of an axis, 0 being the innermost. */
  long length(int axis) {
    return lengths[axes - 1 - axis];
  }

  /** Elements between a tensor's neighbours along an axis, 0 being the innermost. */
  long stride(int tensor, int axis) {
    return strides[tensor][axes - 1 - axis];
  }

  /** Where a row of the innermost axis begins in each tensor, rows being counted as the box goes. */
  void locate(long row, long[] at) {
    Arrays.fill(at, 0);
    long left = row;
    for (int axis = 1; axis < axes; axis++) {
      for (int tensor = 0; tensor < at.length; tensor++) {
        at[tensor] += left % length(axis) * stride(tensor, axis);
      }
      left /= length(axis);
    }
  }

  /**
   * The bytes of the kernel's struct.
   *
   * @param together as {@link #by} has it
   * @param wideFrom from how many elements on a number of an element may not fit 32 bits
   */
  MemorySegment bytes(long wideFrom, boolean together) {
    int words = AXES * (1 + strides.length);
    MemorySegment bytes =
        MemorySegment.ofArray(new long[words + INTS * Integer.BYTES / Long.BYTES]);
    for (int i = 0; i < axes; i++) {
      int axis = axes - 1 - i; // innermost first
      bytes.setAtIndex(ValueLayout.JAVA_LONG, i, lengths[axis]);
      for (int tensor = 0; tensor < strides.length; tensor++) {
        bytes.setAtIndex(ValueLayout.JAVA_LONG, AXES * (1L + tensor) + i, strides[tensor][axis]);
      }
    }
    int at = 2 * words;
    bytes.setAtIndex(ValueLayout.JAVA_INT, at, axes);
    bytes.setAtIndex(ValueLayout.JAVA_INT, at + 1L, together ? 1 : 0);
    bytes.setAtIndex(ValueLayout.JAVA_INT, at + 2L, elements >= wideFrom ? 1 : 0);
    return bytes;
  }

  /**
   * Whether so many neighbours of the box lie side by side, aligned to their number, or all in one place, in every tensor.
   *
   * @param lanes a power of two
   * @param offsets where the box begins in each tensor, in elements
   */
  boolean by(int lanes, long... offsets) {
    if (axes > 1 && lengths[axes - 1] % lanes != 0) {
      return false;
    }
    for (int tensor = 0; tensor < strides.length; tensor++) {
      long inner = strides[tensor][axes - 1];
      boolean aligned = tensor >= offsets.length || offsets[tensor] % lanes == 0;
      for (int axis = 0; axis < axes - 1; axis++) {
        aligned &= strides[tensor][axis] % lanes == 0;
      }
      if (inner != 0 && !(inner == 1 && aligned)) {
        return false;
      }
    }
    return true;
  }

  /** How many axes are left after merging. */
  int axes() {
    return axes;
  }

  long elements() {
    return elements;
  }

  /** The box along all of its axes but two, counted from the innermost. */
  Strides without(String op, int one, int other) {
    int[] kept =
        IntStream.range(0, axes)
            .filter(axis -> axis != axes - 1 - one && axis != axes - 1 - other)
            .toArray();
    return new Strides(
        op,
        Arrays.stream(kept).mapToLong(axis -> lengths[axis]).toArray(),
        Arrays.stream(strides)
            .map(stride -> Arrays.stream(kept).mapToLong(axis -> stride[axis]).toArray())
            .toArray(long[][]::new));
  }
}
