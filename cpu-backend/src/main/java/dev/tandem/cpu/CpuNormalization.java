package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Normalization;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.List;

/** Normalizations of rows, in F32; those of channels are {@link BatchNorms}, and F64 is {@link NormalizationF64}. */
final class CpuNormalization {
  // Rows are grouped into chunks of about so many elements.
  private static final int CHUNK = 1 << 14;
  // The gradients of gamma and beta are summed in at most so many parts.
  private static final int MOST_PARTS = 32;

  private final Parallel parallel;
  private final Kernels kernels = Kernels.best();
  private final RowKernels rowKernels = RowKernels.best();
  private final BatchNorms batchNorms;
  private final NormalizationF64 f64;

  CpuNormalization(Parallel parallel) {
    this.parallel = parallel;
    batchNorms = new BatchNorms(parallel, kernels, rowKernels);
    f64 = new NormalizationF64(parallel);
  }

  void run(Normalization op, List<Operand> in, List<Operand> out) {
    if (in.getFirst().dtype() == DType.F64) {
      f64.run(op, in, out);
      return;
    }
    float[] x = Operands.f32(in.getFirst());
    float[] y = Operands.f32(out.getFirst());
    switch (op) {
      case Normalization.Softmax _ -> softmax(rows(in), x, y);
      case Normalization.SoftmaxGrad _ -> softmaxGrad(rows(in), x, Operands.f32(in.get(1)), y);
      case Normalization.LogSoftmax _ -> logSoftmax(rows(in), x, y);
      case Normalization.LogSoftmaxGrad _ -> logSoftmaxGrad(rows(in), x, Operands.f32(in.get(1)), y);
      case Normalization.LayerNorm norm -> layerNorm(norm.epsilon(), in, out);
      case Normalization.LayerNormGrad _ -> layerNormGrad(in, out);
      case Normalization.RmsNorm norm -> rmsNorm(norm.epsilon(), in, out);
      case Normalization.RmsNormGrad _ -> rmsNormGrad(in, out);
      case Normalization.BatchNorm norm -> batchNorms.forward(norm.epsilon(), in, out);
      case Normalization.BatchNormGrad norm -> batchNorms.gradients(norm.epsilon(), in, out);
      case Normalization.BatchNormInference norm -> batchNorms.inference(norm.epsilon(), in, out);
    }
  }

  /** How many rows, and how long they are. */
  private record Rows(int count, int length) {
    int grain() {
      return Math.max(1, CHUNK / Math.max(1, length));
    }

    /** Rows a part of a sum over rows; the shape alone decides. */
    int partRows() {
      return Math.max(Math.ceilDiv(count, MOST_PARTS), Math.clamp(CHUNK / Math.max(1, length), 1, 256));
    }

    int parts() {
      return Math.ceilDiv(count, partRows());
    }
  }

  private static Rows rows(List<Operand> in) {
    Shape shape = in.getFirst().shape();
    return new Rows(Math.toIntExact(shape.elements(0, shape.rank() - 1)), shape.length(-1));
  }

  private void softmax(Rows rows, float[] x, float[] y) {
    int n = rows.length;
    parallel.range(rows.count, rows.grain(), (from, to) -> {
      for (int at = from * n; at < to * n; at += n) {
        float scale = 1 / exponentials(x, y, at, n, kernels.max(x, at, n));
        for (int i = at; i < at + n; i++) {
          y[i] *= scale;
        }
      }
    });
  }

  /** y = e^(x - max); gives the sum of y. */
  private float exponentials(float[] x, float[] y, int at, int n, float max) {
    for (int i = at; i < at + n; i++) {
      y[i] = x[i] - max;
    }
    kernels.exp(y, y, at, at + n);
    return kernels.sum(y, at, n);
  }

  private void softmaxGrad(Rows rows, float[] y, float[] dy, float[] dx) {
    int n = rows.length;
    parallel.range(rows.count, rows.grain(), (from, to) -> {
      for (int at = from * n; at < to * n; at += n) {
        float dot = rowKernels.dot(dy, at, y, at, n);
        for (int i = at; i < at + n; i++) {
          dx[i] = y[i] * (dy[i] - dot);
        }
      }
    });
  }

  private void logSoftmax(Rows rows, float[] x, float[] y) {
    int n = rows.length;
    parallel.range(rows.count, rows.grain(), (from, to) -> {
      for (int at = from * n; at < to * n; at += n) {
        float max = kernels.max(x, at, n);
        float log = FloatMath.log(exponentials(x, y, at, n, max));
        for (int i = at; i < at + n; i++) {
          y[i] = x[i] - max - log;
        }
      }
    });
  }

  private void logSoftmaxGrad(Rows rows, float[] y, float[] dy, float[] dx) {
    int n = rows.length;
    parallel.range(rows.count, rows.grain(), (from, to) -> {
      kernels.exp(y, dx, from * n, to * n);
      for (int at = from * n; at < to * n; at += n) {
        float sum = kernels.sum(dy, at, n);
        for (int i = at; i < at + n; i++) {
          dx[i] = dy[i] - dx[i] * sum;
        }
      }
    });
  }

  private void layerNorm(double epsilon, List<Operand> in, List<Operand> out) {
    Rows rows = rows(in);
    int n = rows.length;
    float[] x = Operands.f32(in.get(0));
    float[] gamma = Operands.f32(in.get(1));
    float[] beta = Operands.f32(in.get(2));
    float[] y = Operands.f32(out.get(0));
    float[] means = Operands.f32(out.get(1));
    float[] rstds = Operands.f32(out.get(2));
    parallel.range(rows.count, rows.grain(), (from, to) -> {
      float[] moments = new float[2];
      for (int row = from; row < to; row++) {
        int at = row * n;
        // A mean far from 0 is rounded by more than matters to x - mean; so it is kept in two parts.
        float mean = kernels.sum(x, at, n) / n;
        rowKernels.moments(x, at, n, mean, moments);
        float rest = moments[0] / n;
        float rstd = (float) (1 / Math.sqrt(Math.max(0, moments[1] / (double) n - (double) rest * rest) + epsilon));
        for (int j = 0; j < n; j++) {
          y[at + j] = (x[at + j] - mean - rest) * rstd * gamma[j] + beta[j];
        }
        means[row] = mean + rest;
        rstds[row] = rstd;
      }
    });
  }

  private void layerNormGrad(List<Operand> in, List<Operand> out) {
    Rows rows = rows(in);
    int n = rows.length;
    float[] x = Operands.f32(in.get(0));
    float[] gamma = Operands.f32(in.get(1));
    float[] means = Operands.f32(in.get(2));
    float[] rstds = Operands.f32(in.get(3));
    float[] dy = Operands.f32(in.get(4));
    float[] dx = Operands.f32(out.get(0));
    float[] dgammas = new float[rows.parts() * n];
    float[] dbetas = new float[rows.parts() * n];
    parallel.range(rows.count, rows.partRows(), (from, to) -> {
      int part = from / rows.partRows() * n;
      float[] h = new float[n];
      float[] g = new float[n];
      for (int row = from; row < to; row++) {
        int at = row * n;
        scaled(x, at, means[row], rstds[row], h);
        products(dy, at, gamma, g);
        rowKernels.add(dy, at, dbetas, part, n);
        addProducts(dy, at, h, dgammas, part);
        float meanG = kernels.sum(g, 0, n) / n;
        float meanGh = rowKernels.dot(g, 0, h, 0, n) / n;
        float rstd = rstds[row];
        for (int j = 0; j < n; j++) {
          dx[at + j] = rstd * (g[j] - meanG - h[j] * meanGh);
        }
      }
    });
    sumParts(dgammas, rows, Operands.f32(out.get(1)));
    sumParts(dbetas, rows, Operands.f32(out.get(2)));
  }

  private void rmsNorm(double epsilon, List<Operand> in, List<Operand> out) {
    Rows rows = rows(in);
    int n = rows.length;
    float[] x = Operands.f32(in.get(0));
    float[] gamma = Operands.f32(in.get(1));
    float[] y = Operands.f32(out.get(0));
    float[] rstds = Operands.f32(out.get(1));
    parallel.range(rows.count, rows.grain(), (from, to) -> {
      for (int row = from; row < to; row++) {
        int at = row * n;
        float rstd = (float) (1 / Math.sqrt(rowKernels.dot(x, at, x, at, n) / (double) n + epsilon));
        for (int j = 0; j < n; j++) {
          y[at + j] = x[at + j] * rstd * gamma[j];
        }
        rstds[row] = rstd;
      }
    });
  }

  private void rmsNormGrad(List<Operand> in, List<Operand> out) {
    Rows rows = rows(in);
    int n = rows.length;
    float[] x = Operands.f32(in.get(0));
    float[] gamma = Operands.f32(in.get(1));
    float[] rstds = Operands.f32(in.get(2));
    float[] dy = Operands.f32(in.get(3));
    float[] dx = Operands.f32(out.get(0));
    float[] dgammas = new float[rows.parts() * n];
    parallel.range(rows.count, rows.partRows(), (from, to) -> {
      float[] h = new float[n];
      float[] g = new float[n];
      for (int row = from; row < to; row++) {
        int at = row * n;
        scaled(x, at, 0f, rstds[row], h);
        products(dy, at, gamma, g);
        addProducts(dy, at, h, dgammas, from / rows.partRows() * n);
        float meanGh = rowKernels.dot(g, 0, h, 0, n) / n;
        float rstd = rstds[row];
        for (int j = 0; j < n; j++) {
          dx[at + j] = rstd * (g[j] - h[j] * meanGh);
        }
      }
    });
    sumParts(dgammas, rows, Operands.f32(out.get(1)));
  }

  /** h = (x - mean) * rstd. */
  private static void scaled(float[] x, int at, float mean, float rstd, float[] h) {
    for (int j = 0; j < h.length; j++) {
      h[j] = (x[at + j] - mean) * rstd;
    }
  }

  /** g = dy * gamma. */
  private static void products(float[] dy, int at, float[] gamma, float[] g) {
    for (int j = 0; j < g.length; j++) {
      g[j] = dy[at + j] * gamma[j];
    }
  }


  private static void addProducts(float[] dy, int at, float[] h, float[] sums, int to) {
    for (int j = 0; j < h.length; j++) {
      sums[to + j] += dy[at + j] * h[j];
    }
  }

  /** Adds the parts in order, in double: there may be many rows, and the sums cancel. */
  private static void sumParts(float[] parts, Rows rows, float[] sums) {
    double[] totals = new double[rows.length];
    for (int part = 0; part < rows.parts(); part++) {
      for (int j = 0; j < rows.length; j++) {
        totals[j] += parts[part * rows.length + j];
      }
    }
    for (int j = 0; j < rows.length; j++) {
      sums[j] = (float) totals[j];
    }
  }
}
