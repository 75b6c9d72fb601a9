package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Linear;
import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.shape.DType;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Two-dimensional convolution and its gradients: chooses between the ways to compute them. */
final class CpuConv2d {
  /** What a convolution runs on. */
  record Machine(
      Parallel parallel,
      BufferPool pool,
      GemmKernels kernels,
      RowKernels rowKernels,
      TileKernels tileKernels) {}

  // A tile computes at least this many outputs at a time.
  private static final int THIN = GemmKernels.SHORT;

  private final Machine machine;
  private final ThinConv2d thin;
  private final ColumnGradient columns;
  private final Conv2dF64 f64;

  CpuConv2d(Machine machine, Gemm gemm) {
    this.machine = machine;
    thin = new ThinConv2d(machine);
    columns = new ColumnGradient(machine, gemm);
    f64 = new Conv2dF64(machine.parallel);
  }

  /** Whether the sums have gone through the epilogue as well; where they are few or of F64 that is left to the caller. */
  boolean forward(Linear.Conv2d op, Operand x, Operand w, Operand y, PlaneEpilogue epilogue) {
    Conv2dSizes s = new Conv2dSizes(op.geometry(), x.shape(), w.shape(), y.shape());
    if (y.elements() == 0) {
      return true;
    }
    if (y.dtype() == DType.F64) {
      f64.forward(s, Operands.f64(x), Operands.f64(w), Operands.f64(y));
      return false;
    }
    if (w.elements() == 0) {
      Arrays.fill(Operands.f32(y), 0, Operands.elements(y), 0f);
      return false;
    }
    if (s.groups() > 1 && s.groupOutputs() < THIN) {
      thin.forward(s, Operands.f32(x), Operands.f32(w), Operands.f32(y));
      return false;
    }
    if (Winograd.suits(s, s.rows(), s.columns())) {
      int filter = s.channels() * s.kernel();
      new Winograd(
              machine,
              s.images(),
              s.inputs(Operands.f32(x)),
              new Winograd.Filters(Operands.f32(w), filter, s.kernel(), false),
              new Winograd.Output(Operands.f32(y), s.outputs(), s.rows(), s.columns(), epilogue))
          .run();
    } else {
      int[] rows = new int[s.kernel()];
      int[] columns = new int[s.kernel()];
      for (int tap = 0; tap < s.kernel(); tap++) {
        rows[tap] = s.row(0, tap / s.kernelWidth());
        columns[tap] = s.column(0, tap % s.kernelWidth());
      }
      int filter = s.groupChannels() * s.kernel();
      new Correlation(
              machine,
              new Correlation.Input(
                  Operands.f32(x),
                  s.images(),
                  s.groups(),
                  s.groupChannels(),
                  s.height(),
                  s.width()),
              new Correlation.Weights(
                  Operands.f32(w), s.groupOutputs() * filter, filter, s.kernel()),
              new Correlation.Taps(rows, columns, IntStream.range(0, s.kernel()).toArray()),
              new Correlation.Places(
                  s.rows(),
                  s.columns(),
                  op.geometry().stride().height(),
                  op.geometry().stride().width()),
              new Correlation.Output(
                  Operands.f32(y), s.groupOutputs(), s.pixels(), 0, s.columns(), 1, epilogue))
          .run();
    }
    return true;
  }

  void gradInput(Linear.Conv2dGradInput op, Operand w, Operand dy, Operand dx) {
    Conv2dSizes s = new Conv2dSizes(op.geometry(), dx.shape(), w.shape(), dy.shape());
    if (dx.elements() == 0) {
      return;
    }
    if (dx.dtype() == DType.F64) {
      f64.gradInput(s, Operands.f64(w), Operands.f64(dy), Operands.f64(dx));
    } else if (dy.elements() == 0) {
      Arrays.fill(Operands.f32(dx), 0, Operands.elements(dx), 0f);
    } else if (s.groups() > 1 && s.groupChannels() < THIN) {
      thin.gradInput(s, Operands.f32(w), Operands.f32(dy), Operands.f32(dx));
    } else if (Winograd.suits(s, s.height(), s.width())) {
      int filter = s.channels() * s.kernel();
      new Winograd(
              machine,
              s.images(),
              new WinogradTiles.Images(
                  Operands.f32(dy),
                  s.outputs(),
                  s.rows(),
                  s.columns(),
                  2 - op.geometry().padding().height(),
                  2 - op.geometry().padding().width()),
              new Winograd.Filters(Operands.f32(w), s.kernel(), filter, true),
              new Winograd.Output(
                  Operands.f32(dx), s.channels(), s.height(), s.width(), PlaneEpilogue.NONE))
          .run();
    } else if (ColumnGradient.suits(s)) {
      columns.run(s, Operands.f32(w), Operands.f32(dy), Operands.f32(dx));
    } else {
      gradInputByPhases(s, Operands.f32(w), Operands.f32(dy), Operands.f32(dx));
    }
  }

  /**
   * Rows of dx that are alike modulo the stride meet the same rows of the filter, so each such phase is a correlation of
   * dy with part of the filter, at step 1: dx[h] = sum over p of w[p] * dy[(h + padding - p * dilation) / stride].
   */
  private void gradInputByPhases(Conv2dSizes s, float[] w, float[] dy, float[] dx) {
    Conv2dGeometry g = s.geometry();
    int strideH = g.stride().height();
    int strideW = g.stride().width();
    if (strideH > 1 || strideW > 1) {
      // A phase may meet no tap at all.
      Arrays.fill(dx, 0, Math.toIntExact(s.x().elements()), 0f);
    }
    int filter = s.groupChannels() * s.kernel();
    for (int h = 0; h < Math.min(strideH, s.height()); h++) {
      for (int v = 0; v < Math.min(strideW, s.width()); v++) {
        int firstH = h + g.padding().height();
        int firstW = v + g.padding().width();
        int[] taps =
            IntStream.range(0, s.kernel())
                .filter(t -> (firstH - t / s.kernelWidth() * g.dilation().height()) % strideH == 0)
                .filter(t -> (firstW - t % s.kernelWidth() * g.dilation().width()) % strideW == 0)
                .toArray();
        if (taps.length > 0) {
          int[] rows =
              IntStream.of(taps)
                  .map(t -> (firstH - t / s.kernelWidth() * g.dilation().height()) / strideH)
                  .toArray();
          int[] columns =
              IntStream.of(taps)
                  .map(t -> (firstW - t % s.kernelWidth() * g.dilation().width()) / strideW)
                  .toArray();
          new Correlation(
                  machine,
                  new Correlation.Input(
                      dy, s.images(), s.groups(), s.groupOutputs(), s.rows(), s.columns()),
                  new Correlation.Weights(w, s.groupOutputs() * filter, s.kernel(), filter),
                  new Correlation.Taps(rows, columns, taps),
                  new Correlation.Places(
                      Math.ceilDiv(s.height() - h, strideH),
                      Math.ceilDiv(s.width() - v, strideW),
                      1,
                      1),
                  new Correlation.Output(
                      dx,
                      s.groupChannels(),
                      s.plane(),
                      h * s.width() + v,
                      strideH * s.width(),
                      strideW,
                      PlaneEpilogue.NONE))
              .run();
        }
      }
    }
  }

  void gradWeight(Linear.Conv2dGradWeight op, Operand x, Operand dy, Operand dw) {
    Conv2dSizes s = new Conv2dSizes(op.geometry(), x.shape(), dw.shape(), dy.shape());
    if (dw.elements() == 0) {
      return;
    }
    if (dw.dtype() == DType.F64) {
      f64.gradWeight(s, Operands.f64(x), Operands.f64(dy), Operands.f64(dw));
    } else if (dy.elements() == 0) {
      Arrays.fill(Operands.f32(dw), 0, Operands.elements(dw), 0f);
    } else if (s.groups() > 1 && s.groupOutputs() < THIN) {
      thin.gradWeight(s, Operands.f32(x), Operands.f32(dy), Operands.f32(dw));
    } else if (WinogradGradient.suits(s)) {
      new WinogradGradient(machine, s, Operands.f32(x), Operands.f32(dy), Operands.f32(dw)).run();
    } else {
      new WeightGradient(machine, s, Operands.f32(x), Operands.f32(dy), Operands.f32(dw)).run();
    }
  }
}
