package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.conformance.Values;
import dev.tandem.op.Normalization.BatchNorm;
import dev.tandem.op.Normalization.BatchNormGrad;
import dev.tandem.op.Normalization.BatchNormInference;
import dev.tandem.op.Normalization.LayerNorm;
import dev.tandem.op.Normalization.LayerNormGrad;
import dev.tandem.op.Normalization.RmsNorm;
import dev.tandem.op.Normalization.RmsNormGrad;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Norms of rows and channels larger than a block's stride, a grid and a piece, against their formulas in double. What is
 * normalised here are {@link Group groups} of elements, each with its weights: rows or channels.
 */
final class NormalizationKernelsTest {
  private static final double EPSILON = 1e-5;

  private static Emulated gpu;

  @BeforeAll
  static void open() {
    gpu = KernelRun.gpu(false);
  }

  @AfterAll
  static void close() {
    gpu.close();
  }

  /** Elements that are normalised together, by their numbers, and the number of the weight for each. */
  private record Group(int[] elements, int[] weights) {
    double mean(double[] x) {
      return IntStream.of(elements).mapToDouble(i -> x[i]).average().orElseThrow();
    }

    double variance(double[] x, double mean) {
      return IntStream.of(elements)
          .mapToDouble(i -> (x[i] - mean) * (x[i] - mean))
          .average()
          .orElseThrow();
    }
  }

  private static List<Group> rows(Shape shape) {
    int length = shape.length(-1);
    return IntStream.range(0, (int) shape.elements() / length)
        .mapToObj(row ->
            new Group(
                IntStream.range(row * length, (row + 1) * length).toArray(),
                IntStream.range(0, length).toArray()))
        .toList();
  }

  private static List<Group> channels(Shape shape) {
    int channels = shape.length(1);
    int plane = (int) shape.elements(2, shape.rank());
    return IntStream.range(0, channels)
        .mapToObj(c ->
            new Group(
                IntStream.range(0, shape.length(0) * plane)
                    .map(i -> (i / plane * channels + c) * plane + i % plane)
                    .toArray(),
                IntStream.range(0, shape.length(0) * plane).map(_ -> c).toArray()))
        .toList();
  }

  /** What a norm of these numbers and its gradients are. With RMS, the mean is taken to be 0. */
  private static final class Expected {
    private final double[] y;
    private final double[] mean;
    private final double[] variance;
    private final double[] dx;
    private final double[] dgamma;
    private final double[] dbeta;

    private Expected(List<Group> groups, boolean rms, Input input) {
      double[] x = input.x.data();
      double[] gamma = input.gamma.data();
      double[] dy = input.dy.data();
      y = new double[x.length];
      dx = new double[x.length];
      mean = new double[groups.size()];
      variance = new double[groups.size()];
      dgamma = new double[gamma.length];
      dbeta = new double[gamma.length];
      for (int n = 0; n < groups.size(); n++) {
        Group group = groups.get(n);
        mean[n] = rms ? 0 : group.mean(x);
        variance[n] = group.variance(x, mean[n]);
        double rstd = 1 / Math.sqrt(variance[n] + EPSILON);
        double meanG = 0;
        double meanGh = 0;
        for (int k = 0; k < group.elements.length; k++) {
          int i = group.elements[k];
          int w = group.weights[k];
          double h = (x[i] - mean[n]) * rstd;
          y[i] = h * gamma[w] + (rms ? 0 : input.beta.data()[w]);
          dgamma[w] += dy[i] * h;
          dbeta[w] += dy[i];
          meanG += rms ? 0 : dy[i] * gamma[w] / group.elements.length;
          meanGh += dy[i] * gamma[w] * h / group.elements.length;
        }
        for (int k = 0; k < group.elements.length; k++) {
          int i = group.elements[k];
          double h = (x[i] - mean[n]) * rstd;
          dx[i] = rstd * (dy[i] * gamma[group.weights[k]] - meanG - h * meanGh);
        }
      }
    }

    private double[] rstd() {
      return Arrays.stream(variance).map(v -> 1 / Math.sqrt(v + EPSILON)).toArray();
    }
  }

  private record Input(Values x, Values gamma, Values beta, Values dy) {
    static Input of(Shape shape, int weights, double low, double high) {
      SplittableRandom random = new SplittableRandom(11);
      Shape c = Shape.of(weights);
      return new Input(
          KernelRun.drawn(DType.F32, shape, () -> random.nextDouble(low, high)),
          KernelRun.drawn(DType.F32, c, () -> random.nextDouble(-2, 2)),
          KernelRun.drawn(DType.F32, c, () -> random.nextDouble(-1, 1)),
          KernelRun.drawn(DType.F32, shape, () -> random.nextDouble(-2, 2)));
    }
  }

  /** @param terms that were summed: an error grows with the root of their number, and is measured in units of 2^-24 */
  private static void close(String what, double[] expected, double[] actual, double terms) {
    assertEquals(expected.length, actual.length, what);
    for (int i = 0; i < expected.length; i++) {
      double allowed = 0x1p-24 * (16 * Math.abs(expected[i]) + 16 + 8 * Math.sqrt(terms));
      assertEquals(expected[i], actual[i], allowed, what + " at " + i);
    }
  }

  private static Values values(double[] data) {
    return Values.of(DType.F32, Shape.of(data.length), data);
  }

  @TestFactory
  Stream<DynamicTest> rowsInEveryWay() {
    return Stream.of(
            Shape.of(300, 768),
            Shape.of(40, 1500),
            Shape.of(3, 5001),
            Shape.of(5000, 12),
            Shape.of(2100, 7),
            Shape.of(72, 1)) // nine parts of dgamma: dbeta's, right behind, would not be aligned
        .map(shape -> DynamicTest.dynamicTest(shape.toString(), () -> checkRows(shape)));
  }

  private static void checkRows(Shape shape) {
    Input in = Input.of(shape, shape.length(1), -2, 2);
    List<Group> groups = rows(shape);
    Expected layer = new Expected(groups, false, in);
    KernelRun forward = KernelRun.of(gpu, new LayerNorm(EPSILON), in.x, in.gamma, in.beta);
    close("layer norm", layer.y, forward.first(), 0);
    close("mean", layer.mean, forward.results().get(1).data(), 0);
    close("rstd", layer.rstd(), forward.results().get(2).data(), 0);
    KernelRun backward =
        KernelRun.of(
            gpu,
            new LayerNormGrad(),
            in.x,
            in.gamma,
            forward.results().get(1),
            forward.results().get(2),
            in.dy);
    close("dx", layer.dx, backward.first(), 0);
    close("dgamma", layer.dgamma, backward.results().get(1).data(), groups.size());
    close("dbeta", layer.dbeta, backward.results().get(2).data(), groups.size());

    Expected rms = new Expected(groups, true, in);
    KernelRun scaled = KernelRun.of(gpu, new RmsNorm(EPSILON), in.x, in.gamma);
    close("rms norm", rms.y, scaled.first(), 0);
    close("rstd", rms.rstd(), scaled.results().get(1).data(), 0);
    KernelRun slopes =
        KernelRun.of(gpu, new RmsNormGrad(), in.x, in.gamma, scaled.results().get(1), in.dy);
    close("dx", rms.dx, slopes.first(), 0);
    close("dgamma", rms.dgamma, slopes.results().get(1).data(), groups.size());
  }

  /** Channels by planes and by columns, in one piece and more, by fours and not, more of them than a grid has blocks. */
  @TestFactory
  Stream<DynamicTest> channelsInEveryWay() {
    return Stream.of(
            Shape.of(4, 50, 8, 8),
            Shape.of(8, 3, 60, 60),
            Shape.of(8, 3, 59, 61),
            Shape.of(2, 2, 100_000),
            Shape.of(40, 20, 7, 7),
            Shape.of(5000, 6),
            Shape.of(700, 5, 3, 3),
            Shape.of(70, 90, 2, 2),
            Shape.of(90, 1300))
        .map(shape -> DynamicTest.dynamicTest(shape.toString(), () -> checkChannels(shape)));
  }

  private static void checkChannels(Shape shape) {
    Input in = Input.of(shape, shape.length(1), -2, 2);
    Expected expected = new Expected(channels(shape), false, in);
    KernelRun forward = KernelRun.of(gpu, new BatchNorm(EPSILON), in.x, in.gamma, in.beta);
    Values mean = forward.results().get(1);
    Values variance = forward.results().get(2);
    close("batch norm", expected.y, forward.first(), 0);
    close("mean", expected.mean, mean.data(), 0);
    close("variance", expected.variance, variance.data(), 0);
    KernelRun backward =
        KernelRun.of(gpu, new BatchNormGrad(EPSILON), in.x, in.gamma, mean, variance, in.dy);
    double terms = (double) shape.elements() / shape.length(1);
    close("dx", expected.dx, backward.first(), 0);
    close("dgamma", expected.dgamma, backward.results().get(1).data(), terms);
    close("dbeta", expected.dbeta, backward.results().get(2).data(), terms);
    KernelRun inference =
        KernelRun.of(gpu, new BatchNormInference(EPSILON), in.x, in.gamma, in.beta, mean, variance);
    close("inference", expected.y, inference.first(), 0);
    assertTrue(
        forward
            .kernels()
            .contains(
                shape.elements(2, shape.rank()) < 32
                    ? Kernel.BATCH_NORM_COLUMNS_F32
                    : Kernel.BATCH_NORM_PLANES_F32));
  }

  /** The mean alone is rounded by 3e-5 here, which does not show: it is kept in two parts. */
  @Test
  void numbersFarFromZeroKeepTheirDigits() {
    Input row = Input.of(Shape.of(20, 1500), 1500, 1000, 1002);
    close(
        "layer norm",
        new Expected(rows(row.x.shape()), false, row).y,
        KernelRun.of(gpu, new LayerNorm(EPSILON), row.x, row.gamma, row.beta).first(),
        0);
    for (Shape shape : List.of(Shape.of(8, 3, 40, 40), Shape.of(5000, 6))) {
      Input batch = Input.of(shape, shape.length(1), 1000, 1002);
      Expected expected = new Expected(channels(shape), false, batch);
      KernelRun found = KernelRun.of(gpu, new BatchNorm(EPSILON), batch.x, batch.gamma, batch.beta);
      close("batch norm", expected.y, found.first(), 0);
      close("variance", expected.variance, found.results().get(2).data(), 0);
    }
  }

  /** One number far from all others, where each sum begins. */
  @Test
  void anOutlierInFrontDoesNotSpoilTheVariance() {
    for (Shape shape : List.of(Shape.of(4, 2, 80, 80), Shape.of(5000, 2))) {
      Input in = Input.of(shape, 2, -1, 1);
      in.x.data()[0] = 4096;
      Expected expected = new Expected(channels(shape), false, in);
      KernelRun found = KernelRun.of(gpu, new BatchNorm(EPSILON), in.x, in.gamma, in.beta);
      for (int c = 0; c < 2; c++) {
        double variance = found.results().get(2).data()[c];
        assertEquals(expected.variance[c], variance, 1e-5 * expected.variance[c], shape + " " + c);
      }
    }
  }

  @Test
  void rowsOfNothingHaveNoMean() {
    Values x = values(new double[0]);
    Values rows = new Values(x.type().withShape(Shape.of(3, 0)), new double[0]);
    List<Values> found = KernelRun.of(gpu, new LayerNorm(EPSILON), rows, x, x).results();
    for (double statistic : found.get(1).data()) {
      assertEquals(Double.NaN, statistic);
    }
  }

  @Test
  void noRowsGiveGradientsOfZero() {
    Values x = new Values(values(new double[3]).type().withShape(Shape.of(0, 3)), new double[0]);
    Values gamma = values(new double[] {1, 2, 3});
    Values none = values(new double[0]);
    KernelRun layer = KernelRun.of(gpu, new LayerNormGrad(), x, gamma, none, none, x);
    KernelRun rms = KernelRun.of(gpu, new RmsNormGrad(), x, gamma, none, x);
    KernelRun batch = KernelRun.of(gpu, new BatchNormGrad(EPSILON), x, gamma, gamma, gamma, x);
    for (KernelRun run : List.of(layer, rms, batch)) {
      assertEquals(Set.of(), run.kernels());
      for (Values sum : run.results().subList(1, run.results().size())) {
        close("of nothing", new double[3], sum.data(), 0);
      }
    }
  }
}
