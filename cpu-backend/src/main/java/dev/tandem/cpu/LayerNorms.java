package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Elementwise;
import java.util.List;

/** Layer norm in F32, alone or of a sum that is made in the same pass. */
final class LayerNorms {
  private static final Elementwise.Add ADD = new Elementwise.Add();

  private final Parallel parallel;
  private final Kernels kernels = Kernels.best();
  private final RowKernels rowKernels = RowKernels.best();

  LayerNorms(Parallel parallel) {
    this.parallel = parallel;
  }

  /** @param in x, gamma, beta @param out y, mean, rstd */
  void forward(double epsilon, List<Operand> in, List<Operand> out) {
    NormRows rows = NormRows.of(in);
    float[] means = Operands.f32(out.get(1));
    float[] rstds = Operands.f32(out.get(2));
    parallel.range(
        rows.count(),
        rows.grain(),
        (from, to) -> {
          RowKernels.Row r = rows.row(in.get(0), in.get(1), out.getFirst());
          r.beta = Operands.f32(in.get(2));
          for (int row = from; row < to; row++) {
            r.at = row * r.n;
            normalize(epsilon, r);
            means[row] = r.mean + r.rest;
            rstds[row] = r.rstd;
          }
        });
  }

  /** @param in x, delta, gamma, beta @param out y, sum, mean, rstd */
  void residual(double epsilon, List<Operand> in, List<Operand> out) {
    NormRows rows = NormRows.of(in);
    float[] x = Operands.f32(in.get(0));
    float[] delta = Operands.f32(in.get(1));
    float[] sum = Operands.f32(out.get(1));
    float[] means = Operands.f32(out.get(2));
    float[] rstds = Operands.f32(out.get(3));
    parallel.range(
        rows.count(),
        rows.grain(),
        (from, to) -> {
          RowKernels.Row r = rows.row(out.get(1), in.get(2), out.getFirst());
          r.beta = Operands.f32(in.get(3));
          for (int row = from; row < to; row++) {
            r.at = row * r.n;
            kernels.binary(ADD, x, r.at, delta, r.at, sum, r.at, r.n);
            normalize(epsilon, r);
            means[row] = r.mean + r.rest;
            rstds[row] = r.rstd;
          }
        });
  }

  private void normalize(double epsilon, RowKernels.Row r) {
    // A mean far from 0 is rounded by more than matters to x - mean; so it is kept in two parts.
    r.mean = kernels.sum(r.x, r.at, r.n) / r.n;
    r.rest = rowKernels.sumOfDifferences(r.x, r.at, r.n, r.mean) / r.n;
    double variance =
        rowKernels.sumOfSquares(r.x, r.at, r.n, r.mean) / (double) r.n - (double) r.rest * r.rest;
    r.rstd = (float) (1 / Math.sqrt(Math.max(0, variance) + epsilon));
    rowKernels.normalize(r);
  }

  /** @param in x, gamma, mean, rstd, dy and, if dx is to be added to it, dsum @param out dx, dgamma, dbeta */
  void gradients(List<Operand> in, List<Operand> out) {
    float[] means = Operands.f32(in.get(2));
    float[] rstds = Operands.f32(in.get(3));
    float[] dy = Operands.f32(in.get(4));
    float[] dsum = in.size() > 5 ? Operands.f32(in.get(5)) : null;
    NormRows rows = NormRows.of(in);
    int n = rows.length();
    float[] dgammas = new float[rows.parts() * n];
    float[] dbetas = new float[rows.parts() * n];
    parallel.range(
        rows.count(),
        rows.partRows(),
        (from, to) -> {
          RowKernels.Row r = rows.row(in.get(0), in.get(1), out.getFirst());
          rows.differentiate(r, from, dy, dgammas, dbetas);
          r.dsum = dsum;
          for (int row = from; row < to; row++) {
            r.at = row * n;
            r.mean = means[row];
            r.rstd = rstds[row];
            rowKernels.normalizeGradSums(r);
            rowKernels.normalizeGrad(
                r, kernels.sum(r.g, 0, n) / n, rowKernels.dot(r.g, 0, r.h, 0, n) / n);
          }
        });
    rows.sumParts(dgammas, Operands.f32(out.get(1)));
    rows.sumParts(dbetas, Operands.f32(out.get(2)));
  }
}
