package dev.tandem.cpu;

import java.util.Arrays;

/**
 * Convolutions whose groups have too few channels for a matrix product, depthwise ones above all. Planes are
 * laid out as wide as the framed image, with dy's elements a stride apart; then a tap of the filter is one
 * offset between two long spans, whatever the rows. What a stride computes in vain is less than short rows
 * would cost. Each plane, or filter, belongs to one task.
 */
final class ThinConv2d {
  private final Parallel parallel;
  private final BufferPool pool;
  private final RowKernels kernels;

  ThinConv2d(CpuConv2d.Machine machine) {
    parallel = machine.parallel();
    pool = machine.pool();
    kernels = machine.rowKernels();
  }

  /**
   * The layout: x in its frame, y's element (i, j) at i * rowStep + j * columnStep, over a span of so many
   * elements.
   */
  private record Layout(Frame frame, int rowStep, int columnStep, int span, int[] tapAt) {
    static Layout of(Conv2dSizes s) {
      Frame frame = s.frame(1);
      int rowStep = s.geometry().stride().height() * frame.framedWidth();
      int columnStep = s.geometry().stride().width();
      int[] tapAt = new int[s.kernel()];
      for (int tap = 0; tap < tapAt.length; tap++) {
        tapAt[tap] = frame.at(s.row(0, tap / s.kernelWidth()), s.column(0, tap % s.kernelWidth()));
      }
      int span = (s.rows() - 1) * rowStep + (s.columns() - 1) * columnStep + 1;
      return new Layout(frame, rowStep, columnStep, span, tapAt);
    }

    /** Lays a plane of y out; between its elements are zeros. */
    void spread(Conv2dSizes s, float[] y, int yAt, float[] spread) {
      Arrays.fill(spread, 0, span, 0f);
      for (int i = 0; i < s.rows(); i++) {
        for (int j = 0; j < s.columns(); j++) {
          spread[i * rowStep + j * columnStep] = y[yAt + i * s.columns() + j];
        }
      }
    }

    void collect(Conv2dSizes s, float[] spread, float[] y, int yAt) {
      for (int i = 0; i < s.rows(); i++) {
        for (int j = 0; j < s.columns(); j++) {
          y[yAt + i * s.columns() + j] = spread[i * rowStep + j * columnStep];
        }
      }
    }
  }

  /** Filters, or planes, a task. */
  private static int grain(Layout layout, int taps) {
    return Math.clamp(Gemm.WORK_A_TASK / ((long) taps * layout.span), 1, 1 << 20);
  }

  void forward(Conv2dSizes s, float[] x, float[] w, float[] y) {
    Layout layout = Layout.of(s);
    int filter = s.groupChannels() * s.kernel();
    parallel.range(
        s.images() * s.outputs(),
        grain(layout, filter),
        (from, to) -> {
          float[] framed = pool.borrow(layout.frame.elements());
          float[] spread = pool.borrow(layout.span);
          for (int plane = from; plane < to; plane++) {
            int o = plane % s.outputs();
            int channel =
                plane / s.outputs() * s.channels() + o / s.groupOutputs() * s.groupChannels();
            Arrays.fill(spread, 0, layout.span, 0f);
            for (int c = 0; c < s.groupChannels(); c++) {
              layout.frame.copy(x, (channel + c) * s.plane(), framed, 0);
              for (int tap = 0; tap < s.kernel(); tap++) {
                float weight = w[o * filter + c * s.kernel() + tap];
                kernels.addScaled(weight, framed, layout.tapAt[tap], spread, 0, layout.span);
              }
            }
            layout.collect(s, spread, y, plane * s.pixels());
          }
          pool.release(spread);
          pool.release(framed);
        });
  }

  void gradInput(Conv2dSizes s, float[] w, float[] dy, float[] dx) {
    Layout layout = Layout.of(s);
    parallel.range(
        s.images() * s.channels(),
        grain(layout, s.groupOutputs() * s.kernel()),
        (from, to) -> {
          float[] framed = pool.borrow(layout.frame.elements());
          float[] spread = pool.borrow(layout.span);
          for (int plane = from; plane < to; plane++) {
            int c = plane % s.channels();
            int firstOutput = c / s.groupChannels() * s.groupOutputs();
            Arrays.fill(framed, 0, layout.frame.elements(), 0f);
            for (int o = firstOutput; o < firstOutput + s.groupOutputs(); o++) {
              layout.spread(s, dy, (plane / s.channels() * s.outputs() + o) * s.pixels(), spread);
              for (int tap = 0; tap < s.kernel(); tap++) {
                float weight =
                    w[(o * s.groupChannels() + c % s.groupChannels()) * s.kernel() + tap];
                kernels.addScaled(weight, spread, 0, framed, layout.tapAt[tap], layout.span);
              }
            }
            layout.frame.copyBack(framed, 0, dx, plane * s.plane());
          }
          pool.release(spread);
          pool.release(framed);
        });
  }

  void gradWeight(Conv2dSizes s, float[] x, float[] dy, float[] dw) {
    Layout layout = Layout.of(s);
    int filters = s.outputs() * s.groupChannels();
    parallel.range(
        filters,
        grain(layout, s.images() * s.kernel()),
        (from, to) -> {
          float[] framed = pool.borrow(layout.frame.elements());
          float[] spread = pool.borrow(layout.span);
          for (int filter = from; filter < to; filter++) {
            int o = filter / s.groupChannels();
            int channel = o / s.groupOutputs() * s.groupChannels() + filter % s.groupChannels();
            double[] sums = new double[s.kernel()];
            for (int image = 0; image < s.images(); image++) {
              layout.frame.copy(x, (image * s.channels() + channel) * s.plane(), framed, 0);
              layout.spread(s, dy, (image * s.outputs() + o) * s.pixels(), spread);
              for (int tap = 0; tap < s.kernel(); tap++) {
                sums[tap] += kernels.dot(framed, layout.tapAt[tap], spread, 0, layout.span);
              }
            }
            for (int tap = 0; tap < s.kernel(); tap++) {
              dw[filter * s.kernel() + tap] = (float) sums[tap];
            }
          }
          pool.release(spread);
          pool.release(framed);
        });
  }
}
