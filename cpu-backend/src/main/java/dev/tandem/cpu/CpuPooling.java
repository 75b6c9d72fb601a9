package dev.tandem.cpu;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.op.Pooling;
import dev.tandem.op.Size2d;
import dev.tandem.shape.DType;
import java.util.Arrays;
import java.util.List;

/** Pooling. A plane (one channel of one image) belongs to one task, so gradients are added in order. */
final class CpuPooling {
  // Planes are grouped into chunks of about so many window elements.
  private static final int CHUNK = 1 << 15;

  private static final Pooling.Window PAIRS =
      new Pooling.Window(Size2d.of(2), Size2d.of(2), Size2d.of(0));

  private final Parallel parallel;
  private final RowKernels rowKernels = RowKernels.best();

  CpuPooling(Parallel parallel) {
    this.parallel = parallel;
  }

  void run(Pooling op, List<Operand> in, List<Operand> out) {
    boolean f64 = out.getFirst().dtype() == DType.F64;
    switch (op) {
      case Pooling.MaxPool2d pool -> {
        Planes p = new Planes(pool.window(), in.getFirst(), out.getFirst());
        if (f64) {
          maxF64(p, in.getFirst(), out);
        } else {
          max(p, in.getFirst(), out);
        }
      }
      case Pooling.MaxPool2dGrad grad -> {
        Planes p = new Planes(grad.window(), out.getFirst(), in.getFirst());
        if (f64) {
          maxGradF64(p, in, out.getFirst());
        } else {
          maxGrad(p, in, out.getFirst());
        }
      }
      case Pooling.AvgPool2d pool -> {
        Planes p = new Planes(pool.window(), in.getFirst(), out.getFirst());
        if (f64) {
          avgF64(p, in.getFirst(), out.getFirst());
        } else {
          avg(p, in.getFirst(), out.getFirst());
        }
      }
      case Pooling.AvgPool2dGrad grad -> {
        Planes p = new Planes(grad.window(), out.getFirst(), in.getFirst());
        if (f64) {
          avgGradF64(p, in.getFirst(), out.getFirst());
        } else {
          avgGrad(p, in.getFirst(), out.getFirst());
        }
      }
    }
  }

  /** Lengths of a plane of x and of y, and the part of each window that lies inside the image. */
  private record Planes(
      Pooling.Window window, int count, int height, int width, int rows, int columns) {
    Planes(Pooling.Window window, Operand x, Operand y) {
      this(
          window,
          (int) x.shape().elements(0, 2),
          x.shape().length(2),
          x.shape().length(3),
          y.shape().length(2),
          y.shape().length(3));
    }

    int plane() {
      return height * width;
    }

    int places() {
      return rows * columns;
    }

    int grain() {
      long work = (long) places() * window.kernel().height() * window.kernel().width() + plane();
      return Math.clamp(CHUNK / Math.max(1, work), 1, CHUNK);
    }

    int top(int i) {
      return Math.max(0, i * window.stride().height() - window.padding().height());
    }

    int bottom(int i) {
      return Math.min(
          height,
          i * window.stride().height() - window.padding().height() + window.kernel().height());
    }

    int left(int j) {
      return Math.max(0, j * window.stride().width() - window.padding().width());
    }

    int right(int j) {
      return Math.min(
          width, j * window.stride().width() - window.padding().width() + window.kernel().width());
    }

    int area() {
      return window.kernel().height() * window.kernel().width();
    }
  }

  private void max(Planes p, Operand x, List<Operand> out) {
    float[] xs = Operands.f32(x);
    float[] ys = Operands.f32(out.get(0));
    int[] indices = Operands.i32(out.get(1));
    boolean pairs = p.window.equals(PAIRS);
    parallel.range(
        p.count,
        p.grain(),
        (from, to) -> {
          RowKernels.Windows w = new RowKernels.Windows(p.width, p.columns, p.window);
          for (int row = from * p.rows; row < to * p.rows; row++) {
            int plane = row / p.rows * p.plane();
            int top = p.top(row % p.rows);
            if (pairs
                && rowKernels.maxOfPairs(
                    xs,
                    plane + top * p.width,
                    w,
                    top * p.width,
                    ys,
                    indices,
                    row * p.columns,
                    to * p.places())) {
              continue;
            }
            w.clear(top);
            for (int h = top; h < p.bottom(row % p.rows); h++) {
              rowKernels.maxOfColumns(w, xs, plane + h * p.width, h);
            }
            rowKernels.maxOfWindows(w);
            System.arraycopy(w.largest, 0, ys, row * p.columns, p.columns);
            System.arraycopy(w.index, 0, indices, row * p.columns, p.columns);
          }
        });
  }

  private void maxF64(Planes p, Operand x, List<Operand> out) {
    double[] xs = Operands.f64(x);
    double[] ys = Operands.f64(out.get(0));
    int[] indices = Operands.i32(out.get(1));
    parallel.range(
        p.count * p.places(),
        CHUNK,
        (from, to) -> {
          for (int at = from; at < to; at++) {
            int plane = at / p.places() * p.plane();
            int i = at / p.columns % p.rows;
            double best = Double.NEGATIVE_INFINITY;
            int where = p.top(i) >= p.bottom(i) ? 0 : p.top(i) * p.width + p.left(at % p.columns);
            for (int h = p.top(i); h < p.bottom(i); h++) {
              for (int w = p.left(at % p.columns); w < p.right(at % p.columns); w++) {
                double value = xs[plane + h * p.width + w];
                if (value > best || value != value && best == best) {
                  best = value;
                  where = h * p.width + w;
                }
              }
            }
            ys[at] = best;
            indices[at] = where;
          }
        });
  }

  private void maxGrad(Planes p, List<Operand> in, Operand dx) {
    float[] dy = Operands.f32(in.get(0));
    int[] indices = Operands.i32(in.get(1));
    float[] dxs = Operands.f32(dx);
    parallel.range(
        p.count,
        p.grain(),
        (from, to) -> {
          Arrays.fill(dxs, from * p.plane(), to * p.plane(), 0f);
          for (int plane = from; plane < to; plane++) {
            for (int at = plane * p.places(); at < (plane + 1) * p.places(); at++) {
              dxs[plane * p.plane() + index(p, indices, at)] += dy[at];
            }
          }
        });
  }

  private void maxGradF64(Planes p, List<Operand> in, Operand dx) {
    double[] dy = Operands.f64(in.get(0));
    int[] indices = Operands.i32(in.get(1));
    double[] dxs = Operands.f64(dx);
    parallel.range(
        p.count,
        p.grain(),
        (from, to) -> {
          Arrays.fill(dxs, from * p.plane(), to * p.plane(), 0);
          for (int plane = from; plane < to; plane++) {
            for (int at = plane * p.places(); at < (plane + 1) * p.places(); at++) {
              dxs[plane * p.plane() + index(p, indices, at)] += dy[at];
            }
          }
        });
  }

  private static int index(Planes p, int[] indices, int at) {
    int index = indices[at];
    if (index < 0 || index >= p.plane()) {
      throw new BackendException(
          "max_pool2d_grad: index outside the image, got "
              + index
              + " for a plane of "
              + p.height
              + "x"
              + p.width
              + "; give the indices that max_pool2d returned for this input");
    }
    return index;
  }

  private void avg(Planes p, Operand x, Operand y) {
    float[] xs = Operands.f32(x);
    float[] ys = Operands.f32(y);
    parallel.range(
        p.count,
        p.grain(),
        (from, to) -> {
          for (int at = from * p.places(), row = from * p.rows; row < to * p.rows; row++) {
            int plane = row / p.rows * p.plane();
            int top = p.top(row % p.rows);
            int bottom = p.bottom(row % p.rows);
            for (int j = 0; j < p.columns; j++, at++) {
              float sum = 0f;
              for (int h = top; h < bottom; h++) {
                for (int w = p.left(j); w < p.right(j); w++) {
                  sum += xs[plane + h * p.width + w];
                }
              }
              ys[at] = sum / p.area();
            }
          }
        });
  }

  private void avgF64(Planes p, Operand x, Operand y) {
    double[] xs = Operands.f64(x);
    double[] ys = Operands.f64(y);
    parallel.range(
        p.count * p.places(),
        CHUNK,
        (from, to) -> {
          for (int at = from; at < to; at++) {
            int plane = at / p.places() * p.plane();
            int i = at / p.columns % p.rows;
            double sum = 0;
            for (int h = p.top(i); h < p.bottom(i); h++) {
              for (int w = p.left(at % p.columns); w < p.right(at % p.columns); w++) {
                sum += xs[plane + h * p.width + w];
              }
            }
            ys[at] = sum / p.area();
          }
        });
  }

  private void avgGrad(Planes p, Operand dy, Operand dx) {
    float[] dys = Operands.f32(dy);
    float[] dxs = Operands.f32(dx);
    parallel.range(
        p.count,
        p.grain(),
        (from, to) -> {
          Arrays.fill(dxs, from * p.plane(), to * p.plane(), 0f);
          for (int at = from * p.places(), row = from * p.rows; row < to * p.rows; row++) {
            int plane = row / p.rows * p.plane();
            for (int j = 0; j < p.columns; j++, at++) {
              float share = dys[at] / p.area();
              for (int h = p.top(row % p.rows); h < p.bottom(row % p.rows); h++) {
                for (int w = p.left(j); w < p.right(j); w++) {
                  dxs[plane + h * p.width + w] += share;
                }
              }
            }
          }
        });
  }

  private void avgGradF64(Planes p, Operand dy, Operand dx) {
    double[] dys = Operands.f64(dy);
    double[] dxs = Operands.f64(dx);
    parallel.range(
        p.count,
        p.grain(),
        (from, to) -> {
          Arrays.fill(dxs, from * p.plane(), to * p.plane(), 0);
          for (int at = from * p.places(), row = from * p.rows; row < to * p.rows; row++) {
            int plane = row / p.rows * p.plane();
            for (int j = 0; j < p.columns; j++, at++) {
              double share = dys[at] / p.area();
              for (int h = p.top(row % p.rows); h < p.bottom(row % p.rows); h++) {
                for (int w = p.left(j); w < p.right(j); w++) {
                  dxs[plane + h * p.width + w] += share;
                }
              }
            }
          }
        });
  }
}
