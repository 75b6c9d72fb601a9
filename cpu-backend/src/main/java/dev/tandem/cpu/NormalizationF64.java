package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Normalization;
import dev.tandem.shape.Shape;
import java.util.Arrays;
import java.util.List;

/** Normalizations in F64, for gradient checks: the formulas, in plain loops. */
final class NormalizationF64 {
  private final Parallel parallel;

  NormalizationF64(Parallel parallel) {
    this.parallel = parallel;
  }

  void run(Normalization op, List<Operand> in, List<Operand> out) {
    Shape shape = in.getFirst().shape();
    int n = shape.length(-1);
    int rows = Math.toIntExact(shape.elements(0, shape.rank() - 1));
    double[][] from = arrays(in);
    double[][] to = arrays(out);
    switch (op) {
      case Normalization.Softmax _ -> each(rows, row -> softmax(from[0], to[0], row * n, n));
      case Normalization.SoftmaxGrad _ -> each(rows, row -> softmaxGrad(from, to[0], row * n, n));
      case Normalization.LogSoftmax _ -> each(rows, row -> logSoftmax(from[0], to[0], row * n, n));
      case Normalization.LogSoftmaxGrad _ ->
          each(rows, row -> logSoftmaxGrad(from, to[0], row * n, n));
      case Normalization.LayerNorm norm ->
          each(rows, row -> layerNorm(norm.epsilon(), from, to, row, n));
      case Normalization.LayerNormGrad _ -> {
        each(rows, row -> layerNormGrad(from, to[0], row, n));
        weightGrads(rows, n, from[0], from[2], from[3], from[4], to);
      }
      case Normalization.RmsNorm norm ->
          each(rows, row -> rmsNorm(norm.epsilon(), from, to, row, n));
      case Normalization.RmsNormGrad _ -> {
        each(rows, row -> rmsNormGrad(from, to[0], row, n));
        weightGrads(rows, n, from[0], new double[rows], from[2], from[3], to);
      }
      case Normalization.BatchNorm norm ->
          each(shape.length(1), channel -> batchNorm(norm.epsilon(), shape, from, to, channel));
      case Normalization.BatchNormGrad norm ->
          each(shape.length(1), channel -> batchNormGrad(norm.epsilon(), shape, from, to, channel));
      case Normalization.BatchNormInference norm ->
          each(shape.length(1), channel -> rescale(norm.epsilon(), shape, from, to[0], channel));
    }
  }

  private interface Body {
    void run(int index);
  }

  private void each(int count, Body body) {
    parallel.range(
        count,
        1,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            body.run(i);
          }
        });
  }

  static double[][] arrays(List<Operand> operands) {
    return operands.stream().map(Operands::f64).toArray(double[][]::new);
  }

  /** The largest element, which is taken off first: e^(x - max) cannot overflow, and x - max loses no digits. */
  private static double max(double[] x, int at, int n) {
    return Arrays.stream(x, at, at + n).max().orElse(0);
  }

  private static double sumExp(double[] x, int at, int n, double max) {
    double sum = 0;
    for (int i = at; i < at + n; i++) {
      sum += StrictMath.exp(x[i] - max);
    }
    return sum;
  }

  private static void softmax(double[] x, double[] y, int at, int n) {
    double max = max(x, at, n);
    double sum = sumExp(x, at, n, max);
    for (int i = at; i < at + n; i++) {
      y[i] = StrictMath.exp(x[i] - max) / sum;
    }
  }

  private static void logSoftmax(double[] x, double[] y, int at, int n) {
    double max = max(x, at, n);
    double log = StrictMath.log(sumExp(x, at, n, max));
    for (int i = at; i < at + n; i++) {
      y[i] = x[i] - max - log;
    }
  }

  private static void softmaxGrad(double[][] in, double[] dx, int at, int n) {
    double[] y = in[0];
    double[] dy = in[1];
    double dot = 0;
    for (int i = at; i < at + n; i++) {
      dot += dy[i] * y[i];
    }
    for (int i = at; i < at + n; i++) {
      dx[i] = y[i] * (dy[i] - dot);
    }
  }

  private static void logSoftmaxGrad(double[][] in, double[] dx, int at, int n) {
    double[] y = in[0];
    double[] dy = in[1];
    double sum = 0;
    for (int i = at; i < at + n; i++) {
      sum += dy[i];
    }
    for (int i = at; i < at + n; i++) {
      dx[i] = dy[i] - StrictMath.exp(y[i]) * sum;
    }
  }

  static void layerNorm(double epsilon, double[][] in, double[][] out, int row, int n) {
    double[] x = in[0];
    double mean = 0;
    double variance = 0;
    for (int j = 0; j < n; j++) {
      mean += x[row * n + j];
    }
    mean /= n;
    for (int j = 0; j < n; j++) {
      variance += (x[row * n + j] - mean) * (x[row * n + j] - mean);
    }
    double rstd = 1 / Math.sqrt(variance / n + epsilon);
    for (int j = 0; j < n; j++) {
      out[0][row * n + j] = (x[row * n + j] - mean) * rstd * in[1][j] + in[2][j];
    }
    out[1][row] = mean;
    out[2][row] = rstd;
  }

  static void layerNormGrad(double[][] in, double[] dx, int row, int n) {
    double[] x = in[0];
    double[] gamma = in[1];
    double mean = in[2][row];
    double rstd = in[3][row];
    double[] dy = in[4];
    double meanG = 0;
    double meanGh = 0;
    for (int j = 0, i = row * n; j < n; j++, i++) {
      meanG += dy[i] * gamma[j] / n;
      meanGh += dy[i] * gamma[j] * (x[i] - mean) * rstd / n;
    }
    for (int j = 0, i = row * n; j < n; j++, i++) {
      dx[i] = rstd * (dy[i] * gamma[j] - meanG - (x[i] - mean) * rstd * meanGh);
    }
  }

  private static void rmsNorm(double epsilon, double[][] in, double[][] out, int row, int n) {
    double[] x = in[0];
    double square = 0;
    for (int i = row * n; i < (row + 1) * n; i++) {
      square += x[i] * x[i];
    }
    double rstd = 1 / Math.sqrt(square / n + epsilon);
    for (int j = 0, i = row * n; j < n; j++, i++) {
      out[0][i] = x[i] * rstd * in[1][j];
    }
    out[1][row] = rstd;
  }

  private static void rmsNormGrad(double[][] in, double[] dx, int row, int n) {
    double[] x = in[0];
    double[] gamma = in[1];
    double rstd = in[2][row];
    double[] dy = in[3];
    double meanGh = 0;
    for (int j = 0, i = row * n; j < n; j++, i++) {
      meanGh += dy[i] * gamma[j] * x[i] * rstd / n;
    }
    for (int j = 0, i = row * n; j < n; j++, i++) {
      dx[i] = rstd * (dy[i] * gamma[j] - x[i] * rstd * meanGh);
    }
  }

  /** dgamma and, if there is one, dbeta. */
  static void weightGrads(
      int rows, int n, double[] x, double[] mean, double[] rstd, double[] dy, double[][] out) {
    for (int result = 1; result < out.length; result++) {
      Arrays.fill(out[result], 0, n, 0);
    }
    for (int row = 0; row < rows; row++) {
      for (int j = 0, i = row * n; j < n; j++, i++) {
        out[1][j] += dy[i] * (x[i] - mean[row]) * rstd[row];
        if (out.length > 2) {
          out[2][j] += dy[i];
        }
      }
    }
  }

  /** Where the elements of a channel lie. */
  private static int[] channel(Shape shape, int channel) {
    int images = shape.length(0);
    int elements = Math.toIntExact(shape.elements(2, shape.rank()));
    int[] places = new int[images * elements];
    for (int i = 0; i < places.length; i++) {
      places[i] = (i / elements * shape.length(1) + channel) * elements + i % elements;
    }
    return places;
  }

  private static void batchNorm(double epsilon, Shape shape, double[][] in, double[][] out, int c) {
    int[] places = channel(shape, c);
    double mean = 0;
    double variance = 0;
    for (int i : places) {
      mean += in[0][i];
    }
    mean /= places.length;
    for (int i : places) {
      variance += (in[0][i] - mean) * (in[0][i] - mean);
    }
    out[1][c] = mean;
    out[2][c] = variance / places.length;
    rescale(epsilon, shape, new double[][] {in[0], in[1], in[2], out[1], out[2]}, out[0], c);
  }

  /** in: x, gamma, beta, mean, variance. */
  private static void rescale(double epsilon, Shape shape, double[][] in, double[] y, int c) {
    double rstd = 1 / Math.sqrt(in[4][c] + epsilon);
    for (int i : channel(shape, c)) {
      y[i] = (in[0][i] - in[3][c]) * rstd * in[1][c] + in[2][c];
    }
  }

  private static void batchNormGrad(
      double epsilon, Shape shape, double[][] in, double[][] out, int c) {
    int[] places = channel(shape, c);
    double[] x = in[0];
    double[] dy = in[4];
    double mean = in[2][c];
    double rstd = 1 / Math.sqrt(in[3][c] + epsilon);
    double dgamma = 0;
    double dbeta = 0;
    for (int i : places) {
      dgamma += dy[i] * (x[i] - mean) * rstd;
      dbeta += dy[i];
    }
    for (int i : places) {
      out[0][i] =
          in[1][c]
              * rstd
              * (dy[i] - dbeta / places.length - (x[i] - mean) * rstd * dgamma / places.length);
    }
    out[1][c] = dgamma;
    out[2][c] = dbeta;
  }
}
