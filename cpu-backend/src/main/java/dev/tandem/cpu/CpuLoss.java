package dev.tandem.cpu;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.op.Loss;
import dev.tandem.shape.DType;
import java.util.List;

/** Cross-entropies, a row at a time. All logarithms are of sums relative to the row's maximum. */
final class CpuLoss {
  private static final int CHUNK = 1 << 14;

  private final Parallel parallel;
  private final Kernels kernels = Kernels.best();
  private final RowKernels rowKernels = RowKernels.best();

  CpuLoss(Parallel parallel) {
    this.parallel = parallel;
  }

  void run(Loss op, List<Operand> in, List<Operand> out) {
    int rows = in.getFirst().shape().length(0);
    int classes = in.getFirst().shape().length(1);
    boolean f64 = in.getFirst().dtype() == DType.F64;
    int grain = Math.max(1, CHUNK / classes);
    Parallel.Range body =
        switch (op) {
          case Loss.CrossEntropy loss ->
              f64 ? crossEntropyF64(loss, classes, in, out) : crossEntropy(loss, classes, in, out);
          case Loss.CrossEntropyGrad grad ->
              f64
                  ? crossEntropyGradF64(grad, classes, in, out)
                  : crossEntropyGrad(grad, classes, in, out);
          case Loss.SoftCrossEntropy _ -> f64 ? softF64(classes, in, out) : soft(classes, in, out);
          case Loss.SoftCrossEntropyGrad _ ->
              f64 ? softGradF64(classes, in, out) : softGrad(classes, in, out);
        };
    parallel.range(rows, grain, body);
  }

  private static int label(String op, int[] targets, int row, int classes) {
    int label = targets[row];
    if (label < 0 || label >= classes) {
      throw new BackendException(
          op
              + ": label outside the classes, got "
              + label
              + " at row "
              + row
              + "; classes run from 0 to "
              + (classes - 1));
    }
    return label;
  }

  private Parallel.Range crossEntropy(
      Loss.CrossEntropy op, int n, List<Operand> in, List<Operand> out) {
    float[] x = Operands.f32(in.get(0));
    int[] targets = Operands.i32(in.get(1));
    float[] losses = Operands.f32(out.get(0));
    float[] lses = Operands.f32(out.get(1));
    float smoothing = (float) op.smoothing();
    float sharpness = (float) (1 - op.smoothing());
    return (from, to) -> {
      float[] row = new float[n];
      for (int i = from; i < to; i++) {
        int label = label("cross_entropy", targets, i, n);
        int at = i * n;
        float max = kernels.max(x, at, n);
        difference(x, at, max, row);
        // Terms of weight 0 are left out, for a logit may be infinite.
        float loss =
            (sharpness == 0 ? 0 : sharpness * -row[label])
                - (smoothing == 0 ? 0 : smoothing * kernels.sum(row, 0, n) / n);
        kernels.exp(row, row, 0, n);
        float log = FloatMath.log(kernels.sum(row, 0, n));
        losses[i] = log + loss;
        lses[i] = max + log;
      }
    };
  }

  private Parallel.Range crossEntropyGrad(
      Loss.CrossEntropyGrad op, int n, List<Operand> in, List<Operand> out) {
    float[] x = Operands.f32(in.get(0));
    int[] targets = Operands.i32(in.get(1));
    float[] lses = Operands.f32(in.get(2));
    float[] dy = Operands.f32(in.get(3));
    float[] dx = Operands.f32(out.getFirst());
    float share = (float) (op.smoothing() / n);
    float sharpness = (float) (1 - op.smoothing());
    return (from, to) -> {
      for (int i = from; i < to; i++) {
        int label = label("cross_entropy_grad", targets, i, n);
        int at = i * n;
        probabilities(x, lses[i], dx, at, n);
        dx[at + label] -= sharpness;
        float scale = dy[i];
        for (int j = at; j < at + n; j++) {
          dx[j] = (dx[j] - share) * scale;
        }
      }
    };
  }

  private Parallel.Range soft(int n, List<Operand> in, List<Operand> out) {
    float[] x = Operands.f32(in.get(0));
    float[] targets = Operands.f32(in.get(1));
    float[] losses = Operands.f32(out.get(0));
    float[] lses = Operands.f32(out.get(1));
    return (from, to) -> {
      float[] row = new float[n];
      for (int i = from; i < to; i++) {
        int at = i * n;
        float max = kernels.max(x, at, n);
        difference(x, at, max, row);
        // lse * sum(p) - sum(p * x), with max taken out of both.
        float dot = rowKernels.dot(targets, at, row, 0, n);
        kernels.exp(row, row, 0, n);
        float log = FloatMath.log(kernels.sum(row, 0, n));
        losses[i] = log * kernels.sum(targets, at, n) - dot;
        lses[i] = max + log;
      }
    };
  }

  private Parallel.Range softGrad(int n, List<Operand> in, List<Operand> out) {
    float[] x = Operands.f32(in.get(0));
    float[] targets = Operands.f32(in.get(1));
    float[] lses = Operands.f32(in.get(2));
    float[] dy = Operands.f32(in.get(3));
    float[] dx = Operands.f32(out.getFirst());
    return (from, to) -> {
      for (int i = from; i < to; i++) {
        int at = i * n;
        probabilities(x, lses[i], dx, at, n);
        float sum = kernels.sum(targets, at, n);
        float scale = dy[i];
        for (int j = at; j < at + n; j++) {
          dx[j] = (dx[j] * sum - targets[j]) * scale;
        }
      }
    };
  }

  /** row = x - max. */
  private static void difference(float[] x, int at, float max, float[] row) {
    for (int j = 0; j < row.length; j++) {
      row[j] = x[at + j] - max;
    }
  }

  /** p = e^(x - lse). */
  private void probabilities(float[] x, float lse, float[] p, int at, int n) {
    for (int j = at; j < at + n; j++) {
      p[j] = x[j] - lse;
    }
    kernels.exp(p, p, at, at + n);
  }

  private static Parallel.Range crossEntropyF64(
      Loss.CrossEntropy op, int n, List<Operand> in, List<Operand> out) {
    double[] x = Operands.f64(in.get(0));
    int[] targets = Operands.i32(in.get(1));
    double[] losses = Operands.f64(out.get(0));
    double[] lses = Operands.f64(out.get(1));
    double smoothing = op.smoothing();
    return (from, to) -> {
      for (int i = from; i < to; i++) {
        int label = label("cross_entropy", targets, i, n);
        lses[i] = logSumExp(x, i * n, n);
        double mean = 0;
        for (int j = 0; smoothing > 0 && j < n; j++) {
          mean += x[i * n + j] / n;
        }
        losses[i] =
            lses[i]
                - (smoothing == 1 ? 0 : (1 - smoothing) * x[i * n + label])
                - (smoothing == 0 ? 0 : smoothing * mean);
      }
    };
  }

  private static Parallel.Range crossEntropyGradF64(
      Loss.CrossEntropyGrad op, int n, List<Operand> in, List<Operand> out) {
    double[] x = Operands.f64(in.get(0));
    int[] targets = Operands.i32(in.get(1));
    double[] lses = Operands.f64(in.get(2));
    double[] dy = Operands.f64(in.get(3));
    double[] dx = Operands.f64(out.getFirst());
    return (from, to) -> {
      for (int i = from; i < to; i++) {
        int label = label("cross_entropy_grad", targets, i, n);
        for (int j = 0; j < n; j++) {
          double target = (j == label ? 1 - op.smoothing() : 0) + op.smoothing() / n;
          dx[i * n + j] = dy[i] * (StrictMath.exp(x[i * n + j] - lses[i]) - target);
        }
      }
    };
  }

  private static Parallel.Range softF64(int n, List<Operand> in, List<Operand> out) {
    double[] x = Operands.f64(in.get(0));
    double[] targets = Operands.f64(in.get(1));
    double[] losses = Operands.f64(out.get(0));
    double[] lses = Operands.f64(out.get(1));
    return (from, to) -> {
      for (int i = from; i < to; i++) {
        lses[i] = logSumExp(x, i * n, n);
        double loss = 0;
        for (int j = i * n; j < (i + 1) * n; j++) {
          loss += targets[j] * (lses[i] - x[j]);
        }
        losses[i] = loss;
      }
    };
  }

  private static Parallel.Range softGradF64(int n, List<Operand> in, List<Operand> out) {
    double[] x = Operands.f64(in.get(0));
    double[] targets = Operands.f64(in.get(1));
    double[] lses = Operands.f64(in.get(2));
    double[] dy = Operands.f64(in.get(3));
    double[] dx = Operands.f64(out.getFirst());
    return (from, to) -> {
      for (int i = from; i < to; i++) {
        double sum = 0;
        for (int j = i * n; j < (i + 1) * n; j++) {
          sum += targets[j];
        }
        for (int j = i * n; j < (i + 1) * n; j++) {
          dx[j] = dy[i] * (StrictMath.exp(x[j] - lses[i]) * sum - targets[j]);
        }
      }
    };
  }

  private static double logSumExp(double[] x, int at, int n) {
    double max = Double.NEGATIVE_INFINITY;
    for (int j = at; j < at + n; j++) {
      max = Math.max(max, x[j]);
    }
    double sum = 0;
    for (int j = at; j < at + n; j++) {
      sum += StrictMath.exp(x[j] - max);
    }
    return max + StrictMath.log(sum);
  }
}
