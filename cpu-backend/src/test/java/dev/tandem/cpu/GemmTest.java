package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tandem.op.Linear.Matmul;
import dev.tandem.shape.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GemmTest {
  /** M, N, K: single rows and columns, tails of every tile and vector, several blocks, deep and thin, large enough to pack. */
  private static final int[][] SIZES = {
    {1, 1, 1},
    {1, 1, 300},
    {1, 70, 33},
    {70, 1, 33},
    {2, 3, 5},
    {3, 17, 9},
    {4, 64, 64},
    {5, 10, 784},
    {6, 64, 1},
    {7, 65, 31},
    {8, 48, 16},
    {9, 33, 1030},
    {11, 129, 20},
    {13, 7, 5000},
    {25, 32, 9000},
    {64, 64, 64},
    {65, 67, 70},
    {128, 10, 512},
    {97, 200, 513},
    {300, 130, 260},
    {260, 2100, 40},
    {520, 515, 530}
  };

  @Test
  void agreesWithTheDefinition() {
    for (int[] size : SIZES) {
      for (int transposes = 0; transposes < 4; transposes++) {
        check(size[0], size[1], size[2], (transposes & 1) != 0, (transposes & 2) != 0);
      }
    }
  }

  private static void check(int m, int n, int k, boolean ta, boolean tb) {
    Trial trial =
        new Trial(new Matmul(ta, tb))
            .input(ta ? Shape.of(k, m) : Shape.of(m, k), -1, 1)
            .input(tb ? Shape.of(n, k) : Shape.of(k, n), -1, 1);
    // F64 is the definition; that it is right is checked below on numbers small enough to be exact.
    trial.agrees(1e-6 * Math.sqrt(k) + 1e-6);
  }

  @Test
  void f64IsTheDefinition() {
    int m = 3, n = 4, k = 5;
    double[] a = new Random(1).ints(m * k, -9, 9).asDoubleStream().toArray();
    double[] b = new Random(2).ints(k * n, -9, 9).asDoubleStream().toArray();
    for (int transposes = 0; transposes < 4; transposes++) {
      boolean ta = (transposes & 1) != 0, tb = (transposes & 2) != 0;
      double[] expected = new double[m * n];
      for (int i = 0; i < m * n * k; i++) {
        int row = i / k / n, column = i / k % n, p = i % k;
        expected[i / k] +=
            a[ta ? p * m + row : row * k + p] * b[tb ? column * k + p : p * n + column];
      }
      Trial trial =
          new Trial(new Matmul(ta, tb))
              .values(ta ? Shape.of(k, m) : Shape.of(m, k), a)
              .values(tb ? Shape.of(n, k) : Shape.of(k, n), b);
      assertArrayEquals(expected, trial.f64().getFirst());
      assertArrayEquals(expected, trial.f32().getFirst());
    }
  }

  @Test
  void batchesBroadcast() {
    int[][][] batches = {
      {{2, 3}, {2, 3}},
      {{2, 1}, {1, 3}},
      {{3}, {2, 3}},
      {{2, 3}, {3}},
      {{2, 3}, {}},
      {{}, {4}},
      {{1}, {1, 1}},
      {{5, 1, 2}, {4, 1}}
    };
    for (int[][] batch : batches) {
      for (int transposes = 0; transposes < 4; transposes++) {
        boolean ta = (transposes & 1) != 0, tb = (transposes & 2) != 0;
        new Trial(new Matmul(ta, tb))
            .input(Shape.of(batch[0]).then(ta ? Shape.of(6, 5) : Shape.of(5, 6)), -1, 1)
            .input(Shape.of(batch[1]).then(tb ? Shape.of(7, 6) : Shape.of(6, 7)), -1, 1)
            .agrees(1e-5);
      }
    }
  }

  @Test
  void emptyProducts() {
    assertArrayEquals(
        new double[12],
        new Trial(new Matmul(false, false))
            .values(Shape.of(3, 0))
            .values(Shape.of(0, 4))
            .f32()
            .getFirst());
    assertArrayEquals(
        new double[12],
        new Trial(new Matmul(false, false))
            .values(Shape.of(3, 0))
            .values(Shape.of(0, 4))
            .f64()
            .getFirst());
    for (int[] size : new int[][] {{0, 4, 3}, {4, 0, 3}, {0, 0, 0}}) {
      new Trial(new Matmul(false, true))
          .input(Shape.of(size[0], size[2]), 0, 1)
          .input(Shape.of(size[1], size[2]), 0, 1)
          .agrees(0);
    }
    new Trial(new Matmul(false, false))
        .values(Shape.of(0, 2, 3))
        .input(Shape.of(3, 4), 0, 1)
        .agrees(0);
  }

  /** Whatever is packed, by whom and how: C cut by rows, by columns and by both, tails of each kind of packing. */
  @Test
  void scalarAndVectorTilesGiveTheSameBits() {
    assumeTrue(Vectorization.available());
    for (int[] size :
        List.of(
            new int[] {65, 131, 70},
            new int[] {13, 40, 1100},
            new int[] {260, 300, 600},
            new int[] {100, 500, 90},
            new int[] {50, 70, 2000},
            new int[] {131, 520, 200},
            new int[] {401, 64, 701})) {
      for (int transposes = 0; transposes < 4; transposes++) {
        float[] expected = product(new ScalarGemmKernels(), 1, size, transposes);
        for (int threads = 1; threads <= 3; threads++) {
          assertArrayEquals(
              expected,
              product(new VectorGemmKernels(), threads, size, transposes),
              Arrays.toString(size) + " transposes " + transposes + " threads " + threads);
        }
      }
    }
  }

  private static float[] product(GemmKernels kernels, int threads, int[] size, int transposes) {
    int m = size[0], n = size[1], k = size[2];
    float[] c = new float[m * n];
    Matrix a = matrix(m, k, (transposes & 1) != 0);
    Matrix b = matrix(k, n, (transposes & 2) != 0);
    try (Parallel parallel = new Parallel(threads)) {
      new Gemm(parallel, new BufferPool(), kernels, new ScalarRowKernels())
          .multiply(new Gemm.Product(m, n, k, a, b, Matrix.rows(c, 0, n)));
    }
    return c;
  }

  private static Matrix matrix(int rows, int columns, boolean transposed) {
    float[] numbers = numbers(rows * columns);
    return transposed
        ? Matrix.rows(numbers, 0, rows).transposed()
        : Matrix.rows(numbers, 0, columns);
  }

  private static float[] numbers(int count) {
    Random random = new Random(5);
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = random.nextFloat() - 0.5f;
    }
    return numbers;
  }
}
