package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.shape.Shape;
import java.util.List;

/**
 * Batch normalization in F32. x: (N, C, ...). A channel belongs to one task, which adds over the batch in
 * order, in double. Where a channel of an image is a single element, a task takes neighbouring channels, to
 * read whole cache lines.
 */
final class BatchNorms {
  private static final int CHUNK = 1 << 14;
  private static final int LINE = 64;
  // Planes of no more elements are added up in plain loops: a kernel's beginning and end take
  // longer,
  // 7.8 against 1.1 ms for the gradients of (32, 512, 4, 4).
  private static final int SHORT = 64;

  private final Parallel parallel;
  private final Kernels kernels;
  private final RowKernels rowKernels;

  BatchNorms(Parallel parallel, Kernels kernels, RowKernels rowKernels) {
    this.parallel = parallel;
    this.kernels = kernels;
    this.rowKernels = rowKernels;
  }

  /** (N, C, ...) as (images, channels, elements). */
  private record Planes(int images, int channels, int elements) {
    static Planes of(Shape shape) {
      return new Planes(
          shape.length(0), shape.length(1), Math.toIntExact(shape.elements(2, shape.rank())));
    }

    int at(int image, int channel) {
      return (image * channels + channel) * elements;
    }

    /** Elements of a channel in all images. */
    double total() {
      return (double) images * elements;
    }

    /** Channels a task. */
    int grain() {
      return elements == 1
          ? LINE
          : Math.clamp(CHUNK / Math.max(1, (long) images * elements), 1, LINE);
    }
  }

  void forward(double epsilon, List<Operand> in, List<Operand> out) {
    Planes p = Planes.of(in.getFirst().shape());
    float[] x = Operands.f32(in.get(0));
    float[] gamma = Operands.f32(in.get(1));
    float[] beta = Operands.f32(in.get(2));
    float[] y = Operands.f32(out.get(0));
    float[] means = Operands.f32(out.get(1));
    float[] variances = Operands.f32(out.get(2));
    parallel.range(
        p.channels,
        p.grain(),
        (from, to) -> {
          double[] sums = new double[to - from];
          double[] rests = new double[to - from];
          double[] squares = new double[to - from];
          float[] shifts = new float[to - from];
          sums(p, from, to, x, sums);
          for (int c = from; c < to; c++) {
            shifts[c - from] = (float) (sums[c - from] / p.total());
          }
          moments(p, from, to, x, shifts, rests, squares);
          float[] scales = new float[to - from];
          float[] offsets = new float[to - from];
          for (int c = from; c < to; c++) {
            double rest = rests[c - from] / p.total();
            double variance = Math.max(0, squares[c - from] / p.total() - rest * rest);
            double scale = gamma[c] / Math.sqrt(variance + epsilon);
            scales[c - from] = (float) scale;
            offsets[c - from] = (float) (beta[c] - rest * scale);
            means[c] = (float) (shifts[c - from] + rest);
            variances[c] = (float) variance;
          }
          rescale(p, from, to, x, y, shifts, scales, offsets);
        });
  }

  void inference(double epsilon, List<Operand> in, List<Operand> out) {
    Planes p = Planes.of(in.getFirst().shape());
    float[] x = Operands.f32(in.get(0));
    float[] gamma = Operands.f32(in.get(1));
    float[] beta = Operands.f32(in.get(2));
    float[] means = Operands.f32(in.get(3));
    float[] variances = Operands.f32(in.get(4));
    float[] y = Operands.f32(out.getFirst());
    parallel.range(
        p.channels,
        p.grain(),
        (from, to) -> {
          float[] shifts = new float[to - from];
          float[] scales = new float[to - from];
          float[] offsets = new float[to - from];
          for (int c = from; c < to; c++) {
            shifts[c - from] = means[c];
            scales[c - from] = (float) (gamma[c] / Math.sqrt(variances[c] + epsilon));
            offsets[c - from] = beta[c];
          }
          rescale(p, from, to, x, y, shifts, scales, offsets);
        });
  }

  /**
   * With h = (x - mean) * rstd over M elements: dx = gamma * rstd * (dy - sum(dy) / M - h * sum(dy * h) / M).
   */
  void gradients(double epsilon, List<Operand> in, List<Operand> out) {
    Planes p = Planes.of(in.getFirst().shape());
    float[] x = Operands.f32(in.get(0));
    float[] gamma = Operands.f32(in.get(1));
    float[] means = Operands.f32(in.get(2));
    float[] variances = Operands.f32(in.get(3));
    float[] dy = Operands.f32(in.get(4));
    float[] dx = Operands.f32(out.get(0));
    float[] dgamma = Operands.f32(out.get(1));
    float[] dbeta = Operands.f32(out.get(2));
    parallel.range(
        p.channels,
        p.grain(),
        (from, to) -> {
          double[] sums = new double[to - from];
          double[] products = new double[to - from];
          sums(p, from, to, dy, sums);
          products(p, from, to, x, means, dy, products);
          float[] scales = new float[to - from];
          float[] shares = new float[to - from];
          float[] slopes = new float[to - from];
          for (int c = from; c < to; c++) {
            double rstd = 1 / Math.sqrt(variances[c] + epsilon);
            dbeta[c] = (float) sums[c - from];
            dgamma[c] = (float) (products[c - from] * rstd);
            scales[c - from] = (float) (gamma[c] * rstd);
            shares[c - from] = (float) (sums[c - from] / p.total());
            slopes[c - from] = (float) (products[c - from] * rstd * rstd / p.total());
          }
          for (int image = 0; image < p.images; image++) {
            for (int c = from; c < to; c++) {
              float mean = means[c];
              float share = shares[c - from];
              float slope = slopes[c - from];
              float scale = scales[c - from];
              for (int i = p.at(image, c), end = i + p.elements; i < end; i++) {
                dx[i] = scale * (dy[i] - share - (x[i] - mean) * slope);
              }
            }
          }
        });
  }

  private void sums(Planes p, int from, int to, float[] x, double[] sums) {
    for (int image = 0; image < p.images; image++) {
      for (int c = from; c < to; c++) {
        int at = p.at(image, c);
        if (p.elements <= SHORT) {
          double sum = sums[c - from];
          for (int i = at; i < at + p.elements; i++) {
            sum += x[i];
          }
          sums[c - from] = sum;
        } else {
          sums[c - from] += kernels.sum(x, at, p.elements);
        }
      }
    }
  }

  private void moments(
      Planes p, int from, int to, float[] x, float[] shifts, double[] rests, double[] squares) {
    for (int image = 0; image < p.images; image++) {
      for (int c = from; c < to; c++) {
        int at = p.at(image, c);
        if (p.elements <= SHORT) {
          double rest = rests[c - from];
          double square = squares[c - from];
          for (int i = at; i < at + p.elements; i++) {
            double d = (double) x[i] - shifts[c - from];
            rest += d;
            square += d * d;
          }
          rests[c - from] = rest;
          squares[c - from] = square;
        } else {
          rests[c - from] += rowKernels.sumOfDifferences(x, at, p.elements, shifts[c - from]);
          squares[c - from] += rowKernels.sumOfSquares(x, at, p.elements, shifts[c - from]);
        }
      }
    }
  }

  /** Sums of dy * (x - mean). */
  private void products(
      Planes p, int from, int to, float[] x, float[] means, float[] dy, double[] products) {
    float[] h = new float[p.elements];
    for (int image = 0; image < p.images; image++) {
      for (int c = from; c < to; c++) {
        int at = p.at(image, c);
        float mean = means[c];
        if (p.elements <= SHORT) {
          double product = products[c - from];
          for (int i = at; i < at + p.elements; i++) {
            product += (double) dy[i] * (x[i] - mean);
          }
          products[c - from] = product;
        } else {
          for (int i = 0; i < h.length; i++) {
            h[i] = x[at + i] - mean;
          }
          products[c - from] += rowKernels.dot(dy, at, h, 0, h.length);
        }
      }
    }
  }

  /** y = (x - shift) * scale + offset. */
  private static void rescale(
      Planes p,
      int from,
      int to,
      float[] x,
      float[] y,
      float[] shifts,
      float[] scales,
      float[] offsets) {
    for (int image = 0; image < p.images; image++) {
      for (int c = from; c < to; c++) {
        float shift = shifts[c - from];
        float scale = scales[c - from];
        float offset = offsets[c - from];
        for (int i = p.at(image, c), end = i + p.elements; i < end; i++) {
          y[i] = (x[i] - shift) * scale + offset;
        }
      }
    }
  }
}
