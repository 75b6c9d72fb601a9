package dev.tandem.cpu;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.op.Indexing;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.List;

/** Reads and writes where indices say. Indices are checked before anything is written. */
final class CpuIndexing {
  private static final int GRAIN = 1 << 14;
  // The index of a row is looked for once a task, so tasks are few.
  private static final int TASKS_A_THREAD = 4;

  private final Parallel parallel;
  private final RowKernels rowKernels = RowKernels.best();

  CpuIndexing(Parallel parallel) {
    this.parallel = parallel;
  }

  void run(Indexing op, List<Operand> in, List<Operand> out) {
    Operand y = out.getFirst();
    switch (op) {
      case Indexing.Embedding _ -> embedding(op, in.get(0), in.get(1), y);
      case Indexing.EmbeddingGrad grad -> embeddingGrad(grad, in.get(0), in.get(1), y);
      case Indexing.Gather gather -> gather(gather, in.get(0), in.get(1), y);
      case Indexing.GatherGrad grad -> gatherGrad(grad, in.get(0), in.get(1), y);
      case Indexing.OneHot oneHot -> oneHot(oneHot, in.getFirst(), y);
    }
  }

  private void embedding(Indexing op, Operand table, Operand indices, Operand y) {
    int[] rows = checked(op, indices, table.shape().length(0));
    int width = (int) table.shape().elements(1, table.shape().rank());
    Object source = Operands.array(table);
    Object target = Operands.array(y);
    parallel.range(
        Operands.elements(indices),
        rowsOf(width),
        (from, to) -> {
          for (int i = from; i < to; i++) {
            System.arraycopy(source, rows[i] * width, target, i * width, width);
          }
        });
  }

  private void embeddingGrad(
      Indexing.EmbeddingGrad op, Operand dy, Operand indices, Operand dtable) {
    int[] rows = checked(op, indices, op.rows());
    int count = Operands.elements(indices);
    int width = (int) dtable.shape().elements(1, dtable.shape().rank());
    Object slopes = Operands.array(dy);
    Object sums = Operands.array(dtable);
    DType dtype = dtable.dtype();
    // Each task owns some rows of the table and goes through all indices in order: no row is
    // shared, no order open.
    int grain = Math.max(1, op.rows() / (parallel.threads() * TASKS_A_THREAD));
    parallel.range(
        op.rows(),
        grain,
        (from, to) -> {
          Elements.fill(dtype, sums, from * width, to * width, 0);
          for (int i = 0; i < count; i++) {
            if (rows[i] >= from && rows[i] < to) {
              add(slopes, i * width, sums, rows[i] * width, width);
            }
          }
        });
  }

  private void gather(Indexing.Gather op, Operand x, Operand indices, Operand y) {
    int axis = x.shape().axis(op.name(), op.axis());
    int length = x.shape().length(axis);
    int[] chosen = checked(op, indices, length);
    int inner = inner(x.shape(), axis);
    int block = indices.shape().length(axis) * inner;
    Object source = Operands.array(x);
    Object target = Operands.array(y);
    parallel.range(
        Operands.elements(y),
        GRAIN,
        (from, to) -> {
          int[] places = new int[Math.min(GRAIN, to - from)];
          for (int i = from; i < to; i++) {
            places[i - from] = (i / block * length + chosen[i]) * inner + i % inner;
          }
          Elements.gather(source, places, target, from, to - from);
        });
  }

  private void gatherGrad(Indexing.GatherGrad op, Operand dy, Operand indices, Operand dx) {
    int axis = dx.shape().axis(op.name(), op.axis());
    int[] chosen = checked(op, indices, op.length());
    int inner = inner(dx.shape(), axis);
    int places = dy.shape().length(axis);
    Object slopes = Operands.array(dy);
    Object sums = Operands.array(dx);
    DType dtype = dx.dtype();
    int outer = (int) dx.shape().elements(0, axis);
    int grain = Math.max(1, GRAIN / Math.max(1, Math.max(places, op.length()) * inner));
    parallel.range(
        outer,
        grain,
        (from, to) -> {
          Elements.fill(dtype, sums, from * op.length() * inner, to * op.length() * inner, 0);
          for (int i = from * places * inner; i < to * places * inner; i++) {
            int place = (i / (places * inner) * op.length() + chosen[i]) * inner + i % inner;
            add(slopes, i, sums, place, 1);
          }
        });
  }

  private void oneHot(Indexing.OneHot op, Operand indices, Operand y) {
    int[] classes = checked(op, indices, op.classes());
    Object target = Operands.array(y);
    int count = op.classes();
    parallel.range(
        Operands.elements(indices),
        rowsOf(count),
        (from, to) -> {
          Elements.fill(op.dtype(), target, from * count, to * count, 0);
          for (int i = from; i < to; i++) {
            int hot = i * count + classes[i];
            Elements.fill(op.dtype(), target, hot, hot + 1, 1);
          }
        });
  }

  /** The indices, each from 0 to below the bound. */
  private static int[] checked(Indexing op, Operand indices, int bound) {
    int[] values = Operands.i32(indices);
    int count = Operands.elements(indices);
    for (int i = 0; i < count; i++) {
      if (values[i] < 0 || values[i] >= bound) {
        throw new BackendException(
            "cpu: "
                + op.name()
                + ": index is out of range, got "
                + values[i]
                + " at element "
                + i
                + " of "
                + indices.shape()
                + "; indices run from 0 to "
                + (bound - 1));
      }
    }
    return values;
  }

  private void add(Object source, int at, Object target, int targetAt, int count) {
    switch (source) {
      case float[] from -> rowKernels.add(from, at, (float[]) target, targetAt, count);
      case double[] from -> {
        double[] to = (double[]) target;
        for (int i = 0; i < count; i++) {
          to[targetAt + i] += from[at + i];
        }
      }
      default ->
          throw new IllegalArgumentException(
              "indexing: no such gradient, got an array of "
                  + source.getClass().getSimpleName()
                  + "; use float[] or double[]");
    }
  }

  private static int rowsOf(int width) {
    return Math.max(1, GRAIN / Math.max(1, width));
  }

  private static int inner(Shape shape, int axis) {
    return (int) shape.elements(axis + 1, shape.rank());
  }
}
