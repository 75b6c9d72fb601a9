package dev.tandem.cpu;

import dev.tandem.shape.Shape;
import java.util.Arrays;
import java.util.List;

/**
 * How a fold walks through a tensor: the axes that stay and those that go, neighbours of one kind merged. If
 * the innermost axis goes, x is runs to be folded, else it is rows to be added up.
 *
 * @param kept the axes that stay, but for the row
 * @param folded the axes that go, but for the run
 * @param inner length of the innermost merged axis: of the run or the row
 * @param runs whether the innermost axis is folded
 */
record Axes(Walk kept, Walk folded, int inner, boolean runs) {

  /** A walk over some axes of a tensor in row-major order. */
  record Walk(int[] lengths, int[] steps, int count) {
    /** Where in the tensor the index-th step of the walk is. */
    int place(int index) {
      int place = 0;
      for (int axis = lengths.length - 1, left = index; axis >= 0 && left > 0; axis--) {
        place += left % lengths[axis] * steps[axis];
        left /= lengths[axis];
      }
      return place;
    }
  }

  static Axes of(Shape x, List<Integer> folded) {
    int[] lengths = new int[x.rank()];
    boolean[] goes = new boolean[x.rank()];
    int count = 0;
    for (int axis = 0; axis < x.rank(); axis++) {
      boolean gone = folded.contains(axis);
      if (x.length(axis) == 1) {
        continue;
      }
      if (count > 0 && goes[count - 1] == gone) {
        lengths[count - 1] *= x.length(axis);
      } else {
        lengths[count] = x.length(axis);
        goes[count++] = gone;
      }
    }
    // All axes of length 1: one element, a run of one.
    int inner = count == 0 ? 1 : lengths[count - 1];
    boolean runs = count == 0 || goes[count - 1];
    return new Axes(
        walk(lengths, goes, count, false), walk(lengths, goes, count, true), inner, runs);
  }

  /**
   * The same with several rows taken as one where rows are short and lie together: the row is as many times
   * longer as divides their number, at most to the limit. A loop over ten columns is mostly beginning and end.
   */
  Axes widened(int limit) {
    int last = folded.lengths.length - 1;
    if (runs || last < 0 || folded.steps[last] != inner) {
      return this;
    }
    int together = Math.max(1, limit / inner);
    while (folded.lengths[last] % together != 0) {
      together--;
    }
    int[] lengths = folded.lengths.clone();
    int[] steps = folded.steps.clone();
    lengths[last] /= together;
    steps[last] *= together;
    return new Axes(
        kept, new Walk(lengths, steps, folded.count / together), inner * together, false);
  }

  /** How many elements come together in one result. */
  long foldedElements() {
    return (long) folded.count * (runs ? inner : 1);
  }

  private static Walk walk(int[] lengths, boolean[] goes, int count, boolean kind) {
    int[] chosen = new int[count];
    int[] steps = new int[count];
    int found = 0;
    int product = 1;
    for (int axis = 0; axis < count - 1; axis++) {
      if (goes[axis] == kind) {
        chosen[found] = lengths[axis];
        product *= lengths[axis];
        int step = 1;
        for (int within = axis + 1; within < count; within++) {
          step *= lengths[within];
        }
        steps[found++] = step;
      }
    }
    return new Walk(Arrays.copyOf(chosen, found), Arrays.copyOf(steps, found), product);
  }
}
