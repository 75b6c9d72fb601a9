package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Normalization;
import dev.tandem.shape.DType;
import java.util.List;

/** Normalizations of rows, in F32; those of channels are {@link BatchNorms}, and F64 is {@link NormalizationF64}. */
final class CpuNormalization {
  private final Parallel parallel;
  private final Kernels kernels = Kernels.best();
  private final RowKernels rowKernels = RowKernels.best();
  private final LayerNorms layerNorms;
  private final BatchNorms batchNorms;
  private final NormalizationF64 f64;

  CpuNormalization(Parallel parallel) {
    this.parallel = parallel;
    layerNorms = new LayerNorms(parallel);
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
      case Normalization.Softmax _ -> softmax(NormRows.of(in), x, y);
      case Normalization.SoftmaxGrad _ ->
          softmaxGrad(NormRows.of(in), x, Operands.f32(in.get(1)), y);
      case Normalization.LogSoftmax _ -> logSoftmax(NormRows.of(in), x, y);
      case Normalization.LogSoftmaxGrad _ ->
          logSoftmaxGrad(NormRows.of(in), x, Operands.f32(in.get(1)), y);
      case Normalization.LayerNorm norm -> layerNorms.forward(norm.epsilon(), in, out);
      case Normalization.LayerNormGrad _ -> layerNorms.gradients(in, out);
      case Normalization.RmsNorm norm -> rmsNorm(norm.epsilon(), in, out);
      case Normalization.RmsNormGrad _ -> rmsNormGrad(in, out);
      case Normalization.BatchNorm norm -> batchNorms.forward(norm.epsilon(), in, out);
      case Normalization.BatchNormGrad norm -> batchNorms.gradients(norm.epsilon(), in, out);
      case Normalization.BatchNormInference norm -> batchNorms.inference(norm.epsilon(), in, out);
    }
  }

  private void softmax(NormRows rows, float[] x, float[] y) {
    int n = rows.length();
    parallel.range(
        rows.count(),
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

  private void softmaxGrad(NormRows rows, float[] y, float[] dy, float[] dx) {
    int n = rows.length();
    parallel.range(
        rows.count(),
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

  private void logSoftmax(NormRows rows, float[] x, float[] y) {
    int n = rows.length();
    parallel.range(
        rows.count(),
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

  private void logSoftmaxGrad(NormRows rows, float[] y, float[] dy, float[] dx) {
    int n = rows.length();
    parallel.range(
        rows.count(),
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

  private void rmsNorm(double epsilon, List<Operand> in, List<Operand> out) {
    NormRows rows = NormRows.of(in);
    int n = rows.length();
    float[] rstds = Operands.f32(out.get(1));
    parallel.range(
        rows.count(),
        rows.grain(),
        (from, to) -> {
          RowKernels.Row r = rows.row(in.get(0), in.get(1), out.getFirst());
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
    float[] dy = Operands.f32(in.get(3));
    NormRows rows = NormRows.of(in);
    int n = rows.length();
    float[] dgammas = new float[rows.parts() * n];
    float[] unused = new float[rows.parts() * n];
    parallel.range(
        rows.count(),
        rows.partRows(),
        (from, to) -> {
          RowKernels.Row r = rows.row(in.get(0), in.get(1), out.getFirst());
          rows.differentiate(r, from, dy, dgammas, unused);
          for (int row = from; row < to; row++) {
            r.at = row * n;
            r.rstd = rstds[row];
            rowKernels.normalizeGradSums(r);
            rowKernels.normalizeGrad(r, 0f, rowKernels.dot(r.g, 0, r.h, 0, n) / n);
          }
        });
    rows.sumParts(dgammas, Operands.f32(out.get(1)));
  }
}
