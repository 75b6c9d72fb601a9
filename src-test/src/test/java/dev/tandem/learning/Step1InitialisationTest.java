package dev.tandem.learning;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.nn.Activation;
import dev.tandem.nn.BatchNorm;
import dev.tandem.nn.Conv2d;
import dev.tandem.nn.Embedding;
import dev.tandem.nn.Flatten;
import dev.tandem.nn.Init;
import dev.tandem.nn.Initializer;
import dev.tandem.nn.Linear;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.Module;
import dev.tandem.nn.Sequential;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.Rule;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Step 1: weights start as seeded random numbers of a known distribution, the same on every
 * backend.
 */
class Step1InitialisationTest {
  private static final int MANY = 200_000;

  /**
   * A sample mean is further off than this many of its standard deviations once in two million
   * draws.
   */
  private static final double SIGMAS = 5;

  private static float[] draw(Initializer initializer, int... lengths) {
    return initializer.draw(Shape.of(lengths), new Random(42));
  }

  private static double mean(float[] values) {
    return IntStream.range(0, values.length).mapToDouble(i -> values[i]).average().orElseThrow();
  }

  private static double variance(float[] values) {
    double mean = mean(values);
    return IntStream.range(0, values.length)
        .mapToDouble(i -> (values[i] - mean) * (values[i] - mean))
        .average()
        .orElseThrow();
  }

  /**
   * Mean and variance lie within the error of a sample of that size. kurtosis: 9/5 if uniform, 3 if
   * normal.
   */
  private static void assertMoments(double mean, double variance, double kurtosis, float[] sample) {
    double n = sample.length;
    assertEquals(mean, mean(sample), SIGMAS * Math.sqrt(variance / n), "mean");
    assertEquals(
        variance, variance(sample), SIGMAS * variance * Math.sqrt((kurtosis - 1) / n), "variance");
  }

  /**
   * The moments of a uniform distribution over [-bound, bound], no number outside, and the edges
   * reached.
   */
  private static void assertUniform(double bound, float[] sample) {
    assertMoments(0, bound * bound / 3, 1.8, sample);
    float[] sorted = sample.clone();
    Arrays.sort(sorted);
    float inside = (float) bound;
    assertTrue(sorted[0] >= -inside && sorted[sorted.length - 1] <= inside, "within " + bound);
    double gap = 20 * bound / sample.length; // missed by all n draws once in e^10
    assertEquals(-bound, sorted[0], gap, "lowest");
    assertEquals(bound, sorted[sorted.length - 1], gap, "highest");
  }

  private static void assertNormal(double mean, double deviation, float[] sample) {
    assertMoments(mean, deviation * deviation, 3, sample);
    // What tells a normal distribution from others of its moments: the shares within one and two
    // deviations.
    for (double[] share : new double[][] {{1, 0.6826894921}, {2, 0.9544997361}}) {
      long within =
          IntStream.range(0, sample.length)
              .filter(i -> Math.abs(sample[i] - mean) <= share[0] * deviation)
              .count();
      double error = SIGMAS * Math.sqrt(share[1] * (1 - share[1]) / sample.length);
      assertEquals(
          share[1], (double) within / sample.length, error, "within " + share[0] + " deviations");
    }
  }

  @Test
  void zerosAndConstantsAreWhatTheySay() {
    assertArrayEquals(new float[6], draw(new Initializer.Zeros(), 2, 3));
    assertArrayEquals(new float[] {0.1f, 0.1f}, draw(new Initializer.Constant(0.1), 2));
  }

  @Test
  void uniformFillsItsInterval() {
    float[] sample = draw(new Initializer.Uniform(2, 6), MANY);
    assertMoments(4, 16.0 / 12, 1.8, sample);
    assertTrue(IntStream.range(0, MANY).allMatch(i -> sample[i] >= 2 && sample[i] <= 6));
    assertUniform(0.5, draw(new Initializer.Uniform(-0.5, 0.5), MANY));
  }

  @Test
  void normalHasItsMeanAndDeviation() {
    assertNormal(3, 0.5, draw(new Initializer.Normal(3, 0.5), MANY));
    assertNormal(0, 1, draw(new Initializer.Normal(0, 1), MANY));
  }

  @Test
  void xavierTakesFansOfBothSides() {
    assertUniform(Math.sqrt(6.0 / (200 + 1000)), draw(new Initializer.XavierUniform(1), 200, 1000));
    assertNormal(
        0, Math.sqrt(2.0 / (200 + 1000)), draw(new Initializer.XavierNormal(1), 200, 1000));
    // A convolution from 40 to 80 channels with a 5 x 10 kernel: fan-in 40 * 50, fan-out 80 * 50.
    // The gain scales.
    double deviation = 5.0 / 3 * Math.sqrt(2.0 / (40 * 50 + 80 * 50));
    assertUniform(
        deviation * Math.sqrt(3), draw(new Initializer.XavierUniform(5.0 / 3), 80, 40, 5, 10));
    assertNormal(0, deviation, draw(new Initializer.XavierNormal(5.0 / 3), 80, 40, 5, 10));
  }

  @Test
  void heTakesTheFanInAlone() {
    assertUniform(Math.sqrt(6.0 / 1000), draw(new Initializer.HeUniform(), 200, 1000));
    assertNormal(0, Math.sqrt(2.0 / 1000), draw(new Initializer.HeNormal(), 200, 1000));
    assertUniform(Math.sqrt(6.0 / (40 * 50)), draw(new Initializer.HeUniform(), 80, 40, 5, 10));
    assertNormal(0, Math.sqrt(2.0 / (40 * 50)), draw(new Initializer.HeNormal(), 80, 40, 5, 10));
  }

  @Test
  void orthogonalVectorsStandAtRightAngles() {
    assertOrthogonal(draw(new Initializer.Orthogonal(1), 24, 40), 24, 40, 1);
    assertOrthogonal(draw(new Initializer.Orthogonal(1), 40, 24), 40, 24, 1);
    assertOrthogonal(draw(new Initializer.Orthogonal(0.5), 64, 64), 64, 64, 0.5);
    assertOrthogonal(draw(new Initializer.Orthogonal(2), 16, 4, 3, 3), 16, 36, 2);
  }

  private static void assertOrthogonal(float[] matrix, int rows, int columns, double gain) {
    boolean wide = rows <= columns;
    int vectors = Math.min(rows, columns);
    int length = Math.max(rows, columns);
    for (int a = 0; a < vectors; a++) {
      for (int b = 0; b <= a; b++) {
        double dot = 0;
        for (int k = 0; k < length; k++) {
          dot +=
              (double) matrix[wide ? a * columns + k : k * columns + a]
                  * matrix[wide ? b * columns + k : k * columns + b];
        }
        // Computed in double; each element was rounded to F32, by 2^-24 of itself.
        assertEquals(
            a == b ? gain * gain : 0, dot, 1e-6 * gain * gain, "vectors " + a + " and " + b);
      }
    }
  }

  /**
   * A QR decomposition whose signs are left to chance of the algorithm would give a first element
   * of one sign.
   */
  @Test
  void orthogonalMatricesPreferNoDirection() {
    int draws = 2000;
    Random random = new Random(7);
    double sum = 0;
    for (int i = 0; i < draws; i++) {
      sum += new Initializer.Orthogonal(1).draw(Shape.of(4, 4), random)[0];
    }
    // An element of a uniform orthogonal n x n matrix has mean 0 and variance 1 / n.
    assertEquals(0, sum / draws, SIGMAS * Math.sqrt(1.0 / 4 / draws));
  }

  private static Module network(Init init) {
    return Sequential.of(
        new Conv2d(init, 2, 4, 3),
        new BatchNorm(init, 4),
        Activation.of("relu"),
        new Flatten(),
        new Linear(
            init, 16, 8, Linear.Options.standard().withWeight(new Initializer.Orthogonal(1))),
        new Linear(
            init, 8, 3, Linear.Options.standard().withWeight(new Initializer.XavierNormal(1))),
        new Embedding(init, 5, 3));
  }

  private static Map<String, float[]> weights(Backend backend, long seed) {
    try (Module network = network(Machines.init(backend, DType.F32, seed))) {
      Map<String, float[]> weights = new LinkedHashMap<>();
      network.parameters().forEach((name, parameter) -> weights.put(name, parameter.toFloats()));
      return weights;
    }
  }

  @Test
  void oneSeedGivesTheSameBitsOnEveryBackend() {
    Backend first = Machines.all().findFirst().orElseThrow().getPayload();
    Map<String, float[]> expected = weights(first, 5);
    assertTrue(expected.values().stream().mapToInt(values -> values.length).sum() > 200);
    Machines.all()
        .forEach(backend -> {
          Map<String, float[]> actual = weights(backend.getPayload(), 5);
          assertEquals(expected.keySet(), actual.keySet());
          actual.forEach((name, values) ->
              assertArrayEquals(expected.get(name), values, name + " on " + backend.getName()));
        });
  }

  /**
   * Pins the numbers themselves, so that a run recorded with a seed can be repeated by a later
   * version. They come from a separate Philox and normal quantile, in Python:
   * statistics.NormalDist().inv_cdf((word + 0.5) / 2**32).
   */
  @Test
  void theNumbersOfASeedDoNotChangeBetweenVersions() {
    assertArrayEquals(
        new float[] {0.337677002f, -0.637741625f, -0.861723363f},
        draw(new Initializer.Normal(0, 1), 3));
  }

  @OnEveryMachine
  void anotherSeedGivesOtherWeights(Backend backend) {
    Map<String, float[]> one = weights(backend, 5);
    Map<String, float[]> other = weights(backend, 6);
    one.keySet().stream()
        .filter(name -> name.endsWith("weight") && !name.equals("1.weight"))
        .forEach(name -> {
          assertFalse(Arrays.equals(one.get(name), other.get(name)), name);
          long equal =
              IntStream.range(0, one.get(name).length)
                  .filter(i -> one.get(name)[i] == other.get(name)[i])
                  .count();
          assertEquals(0, equal, name + ": elements in common");
        });
  }

  @OnDoubles
  void anF64NetworkStartsFromTheF32NetworkOfItsSeed(Backend backend) {
    Map<String, float[]> narrow = weights(backend, 5);
    try (Module network = network(Machines.init(backend, DType.F64, 5))) {
      network
          .parameters()
          .forEach((name, parameter) ->
              assertArrayEquals(narrow.get(name), Machines.floats(parameter.toDoubles()), name));
    }
  }

  /**
   * Each layer draws a stream of its own: what is added at the end leaves the beginning as it was.
   */
  @OnEveryMachine
  void aLayerAddedAtTheEndChangesNoneBefore(Backend backend) {
    Init init = Machines.init(backend, DType.F32, 5);
    try (Module first = new Linear(init, 6, 4)) {
      Init again = Machines.init(backend, DType.F32, 5);
      try (Module longer = Sequential.of(new Linear(again, 6, 4), new Linear(again, 4, 2))) {
        assertArrayEquals(
            first.parameters().get("weight").toFloats(),
            longer.parameters().get("0.weight").toFloats());
      }
    }
  }

  /**
   * Why weights are random: units that start alike get like gradients and stay alike, one unit many
   * times over.
   */
  @OnEveryMachine
  void unitsThatStartAlikeStayAlike(Backend backend) {
    float[] alike = trainedUnits(backend, new Initializer.Constant(0.3));
    float[] apart = trainedUnits(backend, new Initializer.XavierUniform(1));
    assertArrayEquals(new float[] {alike[0], alike[1]}, new float[] {alike[2], alike[3]});
    assertNotEquals(0.3f, alike[0], "training moved it");
    assertNotEquals(apart[0], apart[2]);
  }

  /** Weights (2, 2) of a hidden layer after ten steps. */
  private static float[] trainedUnits(Backend backend, Initializer initializer) {
    Init init = Machines.init(backend, DType.F32, 3);
    Linear.Options options = Linear.Options.standard().withWeight(initializer);
    try (Module network =
            Sequential.of(
                new Linear(init, 2, 2, options),
                Activation.of("tanh"),
                new Linear(init, 2, 1, options));
        Optimizer optimizer = new Optimizer(Rule.Sgd.standard().update(), network.parameters());
        Tensor x = Tensor.of(backend, new float[] {0, 0, 0, 1, 1, 0, 1, 1}, 4, 2);
        Tensor target = Tensor.of(backend, new float[] {0, 1, 1, 0}, 4, 1)) {
      optimizer.learningRate(0.1);
      for (int step = 0; step < 10; step++) {
        try (Tape _ = Tape.open()) {
          new LossFunction.SquaredError().mean(network.forward(x), target).backward();
          optimizer.step();
          optimizer.clearGradients();
        }
      }
      return network.parameters().get("0.weight").toFloats();
    }
  }
}
