package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Fused;
import dev.tandem.shape.DType;
import java.util.List;

/** Fused ops: F32 in one trip through memory, F64 in plain loops. */
final class CpuFused {
  // Elements of a task.
  private static final int GRAIN = 1 << 12;

  private final Parallel parallel;
  private final Kernels kernels = Kernels.best();
  private final BiasedProducts biased;
  private final LayerNorms layerNorms;

  CpuFused(Parallel parallel, BiasedProducts biased) {
    this.parallel = parallel;
    this.biased = biased;
    layerNorms = new LayerNorms(parallel);
  }

  void run(Fused op, List<Operand> in, List<Operand> out) {
    boolean f64 = in.getFirst().dtype() == DType.F64;
    switch (op) {
      case Fused.BiasedMatmul matmul -> biased.matmul(matmul, in, out);
      case Fused.BiasedConv2d conv -> biased.conv2d(conv, in, out);
      case Fused.ReluGradSum _ -> biased.reluGrad(in, out);
      case Fused.BiasGeluTanh _, Fused.BiasGeluTanhGrad _ -> {
        if (f64) {
          biasGeluF64(in, Operands.f64(out.getFirst()));
        } else {
          biasGelu(in, Operands.f32(out.getFirst()));
        }
      }
      case Fused.ResidualLayerNorm norm -> {
        if (f64) {
          residualF64(norm.epsilon(), in, out);
        } else {
          layerNorms.residual(norm.epsilon(), in, out);
        }
      }
      case Fused.ResidualLayerNormGrad _ -> {
        if (f64) {
          residualGradF64(in, out);
        } else {
          layerNorms.gradients(in, out);
        }
      }
    }
  }

  /** y = gelu(x + b), or if there is a dy, its slope there times dy. */
  private void biasGelu(List<Operand> in, float[] y) {
    float[] x = Operands.f32(in.get(0));
    float[] b = Operands.f32(in.get(1));
    float[] dy = in.size() > 2 ? Operands.f32(in.get(2)) : null;
    int n = Operands.elements(in.get(1));
    parallel.range(
        Operands.elements(in.getFirst()),
        GRAIN,
        (from, to) -> {
          // Over the ends of rows, where b begins anew.
          for (int at = from, end; at < to; at = end) {
            end = Math.min(to, at + n - at % n);
            if (dy == null) {
              kernels.biasGeluTanh(x, b, at % n, y, at, end);
            } else {
              kernels.biasGeluTanhGrad(x, b, at % n, dy, y, at, end);
            }
          }
        });
  }

  private void biasGeluF64(List<Operand> in, double[] y) {
    double[] x = Operands.f64(in.get(0));
    double[] b = Operands.f64(in.get(1));
    int n = Operands.elements(in.get(1));
    double[] dy = in.size() > 2 ? Operands.f64(in.get(2)) : null;
    parallel.range(
        Operands.elements(in.getFirst()),
        GRAIN,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            double sum = x[i] + b[i % n];
            y[i] = dy == null ? DoubleMath.geluTanh(sum) : dy[i] * DoubleMath.geluTanhSlope(sum);
          }
        });
  }

  private void residualF64(double epsilon, List<Operand> in, List<Operand> out) {
    NormRows rows = NormRows.of(in);
    int n = rows.length();
    double[][] from = NormalizationF64.arrays(in);
    double[][] to = NormalizationF64.arrays(out);
    double[] sum = to[1];
    parallel.range(
        rows.count(),
        rows.grain(),
        (first, end) -> {
          for (int i = first * n; i < end * n; i++) {
            sum[i] = from[0][i] + from[1][i];
          }
          double[][] norm = {sum, from[2], from[3]};
          double[][] results = {to[0], to[2], to[3]};
          for (int row = first; row < end; row++) {
            NormalizationF64.layerNorm(epsilon, norm, results, row, n);
          }
        });
  }

  private void residualGradF64(List<Operand> in, List<Operand> out) {
    NormRows rows = NormRows.of(in);
    int n = rows.length();
    double[][] from = NormalizationF64.arrays(in);
    double[][] to = NormalizationF64.arrays(out);
    parallel.range(
        rows.count(),
        rows.grain(),
        (first, end) -> {
          for (int row = first; row < end; row++) {
            NormalizationF64.layerNormGrad(from, to[0], row, n);
          }
          for (int i = first * n; i < end * n; i++) {
            to[0][i] += from[5][i];
          }
        });
    NormalizationF64.weightGrads(rows.count(), n, from[0], from[2], from[3], from[4], to);
  }
}
