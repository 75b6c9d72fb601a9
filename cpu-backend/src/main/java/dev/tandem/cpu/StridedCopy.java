package dev.tandem.cpu;

import dev.tandem.shape.Shape;

/**
 * A copy of a box of elements, each axis with a step in the source and one in the target. All of {@link
 * CpuMovement} is this, and broadcasting too: a step of 0 repeats. Axes that lie together in both are merged
 * first, so that the innermost run is as long as it can be.
 */
final class StridedCopy {
  private static final int GRAIN = 1 << 14;
  // A row of 16 floats is a cache line. Rows a power of two apart share few places in the cache, so
  // tiles are
  // small.
  private static final int TILE = 16;

  private final int rank;
  private final int[] lengths;
  private final int[] steps;
  private final int[] targetSteps;
  private final int start;
  private final int targetStart;
  private final int count;

  /** The box of these lengths. Steps and starts are in elements; lengths and steps have one entry an axis. */
  StridedCopy(int[] lengths, long[] steps, long start, long[] targetSteps, long targetStart) {
    this.lengths = new int[lengths.length];
    this.steps = new int[lengths.length];
    this.targetSteps = new int[lengths.length];
    this.start = (int) start;
    this.targetStart = (int) targetStart;
    int merged = 0;
    long product = 1;
    for (int axis = 0; axis < lengths.length; axis++) {
      int length = lengths[axis];
      product *= length;
      if (length == 1) {
        continue;
      }
      if (merged > 0
          && this.steps[merged - 1] == steps[axis] * length
          && this.targetSteps[merged - 1] == targetSteps[axis] * length) {
        merged--;
        length *= this.lengths[merged];
      }
      this.lengths[merged] = length;
      this.steps[merged] = (int) steps[axis];
      this.targetSteps[merged] = (int) targetSteps[axis];
      merged++;
    }
    rank = merged;
    count = (int) product;
    if (tiled(rank - 1)) {
      bringSourceRunInward();
    }
  }

  /** A tensor stretched to a shape it broadcasts to. */
  static StridedCopy expansion(Shape from, Shape to) {
    return new StridedCopy(to.lengths(), stretched(from, to), 0, to.strides(), 0);
  }

  /** Steps in a tensor along the axes of a shape it broadcasts to: 0 where it repeats. */
  private static long[] stretched(Shape from, Shape to) {
    long[] natural = from.strides();
    long[] steps = new long[to.rank()];
    int offset = to.rank() - from.rank();
    for (int axis = 0; axis < from.rank(); axis++) {
      steps[axis + offset] = from.length(axis) == 1 ? 0 : natural[axis];
    }
    return steps;
  }

  /** Whether this is one run from end to end of both. */
  boolean contiguous() {
    return rank == 0 || rank == 1 && steps[0] == 1 && targetSteps[0] == 1;
  }

  /** Where the source repeats as a whole: the length after which it does, which divides the count; otherwise 0. */
  int period() {
    if (rank == 1 && steps[0] == 0) {
      return 1;
    }
    return rank == 2 && steps[0] == 0 && steps[1] == 1 ? lengths[1] : 0;
  }

  /** Fills the target with the source again and again, for a source with a period. */
  void repeat(Object source, Object target, int elements) {
    int period = period();
    if (period == 1) {
      Elements.copy(source, 0, 0, target, 0, 1, elements);
    }
    for (int i = 0; period > 1 && i < elements; i += period) {
      Elements.copy(source, 0, 1, target, i, 1, Math.min(period, elements - i));
    }
  }

  /** Copies all of the box. */
  void run(Parallel parallel, Object source, Object target) {
    if (tiled(rank - 1)) {
      int tiles = (lengths[rank - 2] + TILE - 1) / TILE;
      int strips = count / lengths[rank - 1] / lengths[rank - 2] * tiles;
      int grain = Math.max(1, GRAIN / (TILE * lengths[rank - 1]));
      parallel.range(
          strips,
          grain,
          (from, to) -> {
            for (int strip = from; strip < to; strip++) {
              strip(source, target, strip / tiles, strip % tiles * TILE);
            }
          });
    } else {
      parallel.range(count, GRAIN, (from, to) -> run(source, target, from, to, 0));
    }
  }

  /**
   * Copies the elements of the box from the first, inclusive, to the last, exclusive, counted in the order of
   * its axes. The shift is added to places in the target. Not for copies that transpose.
   */
  void run(Object source, Object target, int from, int to, int shift) {
    if (from >= to) {
      return;
    }
    int inner = rank == 0 ? 1 : lengths[rank - 1];
    int step = rank == 0 ? 0 : steps[rank - 1];
    int targetStep = rank == 0 ? 1 : targetSteps[rank - 1];
    int[] index = new int[Math.max(0, rank - 1)];
    int row = from / inner;
    int column = from % inner;
    int at = start;
    int targetAt = targetStart + shift;
    for (int axis = rank - 2; axis >= 0; axis--) {
      index[axis] = row % lengths[axis];
      row /= lengths[axis];
      at += index[axis] * steps[axis];
      targetAt += index[axis] * targetSteps[axis];
    }
    for (int done = from; ; ) {
      int run = Math.min(inner - column, to - done);
      Elements.copy(
          source,
          at + column * step,
          step,
          target,
          targetAt + column * targetStep,
          targetStep,
          run);
      done += run;
      if (done == to) {
        return;
      }
      column = 0;
      int axis = rank - 2;
      for (; ++index[axis] == lengths[axis]; axis--) {
        index[axis] = 0;
        at -= (lengths[axis] - 1) * steps[axis];
        targetAt -= (lengths[axis] - 1) * targetSteps[axis];
      }
      at += steps[axis];
      targetAt += targetSteps[axis];
    }
  }

  /** Whether the innermost axis is a run in the target but not in the source, and another one is in the source. */
  private boolean tiled(int inner) {
    return inner > 0 && targetSteps[inner] == 1 && steps[inner] > 1 && sourceRun() >= 0;
  }

  private int sourceRun() {
    for (int axis = 0; axis < rank - 1; axis++) {
      if (steps[axis] == 1) {
        return axis;
      }
    }
    return -1;
  }

  private void bringSourceRunInward() {
    for (int axis = sourceRun(); axis < rank - 2; axis++) {
      swap(lengths, axis);
      swap(steps, axis);
      swap(targetSteps, axis);
    }
  }

  private static void swap(int[] of, int axis) {
    int held = of[axis];
    of[axis] = of[axis + 1];
    of[axis + 1] = held;
  }

  /** Transposes the rows from the first up to TILE more of the matrix with that number. */
  private void strip(Object source, Object target, int matrix, int row) {
    int at = start + row;
    int targetAt = targetStart + row * targetSteps[rank - 2];
    for (int axis = rank - 3, left = matrix; axis >= 0; axis--) {
      at += left % lengths[axis] * steps[axis];
      targetAt += left % lengths[axis] * targetSteps[axis];
      left /= lengths[axis];
    }
    int rows = Math.min(TILE, lengths[rank - 2] - row);
    int columns = lengths[rank - 1];
    int step = steps[rank - 1];
    for (int column = 0; column < columns; column += TILE) {
      Elements.transpose(
          source,
          at + column * step,
          step,
          target,
          targetAt + column,
          targetSteps[rank - 2],
          rows,
          Math.min(TILE, columns - column));
    }
  }
}
