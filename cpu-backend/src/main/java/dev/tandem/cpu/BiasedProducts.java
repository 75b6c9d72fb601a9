package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Fused;
import dev.tandem.op.Linear;
import dev.tandem.op.Reduction;
import dev.tandem.shape.DType;
import java.util.List;
import java.util.stream.IntStream;

/** Layers' products with their bias and relu, which are added where the product lies, and what their gradients have in common. */
final class BiasedProducts {
  // Elements of a task.
  private static final int GRAIN = 1 << 14;
  // Elements whose sums are joined in double.
  private static final int SPAN = 1024;

  private final Parallel parallel;
  private final BufferPool pool;
  private final Kernels kernels = Kernels.best();
  private final CpuLinear linear;
  private final CpuElementwise elementwise;
  private final CpuReduction reduction;

  BiasedProducts(
      Parallel parallel,
      BufferPool pool,
      CpuLinear linear,
      CpuElementwise elementwise,
      CpuReduction reduction) {
    this.parallel = parallel;
    this.pool = pool;
    this.linear = linear;
    this.elementwise = elementwise;
    this.reduction = reduction;
  }

  void matmul(Fused.BiasedMatmul op, List<Operand> in, List<Operand> out) {
    Operand y = out.getFirst();
    if (y.dtype() == DType.F32) {
      float[] bias = Operands.f32(in.get(2));
      float[] sums = Operands.f32(y);
      int channels = y.shape().length(1);
      linear.affine(
          in.get(0),
          in.get(1),
          y,
          (row, rows, column, columns) -> {
            for (int i = row; i < row + rows; i++) {
              kernels.addBias(sums, i * channels + column, bias, column, columns, op.relu());
            }
          });
      return;
    }
    linear.run(new Linear.Matmul(false, true), in.subList(0, 2), out);
    add(in.get(2), op.relu(), out.getFirst());
  }

  void conv2d(Fused.BiasedConv2d op, List<Operand> in, List<Operand> out) {
    Operand y = out.getFirst();
    float[] bias = y.dtype() == DType.F32 ? Operands.f32(in.get(2)) : null;
    boolean finished =
        linear.conv2d(
            new Linear.Conv2d(op.geometry()),
            in.get(0),
            in.get(1),
            y,
            (sums, at, channel, count) ->
                kernels.addBias(sums, at, bias[channel], count, op.relu()));
    if (!finished) {
      add(in.get(2), op.relu(), y);
    }
  }

  /** y = f(y + b), b along axis 1. */
  private void add(Operand b, boolean relu, Operand y) {
    int channels = Operands.elements(b);
    int inner = (int) y.shape().elements(2, y.shape().rank());
    if (y.elements() == 0) {
      return;
    }
    if (y.dtype() == DType.F64) {
      addF64(b, relu, y, inner);
    } else if (inner == 1) {
      float[] bias = Operands.f32(b);
      float[] sums = Operands.f32(y);
      parallel.range(
          Operands.elements(y) / channels,
          Math.max(1, GRAIN / channels),
          (from, to) -> {
            for (int row = from; row < to; row++) {
              kernels.addBias(sums, row * channels, bias, 0, channels, relu);
            }
          });
    } else {
      float[] bias = Operands.f32(b);
      float[] sums = Operands.f32(y);
      parallel.range(
          Operands.elements(y) / inner,
          Math.max(1, GRAIN / inner),
          (from, to) -> {
            for (int plane = from; plane < to; plane++) {
              kernels.addBias(sums, plane * inner, bias[plane % channels], inner, relu);
            }
          });
    }
  }

  private static void addF64(Operand b, boolean relu, Operand y, int inner) {
    double[] bias = Operands.f64(b);
    double[] sums = Operands.f64(y);
    int channels = Operands.elements(b);
    for (int i = 0; i < Operands.elements(y); i++) {
      double sum = sums[i] + bias[i / inner % channels];
      sums[i] = relu && sum <= 0 ? 0 : sum;
    }
  }

  /** inputs: y, dy; results: dz, db. */
  void reluGrad(List<Operand> in, List<Operand> out) {
    Operand dz = out.getFirst();
    int inner = (int) dz.shape().elements(2, dz.shape().rank());
    if (dz.dtype() == DType.F32 && inner > 1 && dz.elements() > 0) {
      planes(in, dz, out.get(1), inner);
    } else {
      elementwise.run(new Elementwise.ReluGrad(), in, out.subList(0, 1));
      List<Integer> others =
          IntStream.range(0, dz.shape().rank()).filter(axis -> axis != 1).boxed().toList();
      reduction.run(new Reduction.Sum(others, false), List.of(dz), out.subList(1, 2));
    }
  }

  /** Each plane is summed while it is in the cache. A channel is one task's, or that of several with some images each. */
  private void planes(List<Operand> in, Operand dz, Operand db, int inner) {
    float[] y = Operands.f32(in.get(0));
    float[] dy = Operands.f32(in.get(1));
    float[] dx = Operands.f32(dz);
    int images = dz.shape().length(0);
    int channels = Operands.elements(db);
    int together = Math.max(1, GRAIN / inner);
    int parts = Math.ceilDiv(images, together);
    double[] sums = (double[]) pool.borrow(DType.F64, (long) channels * parts);
    parallel.range(
        channels * parts,
        1,
        (from, to) -> {
          for (int task = from; task < to; task++) {
            int first = task % parts * together;
            double sum = 0;
            for (int image = first; image < Math.min(images, first + together); image++) {
              int at = (image * channels + task / parts) * inner;
              kernels.reluGrad(y, dy, dx, at, at + inner);
              for (int done = 0; done < inner; done += SPAN) {
                sum += kernels.sum(dx, at + done, Math.min(SPAN, inner - done));
              }
            }
            sums[task] = sum;
          }
        });
    float[] totals = Operands.f32(db);
    for (int channel = 0; channel < channels; channel++) {
      double sum = 0;
      for (int part = 0; part < parts; part++) {
        sum += sums[channel * parts + part];
      }
      totals[channel] = (float) sum;
    }
    pool.release(DType.F64, sums);
  }
}
