package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tandem.op.Elementwise;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Vector and scalar kernels agree in every bit, wherever an element lies. The width is that of the JVM the test
 * runs in.
 */
class KernelsTest {
  private static final int[] LENGTHS = {
    0, 1, 2, 3, 7, 15, 16, 17, 31, 63, 64, 65, 127, 207, 702, 1024, 4098
  };
  private static final float[] SPECIAL = {
    0f,
    -0f,
    1,
    -1,
    Float.NaN,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    Float.MIN_NORMAL,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    88.72f,
    88.73f,
    89.1f,
    -87.4f,
    -103.9f,
    -104.1f,
    9,
    10.5f,
    -12.5f,
    15.5f,
    1e-20f,
    -1e-20f,
    300,
    -300
  };

  private interface Unary {
    void run(float[] x, float[] y, int from, int to);
  }

  private interface Chain {
    void run(float[] x, float[] dy, float[] dx, int from, int to);
  }

  private final Kernels scalar = new ScalarKernels();
  private Kernels vector;

  @BeforeEach
  void vectorApi() {
    assumeTrue(Vectorization.available(), Vectorization.reason());
    vector = new VectorKernels();
  }

  @Test
  void unary() {
    agree("exp", scalar::exp, vector::exp);
    agree("log", scalar::log, vector::log);
    agree("tanh", scalar::tanh, vector::tanh);
    agree("sigmoid", scalar::sigmoid, vector::sigmoid);
    agree("softplus", scalar::softplus, vector::softplus);
    agree("silu", scalar::silu, vector::silu);
    agree("geluTanh", scalar::geluTanh, vector::geluTanh);
    agree("geluErf", scalar::geluErf, vector::geluErf);
  }

  @Test
  void chains() {
    agree("siluGrad", scalar::siluGrad, vector::siluGrad);
    agree("geluTanhGrad", scalar::geluTanhGrad, vector::geluTanhGrad);
    agree("geluErfGrad", scalar::geluErfGrad, vector::geluErfGrad);
    agree("reluGrad", scalar::reluGrad, vector::reluGrad);
    agree(
        "leakyReluGrad",
        (x, dy, dx, from, to) -> scalar.leakyReluGrad(0.1f, x, dy, dx, from, to),
        (x, dy, dx, from, to) -> vector.leakyReluGrad(0.1f, x, dy, dx, from, to));
  }

  @Test
  void biasAtAnyPlace() {
    agree(
        "biasGeluTanh",
        (x, y, from, to) -> scalar.biasGeluTanh(x, samples(to + 5, 3), 2, y, from, to),
        (x, y, from, to) -> vector.biasGeluTanh(x, samples(to + 5, 3), 2, y, from, to));
    agree(
        "biasGeluTanhGrad",
        (x, dy, dx, from, to) ->
            scalar.biasGeluTanhGrad(x, samples(to + 5, 3), 2, dy, dx, from, to),
        (x, dy, dx, from, to) ->
            vector.biasGeluTanhGrad(x, samples(to + 5, 3), 2, dy, dx, from, to));
  }

  /** Values within what the exponent may be, and infinitely far ones. */
  @Test
  void weightsOfScores() {
    for (int columns = 0; columns < 20; columns++) {
      int length = columns * Kernels.SUM_COLUMN;
      float[] expected = samples(length + 5, 1);
      for (int i = 0; i < expected.length; i++) {
        expected[i] = i % 7 == 0 ? Float.NEGATIVE_INFINITY : Math.min(expected[i], 50);
      }
      assertEquals(
          scalar.maxNumber(expected, 3, length - columns),
          vector.maxNumber(expected, 3, length - columns),
          "max of " + length);
      float[] actual = expected.clone();
      assertEquals(
          scalar.weights(expected, 3, length, 0.7f, 1.5f),
          vector.weights(actual, 3, length, 0.7f, 1.5f),
          "sum of " + length);
      assertSame("weights of " + length, expected, actual);
    }
  }

  @Test
  void binaryAtAnyPlace() {
    for (Elementwise.Binary op :
        List.of(
            new Elementwise.Add(),
            new Elementwise.Sub(),
            new Elementwise.Mul(),
            new Elementwise.Div(),
            new Elementwise.Maximum(),
            new Elementwise.Minimum())) {
      for (int length : LENGTHS) {
        float[] a = samples(length + 5, 1);
        float[] b = samples(length + 5, 2);
        float[] expected = new float[length + 5];
        float[] actual = new float[length + 5];
        scalar.binary(op, a, 3, b, 1, expected, 2, length);
        vector.binary(op, a, 3, b, 1, actual, 2, length);
        assertSame(op.name() + " of " + length, expected, actual);
      }
    }
  }

  @Test
  void folds() {
    for (int length : LENGTHS) {
      float[] x = new float[length + 9];
      Random random = new Random(length);
      for (int i = 0; i < x.length; i++) {
        x[i] = random.nextFloat() - 0.5f;
      }
      assertEquals(scalar.sum(x, 4, length), vector.sum(x, 4, length), "sum of " + length);
      assertEquals(scalar.max(x, 4, length), vector.max(x, 4, length), "max of " + length);
      assertEquals(scalar.min(x, 4, length), vector.min(x, 4, length), "min of " + length);
      if (length > 0) {
        x[4 + length / 2] = Float.NaN;
        assertEquals(Float.NaN, vector.max(x, 4, length));
        assertEquals(Float.NaN, vector.min(x, 4, length));
        assertEquals(Float.NaN, vector.sum(x, 4, length));
      }
    }
  }

  @Test
  void philox() {
    for (int length : LENGTHS) {
      int[] expected = new int[4 * length];
      int[] actual = new int[4 * length];
      scalar.philox(
          0xfedcba98_76543210L, 0x80000001_90000002L, Integer.MAX_VALUE - length, expected, length);
      vector.philox(
          0xfedcba98_76543210L, 0x80000001_90000002L, Integer.MAX_VALUE - length, actual, length);
      assertArrayEquals(expected, actual, "philox of " + length);
    }
  }

  private static void agree(String name, Unary scalar, Unary vector) {
    for (int length : LENGTHS) {
      float[] x = samples(length + 3, length);
      float[] expected = new float[x.length];
      float[] actual = new float[x.length];
      scalar.run(x, expected, 3, x.length);
      vector.run(x, actual, 3, x.length);
      assertSame(name + " of " + length, expected, actual);
    }
  }

  private static void agree(String name, Chain scalar, Chain vector) {
    for (int length : LENGTHS) {
      float[] x = samples(length + 3, length);
      float[] dy = samples(length + 3, length + 1);
      float[] expected = new float[x.length];
      float[] actual = new float[x.length];
      scalar.run(x, dy, expected, 3, x.length);
      vector.run(x, dy, actual, 3, x.length);
      assertSame(name + " of " + length, expected, actual);
    }
  }

  /** Ordinary numbers, of every exponent, and the special ones. */
  private static float[] samples(int length, int seed) {
    Random random = new Random(seed);
    float[] samples = new float[length];
    for (int i = 0; i < length; i++) {
      samples[i] =
          switch (random.nextInt(4)) {
            case 0 -> SPECIAL[random.nextInt(SPECIAL.length)];
            case 1 -> Float.intBitsToFloat(random.nextInt());
            default -> (float) (random.nextGaussian() * 5);
          };
    }
    return samples;
  }

  private static void assertSame(String what, float[] expected, float[] actual) {
    for (int i = 0; i < expected.length; i++) {
      // All NaN are one; which of two comes through is the processor's choice.
      if (Float.floatToIntBits(expected[i]) != Float.floatToIntBits(actual[i])) {
        assertEquals(expected[i], actual[i], what + ", element " + i);
      }
    }
  }
}
