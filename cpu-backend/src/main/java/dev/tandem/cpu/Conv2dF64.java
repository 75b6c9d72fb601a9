package dev.tandem.cpu;

import java.util.Arrays;

/** Convolutions in F64, for gradient checks: the definition, in plain loops. */
final class Conv2dF64 {
  private final Parallel parallel;

  Conv2dF64(Parallel parallel) {
    this.parallel = parallel;
  }

  void forward(Conv2dSizes s, double[] x, double[] w, double[] y) {
    parallel.range(
        s.images() * s.outputs(),
        1,
        (from, to) -> {
          for (int plane = from; plane < to; plane++) {
            int o = plane % s.outputs();
            int channel =
                plane / s.outputs() * s.channels() + o / s.groupOutputs() * s.groupChannels();
            Arrays.fill(y, plane * s.pixels(), (plane + 1) * s.pixels(), 0);
            for (int tap = 0; tap < s.groupChannels() * s.kernel(); tap++) {
              int q = tap % s.kernelWidth();
              double weight = w[o * s.groupChannels() * s.kernel() + tap];
              for (int i = 0; i < s.rows(); i++) {
                int row = s.row(i, tap / s.kernelWidth() % s.kernelHeight());
                if (row >= 0 && row < s.height()) {
                  int xAt = ((channel + tap / s.kernel()) * s.height() + row) * s.width();
                  int yAt = (plane * s.rows() + i) * s.columns();
                  for (int j = s.firstColumn(q); j < s.endColumn(q); j++) {
                    y[yAt + j] += weight * x[xAt + s.column(j, q)];
                  }
                }
              }
            }
          }
        });
  }

  void gradInput(Conv2dSizes s, double[] w, double[] dy, double[] dx) {
    parallel.range(
        s.images() * s.channels(),
        1,
        (from, to) -> {
          for (int plane = from; plane < to; plane++) {
            int c = plane % s.channels();
            int image = plane / s.channels();
            int firstOutput = c / s.groupChannels() * s.groupOutputs();
            Arrays.fill(dx, plane * s.plane(), (plane + 1) * s.plane(), 0);
            for (int tap = 0; tap < s.groupOutputs() * s.kernel(); tap++) {
              int o = firstOutput + tap / s.kernel();
              int q = tap % s.kernelWidth();
              double weight =
                  w[
                      (o * s.groupChannels() + c % s.groupChannels()) * s.kernel()
                          + tap % s.kernel()];
              for (int i = 0; i < s.rows(); i++) {
                int row = s.row(i, tap / s.kernelWidth() % s.kernelHeight());
                if (row >= 0 && row < s.height()) {
                  int xAt = (plane * s.height() + row) * s.width();
                  int yAt = ((image * s.outputs() + o) * s.rows() + i) * s.columns();
                  for (int j = s.firstColumn(q); j < s.endColumn(q); j++) {
                    dx[xAt + s.column(j, q)] += weight * dy[yAt + j];
                  }
                }
              }
            }
          }
        });
  }

  void gradWeight(Conv2dSizes s, double[] x, double[] dy, double[] dw) {
    parallel.range(
        s.outputs() * s.groupChannels() * s.kernel(),
        1,
        (from, to) -> {
          for (int at = from; at < to; at++) {
            int q = at % s.kernelWidth();
            int p = at / s.kernelWidth() % s.kernelHeight();
            int o = at / s.kernel() / s.groupChannels();
            int channel =
                o / s.groupOutputs() * s.groupChannels() + at / s.kernel() % s.groupChannels();
            double sum = 0;
            for (int image = 0; image < s.images(); image++) {
              for (int i = 0; i < s.rows(); i++) {
                int row = s.row(i, p);
                if (row >= 0 && row < s.height()) {
                  int xAt = ((image * s.channels() + channel) * s.height() + row) * s.width();
                  int yAt = ((image * s.outputs() + o) * s.rows() + i) * s.columns();
                  for (int j = s.firstColumn(q); j < s.endColumn(q); j++) {
                    sum += dy[yAt + j] * x[xAt + s.column(j, q)];
                  }
                }
              }
            }
            dw[at] = sum;
          }
        });
  }
}
