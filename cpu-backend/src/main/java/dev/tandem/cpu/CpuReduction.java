package dev.tandem.cpu;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.op.Reduction;
import dev.tandem.shape.DType;
import java.util.Arrays;
import java.util.List;

/**
 * Folds axes. Work is cut by the shapes alone and joined in order, so results do not depend on threads. Sums of
 * floats are made of spans of at most {@link #SPAN} elements, each in 64 partial sums, joined in double: near
 * 1e-7 of the sum of magnitudes for a million elements.
 */
final class CpuReduction {
  private static final int SPAN = 1024;
  // Elements of one task.
  private static final int TASK = 1 << 16;
  // Columns of one task when rows are added up: with the sum they fill half the first-level cache.
  private static final int COLUMNS = 2048;
  // Rows shorter than this are worth taking together.
  private static final int NARROW = 256;
  // Rows that are added in float before the sum moves on to double.
  private static final int ROWS = 16;

  private final Parallel parallel;
  private final BufferPool pool;
  private final Kernels kernels = Kernels.best();
  private final RowKernels rowKernels = RowKernels.best();
  private final GlobalNorm globalNorm;

  CpuReduction(Parallel parallel, BufferPool pool) {
    this.parallel = parallel;
    this.pool = pool;
    globalNorm = new GlobalNorm(parallel);
  }

  void run(Reduction op, List<Operand> in, List<Operand> out) {
    Operand x = in.getFirst();
    Operand y = out.getFirst();
    switch (op) {
      case Reduction.Sum sum -> fold(op, Fold.SUM, Axes.of(x.shape(), sum.axes()), 1, x, y);
      case Reduction.Mean mean -> {
        Axes axes = Axes.of(x.shape(), mean.axes());
        fold(op, Fold.SUM, axes, axes.foldedElements(), x, y);
      }
      case Reduction.Max max -> fold(op, Fold.MAX, Axes.of(x.shape(), max.axes()), 1, x, y);
      case Reduction.Min min -> fold(op, Fold.MIN, Axes.of(x.shape(), min.axes()), 1, x, y);
      case Reduction.ArgMax argMax -> argMax(argMax, x, y);
      case Reduction.GlobalNorm _ -> globalNorm.run(in, y);
    }
  }

  private void fold(Reduction op, Fold fold, Axes axes, long divisor, Operand x, Operand y) {
    if (y.elements() == 0) {
      return;
    }
    if (x.elements() == 0) {
      Elements.fill(
          y.dtype(), Operands.array(y), 0, Operands.elements(y), fold.ofNothing() / divisor);
      return;
    }
    switch (x.dtype()) {
      case F32 -> {
        if (axes.runs()) {
          runs(fold, axes, divisor, Operands.f32(x), Operands.f32(y));
        } else {
          rows(fold, axes, divisor, Operands.f32(x), Operands.f32(y));
        }
      }
      case F64 -> doubles(fold, axes, divisor, Operands.f64(x), Operands.f64(y));
      case BF16, F16, I32, U8 ->
          throw new BackendException(
              "cpu: "
                  + op.name()
                  + " is not computed with this element type, got "
                  + x.dtype()
                  + "; cast to F32");
    }
  }

  /** Each result folds folded.count runs of inner elements. A result with much to fold is made in several parts. */
  private void runs(Fold fold, Axes axes, long divisor, float[] x, float[] y) {
    int pieces = Math.ceilDiv(axes.inner(), TASK);
    int all = axes.folded().count() * pieces;
    int together = Math.max(1, TASK / Math.min(axes.inner(), TASK));
    int parts = Math.ceilDiv(all, together);
    int results = axes.kept().count();
    if (parts == 1) {
      parallel.range(
          results,
          Math.max(1, together / all),
          (from, to) -> {
            for (int result = from; result < to; result++) {
              y[result] = (float) (part(fold, axes, x, result, pieces, 0, all) / divisor);
            }
          });
      return;
    }
    double[] joined = (double[]) pool.borrow(DType.F64, results * parts);
    parallel.range(
        results * parts,
        1,
        (from, to) -> {
          for (int task = from; task < to; task++) {
            int first = task % parts * together;
            joined[task] =
                part(fold, axes, x, task / parts, pieces, first, Math.min(all, first + together));
          }
        });
    for (int result = 0; result < results; result++) {
      double value = fold.ofNothing();
      for (int part = 0; part < parts; part++) {
        value = fold.join(value, joined[result * parts + part]);
      }
      y[result] = (float) (value / divisor);
    }
    pool.release(DType.F64, joined);
  }

  private double part(Fold fold, Axes axes, float[] x, int result, int pieces, int from, int to) {
    int base = axes.kept().place(result);
    double value = fold.ofNothing();
    for (int piece = from; piece < to; piece++) {
      int within = piece % pieces * TASK;
      int at = base + axes.folded().place(piece / pieces) + within;
      int count = Math.min(TASK, axes.inner() - within);
      // Counted from 0, for a place one span beyond the longest array is no int.
      for (int done = 0; done < count; done += SPAN) {
        value = fold.join(value, fold.span(kernels, x, at + done, Math.min(SPAN, count - done)));
      }
    }
    return value;
  }

  /** Each row of results folds folded.count rows of inner elements. Many rows are folded in several parts. */
  private void rows(Fold fold, Axes narrow, long divisor, float[] x, float[] y) {
    Axes axes = narrow.inner() < NARROW ? narrow.widened(COLUMNS) : narrow;
    int width = Math.min(axes.inner(), COLUMNS);
    int strips = Math.ceilDiv(axes.inner(), width);
    int all = axes.folded().count();
    int together = Math.max(ROWS, TASK / width);
    int parts = Math.ceilDiv(all, together);
    int results = axes.kept().count();
    double[] joined = (double[]) pool.borrow(DType.F64, (long) results * parts * axes.inner());
    parallel.range(
        results * strips * parts,
        1,
        (from, to) -> {
          float[] sums = pool.borrow(width);
          for (int task = from; task < to; task++) {
            int result = task / parts / strips;
            int column = task / parts % strips * width;
            int part = task % parts;
            int first = part * together;
            addRows(
                fold,
                axes,
                x,
                axes.kept().place(result) + column,
                Math.min(width, axes.inner() - column),
                first,
                Math.min(all, first + together),
                sums,
                joined,
                (result * parts + part) * axes.inner() + column);
          }
          pool.release(sums);
        });
    int columns = narrow.inner();
    int rows = parts * (axes.inner() / columns);
    parallel.range(
        results * columns,
        Math.max(1, TASK / rows),
        (from, to) -> {
          for (int i = from, count; i < to; i += count) {
            int column = i % columns;
            count = Math.min(to - i, columns - column);
            int at = i / columns * rows * columns + column;
            for (int row = 1; row < rows; row++) {
              fold.join(joined, at, joined, at + row * columns, count);
            }
            for (int j = 0; j < count; j++) {
              y[i + j] = (float) (joined[at + j] / divisor);
            }
          }
        });
    pool.release(DType.F64, joined);
  }

  private void addRows(
      Fold fold,
      Axes axes,
      float[] x,
      int base,
      int width,
      int from,
      int to,
      float[] sums,
      double[] joined,
      int joinedAt) {
    Arrays.fill(joined, joinedAt, joinedAt + width, fold.ofNothing());
    int[] rows = new int[ROWS];
    for (int group = from; group < to; group += ROWS) {
      int count = Math.min(ROWS, to - group);
      for (int row = 0; row < count; row++) {
        rows[row] = base + axes.folded().place(group + row);
      }
      if (fold == Fold.SUM) {
        rowKernels.sumOfRows(x, rows, count, sums, width);
      } else {
        System.arraycopy(x, rows[0], sums, 0, width);
        for (int row = 1; row < count; row++) {
          kernels.binary(fold.rows(), sums, 0, x, rows[row], sums, 0, width);
        }
      }
      fold.join(joined, joinedAt, sums, width);
    }
  }

  private void doubles(Fold fold, Axes axes, long divisor, double[] x, double[] y) {
    int row = axes.runs() ? 1 : axes.inner();
    int run = axes.runs() ? axes.inner() : 1;
    int grain = (int) Math.max(1, TASK / axes.foldedElements());
    parallel.range(
        axes.kept().count() * row,
        grain,
        (from, to) -> {
          for (int result = from; result < to; result++) {
            int base = axes.kept().place(result / row) + result % row;
            double value = fold.ofNothing();
            for (int outer = 0; outer < axes.folded().count(); outer++) {
              int at = base + axes.folded().place(outer);
              for (int i = 0; i < run; i++) {
                value = fold.join(value, x[at + i]);
              }
            }
            y[result] = value / divisor;
          }
        });
  }

  private void argMax(Reduction.ArgMax op, Operand x, Operand y) {
    if (y.elements() == 0) {
      return;
    }
    int axis = x.shape().axis(op.name(), op.axis());
    int length = x.shape().length(axis);
    int inner = (int) x.shape().elements(axis + 1, x.shape().rank());
    int[] largest = Operands.i32(y);
    int grain = Math.max(1, TASK / length);
    switch (x.dtype()) {
      case F32 -> {
        float[] values = Operands.f32(x);
        parallel.range(
            Operands.elements(y),
            grain,
            (from, to) -> {
              for (int result = from; result < to; result++) {
                int base = result / inner * length * inner + result % inner;
                int best = 0;
                for (int i = 1;
                    i < length && values[base + best * inner] == values[base + best * inner];
                    i++) {
                  best = values[base + i * inner] <= values[base + best * inner] ? best : i;
                }
                largest[result] = best;
              }
            });
      }
      case F64 -> {
        double[] values = Operands.f64(x);
        parallel.range(
            Operands.elements(y),
            grain,
            (from, to) -> {
              for (int result = from; result < to; result++) {
                int base = result / inner * length * inner + result % inner;
                int best = 0;
                for (int i = 1;
                    i < length && values[base + best * inner] == values[base + best * inner];
                    i++) {
                  best = values[base + i * inner] <= values[base + best * inner] ? best : i;
                }
                largest[result] = best;
              }
            });
      }
      case BF16, F16, I32, U8 ->
          throw new BackendException(
              "cpu: "
                  + op.name()
                  + " is not computed with this element type, got "
                  + x.dtype()
                  + "; cast to F32");
    }
  }
}
