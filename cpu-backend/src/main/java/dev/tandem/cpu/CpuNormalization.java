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
      case Normalization.LogSoftmaxGrad _ ->
          logSoftmaxGrad(rows(in), x, Operands.f32(in.get(1)), y);
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
      return Math.max(
          Math.ceilDiv(count, MOST_PARTS), Math.clamp(CHUNK / Math.max(1, length), 1, 256));
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
    parallel.range(
        rows.count,
        rows.grain(),
        (from, to) -> {
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
    parallel.range(
        rows.count,
        rows.grain(),
        (from, to) -> {
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
    parallel.range(
        rows.count,
        rows.grain(),
        (from, to) -> {
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
    parallel.range(
        rows.count,
        rows.grain(),
        (from, to) -> {
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
    float[] means = Operands.f32(out.get(1));
    float[] rstds = Operands.f32(out.get(2));
    parallel.range(
        rows.count,
        rows.grain(),
        (from, to) -> {
          RowKernels.Row r = row(n, in, out.getFirst());
          r.beta = Operands.f32(in.get(2));
          for (int row = from; row < to; row++) {
            r.at = row * n;
            // A mean far from 0 is rounded by more than matters to x - mean; so it is kept in two
            // parts.
            r.mean = kernels.sum(r.x, r.at, n) / n;
            r.rest = rowKernels.sumOfDifferences(r.x, r.at, n, r.mean) / n;
            double variance =
                rowKernels.sumOfSquares(r.x, r.at, n, r.mean) / (double) n
                    - (double) r.rest * r.rest;
            r.rstd = (float) (1 / Math.sqrt(Math.max(0, variance) + epsilon));
            rowKernels.normalize(r);
            means[row] = r.mean + r.rest;
            rstds[row] = r.rstd;
          }
        });
  }

  private void layerNormGrad(List<Operand> in, List<Operand> out) {
    float[] means = Operands.f32(in.get(2));
    float[] rstds = Operands.f32(in.get(3));
    Rows rows = rows(in);
    int n = rows.length;
    float[] dgammas = new float[rows.parts() * n];
    float[] dbetas = new float[rows.parts() * n];
    parallel.range(
        rows.count,
        rows.partRows(),
        (from, to) -> {
          RowKernels.Row r = gradRow(rows, from, in, out, dgammas);
          r.dbeta = dbetas;
          for (int row = from; row < to; row++) {
            r.at = row * n;
            r.mean = means[row];
            r.rstd = rstds[row];
            rowKernels.normalizeGradSums(r);
            rowKernels.normalizeGrad(
                r, kernels.sum(r.g, 0, n) / n, rowKernels.dot(r.g, 0, r.h, 0, n) / n);
          }
        });
    sumParts(dgammas, rows, Operands.f32(out.get(1)));
    sumParts(dbetas, rows, Operands.f32(out.get(2)));
  }

  private void rmsNorm(double epsilon, List<Operand> in, List<Operand> out) {
    Rows rows = rows(in);
    int n = rows.length;
    float[] rstds = Operands.f32(out.get(1));
    parallel.range(
        rows.count,
        rows.grain(),
        (from, to) -> {
          RowKernels.Row r = row(n, in, out.getFirst());
          r.beta = new float[n];
          for (int row = from; row < to; row++) {
            r.at = row * n;
            r.rstd =
                (float)
                    (1 / Math.sqrt(rowKernels.dot(r.x, r.at, r.x, r.at, n) / (double) n + epsilon));
            rowKernels.normalize(r);
            rstds[row] = r.rstd;
          }
        });
  }

  private void rmsNormGrad(List<Operand> in, List<Operand> out) {
    float[] rstds = Operands.f32(in.get(2));
    Rows rows = rows(in);
    int n = rows.length;
    float[] dgammas = new float[rows.parts() * n];
    float[] unused = new float[rows.parts() * n];
    parallel.range(
        rows.count,
        rows.partRows(),
        (from, to) -> {
          RowKernels.Row r = gradRow(rows, from, in, out, dgammas);
          r.dbeta = unused;
          for (int row = from; row < to; row++) {
            r.at = row * n;
            r.rstd = rstds[row];
            rowKernels.normalizeGradSums(r);
            rowKernels.normalizeGrad(r, 0f, rowKernels.dot(r.g, 0, r.h, 0, n) / n);
          }
        });
    sumParts(dgammas, rows, Operands.f32(out.get(1)));
  }

  private static RowKernels.Row row(int n, List<Operand> in, Operand out) {
    RowKernels.Row r = new RowKernels.Row(n);
    r.x = Operands.f32(in.get(0));
    r.gamma = Operands.f32(in.get(1));
    r.out = Operands.f32(out);
    return r;
  }

  /** For the part of the rows that starts at from; dy is the last of the inputs. */
  private static RowKernels.Row gradRow(
      Rows rows, int from, List<Operand> in, List<Operand> out, float[] dgammas) {
    RowKernels.Row r = row(rows.length, in, out.getFirst());
    r.dy = Operands.f32(in.getLast());
    r.h = new float[rows.length];
    r.g = new float[rows.length];
    r.dgamma = dgammas;
    r.part = from / rows.partRows() * rows.length;
    return r;
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
