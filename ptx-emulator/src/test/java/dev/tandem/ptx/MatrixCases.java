package dev.tandem.ptx;

import static dev.tandem.ptx.Closeness.near;
import static dev.tandem.ptx.Closeness.roundings;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.cuda.driver.Module;
import java.util.List;
import java.util.Random;

/** Matrix products of every kind, sparse ones, attention. */
final class MatrixCases {
  private MatrixCases() {}

  static List<UnseenCase> all() {
    return List.of(
        new UnseenCase("matmul_tiled", "matmul_tiled", MatrixCases::tiled),
        new UnseenCase("matmul_tiled", "matmul_blocked", MatrixCases::blocked),
        new UnseenCase("mma_bf16", "mma_bf16", MatrixCases::mmaBf16),
        new UnseenCase("mma_others", "mma_f16_f16", MatrixCases::mmaF16),
        new UnseenCase("mma_others", "mma_f16_f32", MatrixCases::mmaF16F32),
        new UnseenCase("mma_others", "mma_tf32", MatrixCases::mmaTf32),
        new UnseenCase("mma_others", "mma_s8", MatrixCases::mmaS8),
        new UnseenCase("wmma", "wmma_bf16", MatrixCases::wmmaBf16),
        new UnseenCase("wmma", "wmma_f16", MatrixCases::wmmaF16),
        new UnseenCase("wmma", "wmma_tf32", MatrixCases::wmmaTf32),
        new UnseenCase("csr", "csr_thread", (gpu, module) -> csr(gpu, module, "csr_thread", 1)),
        new UnseenCase("csr", "csr_warp", (gpu, module) -> csr(gpu, module, "csr_warp", 32)),
        new UnseenCase("attention", "attention_64", MatrixCases::attention));
  }

  /** A matrix as a function of row and column. */
  private interface Elements {
    double at(int row, int column);
  }

  private static double[] product(Elements a, Elements b, int m, int n, int k) {
    double[] c = new double[m * n];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        for (int l = 0; l < k; l++) {
          c[i * n + j] += a.at(i, l) * b.at(l, j);
        }
      }
    }
    return c;
  }

  /** The largest sum of sizes of products, by which errors of sums scale. */
  private static double size(Elements a, Elements b, int m, int n, int k) {
    double most = 0;
    for (double sum :
        product((i, j) -> Math.abs(a.at(i, j)), (i, j) -> Math.abs(b.at(i, j)), m, n, k)) {
      most = Math.max(most, sum);
    }
    return most;
  }

  private static void tiled(Gpu gpu, Module module) {
    for (int[] shape : new int[][] {{1, 1, 1}, {17, 33, 5}, {40, 21, 50}}) {
      int m = shape[0], n = shape[1], k = shape[2];
      float[] a = ReductionCases.floats(new Random(m), m * k, 1),
          b = ReductionCases.floats(new Random(n), k * n, 1);
      Elements left = (i, j) -> a[i * k + j], right = (i, j) -> b[i * n + j];
      DeviceMemory c = gpu.allocate(m * n * 4L);
      gpu.kernel(module, "matmul_tiled")
          .shape((n + 15) / 16, (m + 15) / 16, 16, 16)
          .in(gpu.upload(a))
          .in(gpu.upload(b))
          .out(c)
          .i32(m, n, k)
          .run();
      near(
          "c " + m + " x " + n,
          product(left, right, m, n, k),
          gpu.floats(c),
          0,
          roundings(2 * k) * size(left, right, m, n, k));
    }
  }

  private static void blocked(Gpu gpu, Module module) {
    int m = 70, n = 67, k = 19;
    float[] a = ReductionCases.floats(new Random(1), m * k, 1),
        b = ReductionCases.floats(new Random(2), k * n, 1);
    float[] old = ReductionCases.floats(new Random(3), m * n, 1);
    Elements left = (i, j) -> a[i * k + j], right = (i, j) -> b[i * n + j];
    for (float beta : new float[] {0, -0.5f}) {
      double[] expected = product(left, right, m, n, k);
      for (int i = 0; i < m * n; i++) {
        expected[i] = 1.5 * expected[i] + beta * old[i];
      }
      // Without beta, C is not read: it is not even initialised.
      DeviceMemory c = beta == 0 ? gpu.allocate(m * n * 4) : gpu.upload(old);
      gpu.kernel(module, "matmul_blocked")
          .shape(2, 2, 256, 1)
          .in(gpu.upload(a))
          .in(gpu.upload(b))
          .inOut(c)
          .i32(m, n, k)
          .f32(1.5f, beta)
          .run();
      near(
          "c, beta " + beta,
          expected,
          gpu.floats(c),
          0,
          roundings(k + 3) * (1.5 * size(left, right, m, n, k) + 5));
    }
  }

  private static short[] bfloats(int seed, int n) {
    short[] values = new short[n];
    Random random = new Random(seed);
    for (int i = 0; i < n; i++) {
      values[i] = SmallFloats.bfloat((float) random.nextGaussian());
    }
    return values;
  }

  /** Products of bf16 are exact in f32; sums may be in any order, and the hardware cuts rather than rounds. */
  private static void mmaBf16(Gpu gpu, Module module) {
    for (int[] shape : new int[][] {{16, 16, 16}, {21, 35, 41}}) {
      int m = shape[0], n = shape[1], k = shape[2];
      short[] a = bfloats(m, m * k), b = bfloats(n + 1, k * n);
      Elements left = (i, j) -> SmallFloats.singleOfBfloat(a[i * k + j]),
          right = (i, j) -> SmallFloats.singleOfBfloat(b[i * n + j]);
      DeviceMemory c = gpu.allocate(m * n * 4L);
      gpu.kernel(module, "mma_bf16")
          .shape((n + 15) / 16, (m + 15) / 16, 32, 1)
          .in(gpu.upload(a))
          .in(gpu.upload(b))
          .out(c)
          .i32(m, n, k)
          .run();
      near(
          "c",
          product(left, right, m, n, k),
          gpu.floats(c),
          0,
          2 * roundings(k) * size(left, right, m, n, k));
    }
  }

  /** Small whole numbers: every sum is a half, so that the result is exact in whatever order. */
  private static short[] halves(int seed, int n) {
    short[] values = new short[n];
    Random random = new Random(seed);
    for (int i = 0; i < n; i++) {
      values[i] = Float.floatToFloat16(random.nextInt(9) - 4);
    }
    return values;
  }

  private static void mmaF16(Gpu gpu, Module module) {
    short[] a = halves(1, 256), b = halves(2, 128), c = halves(3, 128);
    double[] expected =
        product(
            (i, j) -> Float.float16ToFloat(a[i * 16 + j]),
            (i, j) -> Float.float16ToFloat(b[j * 16 + i]),
            16,
            8,
            16);
    short[] rounded = new short[128];
    for (int i = 0; i < 128; i++) {
      rounded[i] = Float.floatToFloat16((float) (expected[i] + Float.float16ToFloat(c[i])));
    }
    DeviceMemory out = gpu.upload(c);
    gpu.kernel(module, "mma_f16_f16")
        .shape(1, 32)
        .in(gpu.upload(a))
        .in(gpu.upload(b))
        .inOut(out)
        .run();
    for (int i = 0; i < 128; i++) {
      near(
          "c[" + i + "]",
          Float.float16ToFloat(rounded[i]),
          Float.float16ToFloat(gpu.shorts(out)[i]),
          0,
          0);
    }
  }

  private static void mmaF16F32(Gpu gpu, Module module) {
    short[] a = halves(4, 128), b = halves(5, 64);
    double[] expected =
        product(
            (i, j) -> Float.float16ToFloat(a[i * 8 + j]),
            (i, j) -> Float.float16ToFloat(b[j * 8 + i]),
            16,
            8,
            8);
    java.util.Arrays.setAll(expected, i -> expected[i] + 0.5);
    DeviceMemory out = gpu.allocate(128 * 4);
    gpu.kernel(module, "mma_f16_f32")
        .shape(1, 32)
        .in(gpu.upload(a))
        .in(gpu.upload(b))
        .out(out)
        .run();
    near("c", expected, gpu.floats(out), 0, 0);
  }

  private static void mmaTf32(Gpu gpu, Module module) {
    float[] a = ReductionCases.floats(new Random(6), 128, 1),
        b = ReductionCases.floats(new Random(7), 64, 1);
    Elements left = (i, j) -> SmallFloats.tf32(a[i * 8 + j]),
        right = (i, j) -> SmallFloats.tf32(b[j * 8 + i]);
    DeviceMemory out = gpu.allocate(128 * 4);
    gpu.kernel(module, "mma_tf32").shape(1, 32).in(gpu.upload(a)).in(gpu.upload(b)).out(out).run();
    near(
        "c",
        product(left, right, 16, 8, 8),
        gpu.floats(out),
        0,
        2 * roundings(8) * size(left, right, 16, 8, 8));
  }

  private static void mmaS8(Gpu gpu, Module module) {
    byte[] a = new byte[512], b = new byte[256];
    new Random(8).nextBytes(a);
    new Random(9).nextBytes(b);
    double[] expected = product((i, j) -> a[i * 32 + j], (i, j) -> b[j * 32 + i], 16, 8, 32);
    DeviceMemory out = gpu.allocate(128 * 4);
    gpu.kernel(module, "mma_s8").shape(1, 32).in(gpu.upload(a)).in(gpu.upload(b)).out(out).run();
    int[] whole = new int[128];
    java.util.Arrays.setAll(whole, i -> (int) expected[i]);
    assertArrayEquals(whole, gpu.ints(out));
  }

  private static void wmmaBf16(Gpu gpu, Module module) {
    int m = 32, n = 48, k = 32;
    short[] a = bfloats(11, m * k), b = bfloats(12, n * k);
    Elements left = (i, j) -> SmallFloats.singleOfBfloat(a[i * k + j]),
        right = (i, j) -> SmallFloats.singleOfBfloat(b[j * k + i]);
    DeviceMemory c = gpu.allocate(m * n * 4);
    gpu.kernel(module, "wmma_bf16")
        .shape(n / 16, m / 16, 32, 1)
        .in(gpu.upload(a))
        .in(gpu.upload(b))
        .out(c)
        .i32(n, k)
        .run();
    near(
        "c",
        product(left, right, m, n, k),
        gpu.floats(c),
        0,
        2 * roundings(k) * size(left, right, m, n, k));
  }

  private static void wmmaF16(Gpu gpu, Module module) {
    int m = 16, n = 32, k = 48;
    short[] a = halves(13, m * k), b = halves(14, k * n);
    double[] expected =
        product(
            (i, j) -> Float.float16ToFloat(a[i * k + j]),
            (i, j) -> Float.float16ToFloat(b[i * n + j]),
            m,
            n,
            k);
    DeviceMemory c = gpu.allocate(m * n * 2);
    gpu.kernel(module, "wmma_f16")
        .shape(n / 16, m / 16, 32, 1)
        .in(gpu.upload(a))
        .in(gpu.upload(b))
        .out(c)
        .i32(m, n, k)
        .f32(0.5f)
        .run();
    short[] actual = gpu.shorts(c);
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        near(
            "c[" + i + ", " + j + "]",
            expected[i * n + j] / 2,
            Float.float16ToFloat(actual[j * m + i]),
            0,
            0);
      }
    }
  }

  private static void wmmaTf32(Gpu gpu, Module module) {
    int m = 16, n = 32, k = 24;
    float[] a = ReductionCases.floats(new Random(15), m * k, 1),
        b = ReductionCases.floats(new Random(16), k * n, 1);
    float[] old = ReductionCases.floats(new Random(17), m * n, 1);
    Elements left = (i, j) -> SmallFloats.tf32(a[i * k + j]),
        right = (i, j) -> SmallFloats.tf32(b[i * n + j]);
    double[] expected = product(left, right, m, n, k);
    java.util.Arrays.setAll(expected, i -> expected[i] + old[i]);
    DeviceMemory c = gpu.upload(old);
    gpu.kernel(module, "wmma_tf32")
        .shape(n / 16, m / 16, 32, 1)
        .in(gpu.upload(a))
        .in(gpu.upload(b))
        .inOut(c)
        .i32(n, k)
        .run();
    near("c", expected, gpu.floats(c), 0, 2 * roundings(k + 1) * (size(left, right, m, n, k) + 4));
  }

  /** Rows of 0 to 99 elements. */
  private static void csr(Gpu gpu, Module module, String name, int threadsPerRow) {
    int rows = 71, columns = 130;
    Random random = new Random(18);
    int[] starts = new int[rows + 1];
    for (int row = 0; row < rows; row++) {
      starts[row + 1] = starts[row] + (row % 5 == 0 ? 0 : random.nextInt(100));
    }
    int count = starts[rows];
    int[] at = random.ints(count, 0, columns).toArray();
    float[] values = ReductionCases.floats(random, count, 1),
        x = ReductionCases.floats(random, columns, 1);
    double[] expected = new double[rows];
    double most = 0;
    for (int row = 0; row < rows; row++) {
      double size = 0;
      for (int i = starts[row]; i < starts[row + 1]; i++) {
        expected[row] += (double) values[i] * x[at[i]];
        size += Math.abs((double) values[i] * x[at[i]]);
      }
      most = Math.max(most, size);
    }
    DeviceMemory y = gpu.allocate(rows * 4);
    gpu.kernel(module, name)
        .shape(LaunchShape.of((rows * threadsPerRow + 63) / 64, 64))
        .in(gpu.upload(starts))
        .in(gpu.upload(at))
        .in(gpu.upload(values))
        .in(gpu.upload(x))
        .out(y)
        .i32(rows)
        .run();
    near("y", expected, gpu.floats(y), 0, roundings(200) * most);
  }

  private static void attention(Gpu gpu, Module module) {
    int length = 45, width = 64;
    float[] q = ReductionCases.floats(new Random(19), length * width, 1);
    float[] k = ReductionCases.floats(new Random(20), length * width, 1);
    float[] v = ReductionCases.floats(new Random(21), length * width, 1);
    double[] expected = new double[length * width];
    for (int i = 0; i < length; i++) {
      double[] weights = new double[i + 1];
      double sum = 0;
      for (int j = 0; j <= i; j++) {
        double score = 0;
        for (int d = 0; d < width; d++) {
          score += (double) q[i * width + d] * k[j * width + d];
        }
        weights[j] = Math.exp(score / 8);
        sum += weights[j];
      }
      for (int j = 0; j <= i; j++) {
        for (int d = 0; d < width; d++) {
          expected[i * width + d] += weights[j] / sum * v[j * width + d];
        }
      }
    }
    DeviceMemory out = gpu.allocate(length * width * 4);
    gpu.kernel(module, "attention_64")
        .shape((length + 3) / 4, 1, 32, 4)
        .in(gpu.upload(q))
        .in(gpu.upload(k))
        .in(gpu.upload(v))
        .out(out)
        .i32(length)
        .f32(0.125f)
        .run();
    // A score of size 64 before scaling has an error of 64 roundings, which the exponential takes
    // as relative.
    near("out", expected, gpu.floats(out), 0, roundings(64 * 8) * 4);
  }
}
