package dev.tandem.conformance;

import dev.tandem.op.Normalization;
import dev.tandem.op.Normalization.BatchNorm;
import dev.tandem.op.Normalization.BatchNormGrad;
import dev.tandem.op.Normalization.BatchNormInference;
import dev.tandem.op.Normalization.LayerNorm;
import dev.tandem.op.Normalization.LayerNormGrad;
import dev.tandem.op.Normalization.LogSoftmax;
import dev.tandem.op.Normalization.LogSoftmaxGrad;
import dev.tandem.op.Normalization.RmsNorm;
import dev.tandem.op.Normalization.RmsNormGrad;
import dev.tandem.op.Normalization.Softmax;
import dev.tandem.op.Normalization.SoftmaxGrad;
import dev.tandem.shape.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * The definition of the normalisations. Gradients that take x are the {@link Slope} of the forward a group (row or
 * channel) at a time; statistics that a backward op is handed serve only to recover what it is not handed,
 * epsilon.
 */
final class OracleNormalization {
  private OracleNormalization() {}

  static List<double[]> run(Normalization op, List<Values> inputs) {
    return switch (op) {
      case Softmax _ -> rows(inputs, (x, _) -> softmax(x));
      case LogSoftmax _ -> rows(inputs, (x, _) -> logSoftmax(x));
      // These take y, and are defined also where that is rounded and no row of probabilities any
      // more: as the op says. GradientTest holds them to the slope of the forward.
      case SoftmaxGrad _ ->
          rows(
              inputs,
              (y, dy) -> {
                double mean = dot(dy, y);
                return each(y, dy, (p, slope) -> p * (slope - mean));
              });
      case LogSoftmaxGrad _ ->
          rows(
              inputs,
              (y, dy) -> {
                double sum = Arrays.stream(dy).sum();
                return each(y, dy, (log, slope) -> slope - Math.exp(log) * sum);
              });
      case LayerNorm norm -> layerNorm(norm.epsilon(), inputs);
      case LayerNormGrad _ -> layerNormGrad(inputs);
      case RmsNorm norm -> rmsNorm(norm.epsilon(), inputs);
      case RmsNormGrad _ -> rmsNormGrad(inputs);
      case BatchNorm norm -> batchNorm(norm.epsilon(), inputs);
      case BatchNormGrad norm -> batchNormGrad(norm.epsilon(), inputs);
      case BatchNormInference norm -> List.of(batchNormInference(norm.epsilon(), inputs));
    };
  }

  /** A function of a row of the first input, and of the second if there is one. */
  private interface RowFunction {
    double[] of(double[] first, double[] second);
  }

  private static List<double[]> rows(List<Values> inputs, RowFunction function) {
    double[] result = new double[inputs.getFirst().data().length];
    int length = inputs.getFirst().shape().length(-1);
    for (int start = 0; start < result.length; start += length) {
      double[] row =
          function.of(row(inputs.getFirst(), start, length), row(inputs.getLast(), start, length));
      System.arraycopy(row, 0, result, start, length);
    }
    return List.of(result);
  }

  private static double[] row(Values x, int start, int length) {
    return Arrays.copyOfRange(x.data(), start, start + length);
  }

  /** dx of L = sum of dy * f(x). */
  private static double[] weighted(
      UnaryOperator<double[]> f, double[] dy, double[] x, double step) {
    return Slope.gradient(moved -> dot(dy, f.apply(moved)), x, step);
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  static double[] softmax(double[] x) {
    double max = Arrays.stream(x).max().orElseThrow();
    double sum = Arrays.stream(x).map(v -> Math.exp(v - max)).sum();
    return Arrays.stream(x).map(v -> Math.exp(v - max) / sum).toArray();
  }

  private static double[] logSoftmax(double[] x) {
    // Not x - lse: beside a large maximum the logarithm would be rounded away.
    double max = Arrays.stream(x).max().orElseThrow();
    double log = Math.log(Arrays.stream(x).map(v -> Math.exp(v - max)).sum());
    return Arrays.stream(x).map(v -> v - max - log).toArray();
  }

  static double logSumExp(double[] x) {
    double max = Arrays.stream(x).max().orElseThrow();
    return max + Math.log(Arrays.stream(x).map(v -> Math.exp(v - max)).sum());
  }

  private static double mean(double[] x) {
    return Arrays.stream(x).sum() / x.length;
  }

  private static double variance(double[] x) {
    double mean = mean(x);
    return mean(Arrays.stream(x).map(v -> (v - mean) * (v - mean)).toArray());
  }

  private static double meanSquare(double[] x) {
    return mean(Arrays.stream(x).map(v -> v * v).toArray());
  }

  /** (x - mean) / sqrt(variance + epsilon). */
  private static double[] standardized(double[] x, double epsilon) {
    double mean = mean(x);
    double rstd = 1 / Math.sqrt(variance(x) + epsilon);
    return Arrays.stream(x).map(v -> (v - mean) * rstd).toArray();
  }

  private static double[] scaledByRms(double[] x, double epsilon) {
    double rstd = 1 / Math.sqrt(meanSquare(x) + epsilon);
    return Arrays.stream(x).map(v -> v * rstd).toArray();
  }

  private static List<double[]> layerNorm(double epsilon, List<Values> inputs) {
    Values x = inputs.getFirst();
    double[] gamma = inputs.get(1).data();
    double[] beta = inputs.get(2).data();
    int length = gamma.length;
    int rows = Positions.elements(x.shape().without(-1));
    double[] y = new double[x.data().length];
    double[] mean = new double[rows];
    double[] rstd = new double[rows];
    for (int r = 0; r < rows; r++) {
      double[] row = row(x, r * length, length);
      double[] h = standardized(row, epsilon);
      for (int c = 0; c < length; c++) {
        y[r * length + c] = h[c] * gamma[c] + beta[c];
      }
      mean[r] = mean(row);
      rstd[r] = 1 / Math.sqrt(variance(row) + epsilon);
    }
    return List.of(y, mean, rstd);
  }

  private static List<double[]> layerNormGrad(List<Values> inputs) {
    Values x = inputs.getFirst();
    double[] gamma = inputs.get(1).data();
    double[] rstd = inputs.get(3).data();
    Values dy = inputs.get(4);
    int length = gamma.length;
    double[] dx = new double[x.data().length];
    double[] dgamma = new double[length];
    double[] dbeta = new double[length];
    for (int r = 0; r < rstd.length; r++) {
      double[] row = row(x, r * length, length);
      double[] dyRow = row(dy, r * length, length);
      double epsilon = 1 / (rstd[r] * rstd[r]) - variance(row);
      double[] h = standardized(row, epsilon);
      double[] slope =
          weighted(moved -> standardized(moved, epsilon), product(dyRow, gamma), row, Slope.NARROW);
      for (int c = 0; c < length; c++) {
        dx[r * length + c] = slope[c];
        dgamma[c] += dyRow[c] * h[c];
        dbeta[c] += dyRow[c];
      }
    }
    return List.of(dx, dgamma, dbeta);
  }

  private static List<double[]> rmsNorm(double epsilon, List<Values> inputs) {
    Values x = inputs.getFirst();
    double[] gamma = inputs.get(1).data();
    int length = gamma.length;
    int rows = Positions.elements(x.shape().without(-1));
    double[] y = new double[x.data().length];
    double[] rstd = new double[rows];
    for (int r = 0; r < rows; r++) {
      double[] row = row(x, r * length, length);
      System.arraycopy(product(scaledByRms(row, epsilon), gamma), 0, y, r * length, length);
      rstd[r] = 1 / Math.sqrt(meanSquare(row) + epsilon);
    }
    return List.of(y, rstd);
  }

  private static List<double[]> rmsNormGrad(List<Values> inputs) {
    Values x = inputs.getFirst();
    double[] gamma = inputs.get(1).data();
    double[] rstd = inputs.get(2).data();
    Values dy = inputs.get(3);
    int length = gamma.length;
    double[] dx = new double[x.data().length];
    double[] dgamma = new double[length];
    for (int r = 0; r < rstd.length; r++) {
      double[] row = row(x, r * length, length);
      double[] dyRow = row(dy, r * length, length);
      double epsilon = 1 / (rstd[r] * rstd[r]) - meanSquare(row);
      double[] h = scaledByRms(row, epsilon);
      double[] slope =
          weighted(moved -> scaledByRms(moved, epsilon), product(dyRow, gamma), row, Slope.NARROW);
      for (int c = 0; c < length; c++) {
        dx[r * length + c] = slope[c];
        dgamma[c] += dyRow[c] * h[c];
      }
    }
    return List.of(dx, dgamma);
  }

  private static double[] product(double[] a, double[] b) {
    return each(a, b, (one, other) -> one * other);
  }

  private static double[] each(double[] a, double[] b, DoubleBinaryOperator f) {
    double[] result = new double[a.length];
    Arrays.setAll(result, i -> f.applyAsDouble(a[i], b[i]));
    return result;
  }

  private static List<double[]> batchNorm(double epsilon, List<Values> inputs) {
    Values x = inputs.getFirst();
    double[] gamma = inputs.get(1).data();
    double[] beta = inputs.get(2).data();
    double[] y = new double[x.data().length];
    double[] mean = new double[gamma.length];
    double[] variance = new double[gamma.length];
    for (int c = 0; c < gamma.length; c++) {
      int[] members = members(x.shape(), c);
      double[] channel = pick(x.data(), members);
      double[] h = standardized(channel, epsilon);
      for (int i = 0; i < members.length; i++) {
        y[members[i]] = h[i] * gamma[c] + beta[c];
      }
      mean[c] = mean(channel);
      variance[c] = variance(channel);
    }
    return List.of(y, mean, variance);
  }

  private static List<double[]> batchNormGrad(double epsilon, List<Values> inputs) {
    Values x = inputs.getFirst();
    double[] gamma = inputs.get(1).data();
    double[] dy = inputs.get(4).data();
    double[] dx = new double[x.data().length];
    double[] dgamma = new double[gamma.length];
    double[] dbeta = new double[gamma.length];
    for (int c = 0; c < gamma.length; c++) {
      int[] members = members(x.shape(), c);
      double[] channel = pick(x.data(), members);
      double[] dyChannel = pick(dy, members);
      double[] slope =
          weighted(moved -> standardized(moved, epsilon), dyChannel, channel, Slope.NARROW);
      for (int i = 0; i < members.length; i++) {
        dx[members[i]] = gamma[c] * slope[i];
      }
      dgamma[c] = dot(dyChannel, standardized(channel, epsilon));
      dbeta[c] = Arrays.stream(dyChannel).sum();
    }
    return List.of(dx, dgamma, dbeta);
  }

  private static double[] batchNormInference(double epsilon, List<Values> inputs) {
    Values x = inputs.getFirst();
    double[] y = new double[x.data().length];
    for (int i = 0; i < y.length; i++) {
      int c = Positions.place(x.shape(), i)[1];
      double gamma = inputs.get(1).data()[c];
      double beta = inputs.get(2).data()[c];
      double mean = inputs.get(3).data()[c];
      double variance = inputs.get(4).data()[c];
      y[i] = (x.data()[i] - mean) / Math.sqrt(variance + epsilon) * gamma + beta;
    }
    return y;
  }

  /** The numbers of the elements of x (N, C, ...) that belong to the channel. */
  private static int[] members(Shape x, int channel) {
    return IntStream.range(0, Positions.elements(x))
        .filter(i -> Positions.place(x, i)[1] == channel)
        .toArray();
  }

  private static double[] pick(double[] x, int[] members) {
    return Arrays.stream(members).mapToDouble(i -> x[i]).toArray();
  }
}
