package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Fused;
import dev.tandem.shape.DType;
import java.util.List;

/** Fused ops: F32 in pieces that stay in the first-level cache from one loop to the next, F64 in plain loops. */
final class CpuFused {
  private static final Elementwise.Add ADD = new Elementwise.Add();
  // Elements of a task, and of scratch: with x and y half a first-level cache.
  private static final int GRAIN = 1 << 12;
  private static final int PIECE = 1 << 10;

  private final Parallel parallel;
  private final BufferPool pool;
  private final Kernels kernels = Kernels.best();
  private final BiasedProducts biased;
  private final LayerNorms layerNorms;

  CpuFused(Parallel parallel, BufferPool pool, BiasedProducts biased) {
    this.parallel = parallel;
    this.pool = pool;
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
          float[] sum = pool.borrow(PIECE);
          float[] result = pool.borrow(PIECE);
          float[] slope = dy == null ? null : pool.borrow(PIECE);
          for (int at = from, count; at < to; at += count) {
            count = Math.min(to - at, PIECE);
            addBias(x, at, b, n, sum, count);
            if (dy == null) {
              kernels.geluTanh(sum, result, 0, count);
            } else {
              System.arraycopy(dy, at, slope, 0, count);
              kernels.geluTanhGrad(sum, slope, result, 0, count);
            }
            System.arraycopy(result, 0, y, at, count);
          }
          pool.release(sum);
          pool.release(result);
          if (slope != null) {
            pool.release(slope);
          }
        });
  }

  /** Over the ends of rows, where b begins anew. */
  private void addBias(float[] x, int at, float[] b, int n, float[] sum, int count) {
    for (int done = 0, length; done < count; done += length) {
      int column = (at + done) % n;
      length = Math.min(count - done, n - column);
      kernels.binary(ADD, x, at + done, b, column, sum, done, length);
    }
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
