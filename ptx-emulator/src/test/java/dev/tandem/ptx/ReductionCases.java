package dev.tandem.ptx;

import static dev.tandem.ptx.Closeness.near;
import static dev.tandem.ptx.Closeness.roundings;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.cuda.driver.Module;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Reductions: sums, maxima, histograms, moments, through shared memory, shuffles, atomics and groups. */
final class ReductionCases {
  private ReductionCases() {}

  static List<UnseenCase> all() {
    return List.of(
        new UnseenCase("reduce", "reduce_tree", ReductionCases::tree),
        new UnseenCase("reduce", "reduce_shuffle", ReductionCases::shuffle),
        new UnseenCase("reduce", "reduce_argmax", ReductionCases::argmax),
        new UnseenCase("reduce", "reduce_last_block", ReductionCases::lastBlock),
        new UnseenCase("histogram", "histogram_shared", ReductionCases::histogramShared),
        new UnseenCase("histogram", "histogram_global", ReductionCases::histogramGlobal),
        new UnseenCase("welford", "welford", ReductionCases::welford),
        new UnseenCase("kmeans", "kmeans_assign", ReductionCases::kmeans),
        new UnseenCase("kahan", "kahan_rows", ReductionCases::kahanRows),
        new UnseenCase("kahan", "kahan_dot", ReductionCases::kahanDot),
        new UnseenCase("groups", "groups_tile", ReductionCases::groupsTile),
        new UnseenCase("groups", "groups_reduce", ReductionCases::groupsReduce));
  }

  static float[] floats(Random random, int n, double scale) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) (random.nextGaussian() * scale);
    }
    return values;
  }

  /** Two stages: sums of blocks, then their sum with one block. Multiples of 1/8 add up without rounding. */
  private static void tree(Gpu gpu, Module module) {
    for (int threads : new int[] {1, 37, 96, 256}) {
      float[] in = new float[1001];
      double sum = 0;
      for (int i = 0; i < in.length; i++) {
        in[i] = (i * 31 % 257 - 100) / 8f;
        sum += in[i];
      }
      DeviceMemory sums = gpu.allocate(5 * 4), total = gpu.allocate(4);
      gpu.kernel(module, "reduce_tree")
          .shape(5, threads)
          .shared(threads * 4)
          .in(gpu.upload(in))
          .out(sums)
          .i32(in.length)
          .run();
      gpu.kernel(module, "reduce_tree")
          .shape(1, threads)
          .shared(threads * 4)
          .in(sums)
          .out(total)
          .i32(5)
          .run();
      assertEquals((float) sum, gpu.floats(total)[0], threads + " threads");
    }
  }

  private static void shuffle(Gpu gpu, Module module) {
    for (int threads : new int[] {32, 160, 1024}) {
      int[] in = new Random(threads).ints(2111, -1000, 1000).toArray();
      DeviceMemory total = gpu.zeros(4);
      gpu.kernel(module, "reduce_shuffle")
          .shape(3, threads)
          .in(gpu.upload(in))
          .inOut(total)
          .i32(in.length)
          .run();
      assertEquals(IntStream.of(in).sum(), gpu.ints(total)[0], threads + " threads");
    }
  }

  private static void argmax(Gpu gpu, Module module) {
    float[] in = floats(new Random(3), 777, 2);
    int most = 0;
    for (int i = 1; i < in.length; i++) {
      most = in[i] > in[most] ? i : most;
    }
    in[700] = in[most];
    DeviceMemory best = gpu.zeros(8);
    gpu.kernel(module, "reduce_argmax")
        .shape(2, 96)
        .in(gpu.upload(in))
        .inOut(best)
        .i32(in.length)
        .run();
    assertEquals(Math.min(most, 700), ~(int) gpu.longs(best)[0], "first of two equal maxima");
  }

  /** Twice, since the count of finished blocks must be back at zero. */
  private static void lastBlock(Gpu gpu, Module module) {
    for (int n : new int[] {5000, 77}) {
      double[] in = new Random(n).doubles(n).map(x -> Math.rint(x * 4096)).toArray();
      DeviceMemory total = gpu.allocate(8);
      gpu.kernel(module, "reduce_last_block")
          .shape(7, 128)
          .in(gpu.upload(in))
          .inOut(gpu.allocate(7 * 8))
          .out(total)
          .i32(n)
          .run();
      assertEquals(java.util.Arrays.stream(in).sum(), gpu.doubles(total)[0], "sum of " + n);
    }
  }

  private static void histogramShared(Gpu gpu, Module module) {
    byte[] in = new byte[3001];
    new Random(5).nextBytes(in);
    java.util.Arrays.fill(in, 100, 900, (byte) 200);
    int[] expected = new int[256];
    for (byte value : in) {
      expected[value & 255]++;
    }
    for (int threads : new int[] {64, 300}) {
      DeviceMemory counts = gpu.zeros(256 * 4);
      gpu.kernel(module, "histogram_shared")
          .shape(4, threads)
          .in(gpu.upload(in))
          .inOut(counts)
          .i32(in.length)
          .run();
      assertArrayEquals(expected, gpu.ints(counts), threads + " threads");
    }
  }

  /** Quarters from -4 on, so that no bin's edge is met after rounding. */
  private static void histogramGlobal(Gpu gpu, Module module) {
    int[] expected = new int[16];
    float[] in = new float[500];
    Random random = new Random(6);
    for (int i = 0; i < in.length; i++) {
      int bin = random.nextInt(20) - 2;
      in[i] = -4 + bin * 0.5f + 0.25f;
      expected[Math.clamp(bin, 0, 15)]++;
    }
    DeviceMemory counts = gpu.zeros(16 * 4);
    gpu.kernel(module, "histogram_global")
        .shape(5, 101)
        .in(gpu.upload(in))
        .inOut(counts)
        .f32(-4, 4)
        .i32(16, in.length)
        .run();
    assertArrayEquals(expected, gpu.ints(counts));
  }

  /** A mean far from zero, which a sum of squares in single precision would not survive. */
  private static void welford(Gpu gpu, Module module) {
    float[] in = floats(new Random(8), 1237, 0.5);
    double mean = 0, squares = 0;
    for (int i = 0; i < in.length; i++) {
      in[i] += 300;
      mean += in[i] / in.length;
    }
    for (float x : in) {
      squares += (x - mean) * (x - mean) / in.length;
    }
    for (int threads : new int[] {32, 224}) {
      DeviceMemory out = gpu.allocate(8);
      gpu.kernel(module, "welford")
          .shape(1, threads)
          .in(gpu.upload(in))
          .out(out)
          .i32(in.length)
          .run();
      float[] moments = gpu.floats(out);
      // A running mean is rounded at each of a thread's elements and each merge.
      int steps = in.length / threads + 1 + 5 + threads / 32;
      near("mean", mean, moments[0], roundings(2 * steps), 0);
      // An error of the mean's size, 300 steps, goes into each difference of size 0.5.
      near("variance", squares, moments[1], 4 * roundings(2 * steps) * 300, 0);
    }
  }

  /** Whole numbers near a centre: the nearest beyond doubt, and sums exact in any order. One centre gets no point. */
  private static void kmeans(Gpu gpu, Module module) {
    int n = 333, k = 7;
    float[] points = new float[n * 3], centres = new float[k * 3], sums = new float[k * 3];
    for (int c = 0; c < k; c++) {
      centres[c * 3] = 50 * c;
      centres[c * 3 + 2] = c == k - 1 ? 1000 : -3;
    }
    Random random = new Random(9);
    int[] assigned = new int[n], counts = new int[k];
    for (int i = 0; i < n; i++) {
      int c = random.nextInt(k - 1);
      assigned[i] = c;
      counts[c]++;
      for (int d = 0; d < 3; d++) {
        points[i * 3 + d] = centres[c * 3 + d] + random.nextInt(9) - 4;
        sums[c * 3 + d] += points[i * 3 + d];
      }
    }
    DeviceMemory where = gpu.allocate(n * 4), sum = gpu.zeros(k * 12), count = gpu.zeros(k * 4);
    DeviceMemory centre = gpu.upload(centres);
    gpu.kernel(module, "kmeans_assign")
        .shape(3, 128)
        .shared(k * 16)
        .in(gpu.upload(points))
        .in(centre)
        .out(where)
        .inOut(sum)
        .inOut(count)
        .i32(n, k)
        .run();
    assertArrayEquals(assigned, gpu.ints(where));
    assertArrayEquals(counts, gpu.ints(count));
    assertArrayEquals(sums, gpu.floats(sum));
    gpu.kernel(module, "kmeans_move").shape(1, 32).in(sum).in(count).inOut(centre).i32(k).run();
    double[] moved = new double[k * 3];
    for (int i = 0; i < moved.length; i++) {
      moved[i] = counts[i / 3] == 0 ? centres[i] : (double) sums[i] / counts[i / 3];
    }
    near("centres", moved, gpu.floats(centre), roundings(1), 0);
  }

  /** Bit by bit: Java's doubles are the GPU's. */
  private static void kahanRows(Gpu gpu, Module module) {
    int rows = 5, columns = 401;
    double[] in = new Random(11).doubles(rows * columns, -1e6, 1e6).map(x -> x * x * x).toArray();
    double[] expected = new double[rows];
    for (int row = 0; row < rows; row++) {
      double lost = 0;
      for (int i = 0; i < columns; i++) {
        double term = in[row * columns + i] - lost, next = expected[row] + term;
        lost = (next - expected[row]) - term;
        expected[row] = next;
      }
    }
    DeviceMemory out = gpu.allocate(rows * 8);
    gpu.kernel(module, "kahan_rows")
        .shape(1, 8)
        .in(gpu.upload(in))
        .out(out)
        .i32(rows, columns)
        .run();
    assertArrayEquals(expected, gpu.doubles(out));
  }

  /** Products whose sum nearly cancels; twice the precision recovers it to the last bit but one. */
  private static void kahanDot(Gpu gpu, Module module) {
    int n = 203;
    Random random = new Random(12);
    double[] a = new double[n], b = new double[n];
    java.math.BigDecimal exact = java.math.BigDecimal.ZERO;
    for (int i = 0; i < n; i++) {
      a[i] = i < n - 1 ? random.nextGaussian() * 1e3 : 1;
      b[i] = i < n - 1 ? random.nextGaussian() * 1e3 : -exact.doubleValue() * (1 - 1e-12);
      exact = exact.add(new java.math.BigDecimal(a[i]).multiply(new java.math.BigDecimal(b[i])));
    }
    DeviceMemory out = gpu.allocate(8);
    gpu.kernel(module, "kahan_dot")
        .shape(1, 32)
        .in(gpu.upload(a))
        .in(gpu.upload(b))
        .out(out)
        .i32(n)
        .run();
    near("dot", exact.doubleValue(), gpu.doubles(out)[0], 0x1p-51, 0);
  }

  private static void groupsTile(Gpu gpu, Module module) {
    int[] in = new Random(13).ints(150, -50, 50).toArray();
    int[] expected = new int[192 / 8];
    for (int i = 0; i < in.length; i++) {
      expected[i / 8] += in[i];
    }
    DeviceMemory out = gpu.allocate(expected.length * 4);
    gpu.kernel(module, "groups_tile")
        .shape(LaunchShape.of(2, 1, 48, 2))
        .in(gpu.upload(in))
        .out(out)
        .i32(in.length)
        .run();
    assertArrayEquals(expected, gpu.ints(out));
  }

  private static void groupsReduce(Gpu gpu, Module module) {
    float[] in = floats(new Random(14), 120, 3);
    float[] expected = new float[8];
    java.util.Arrays.fill(expected, -3.0e38f);
    for (int i = 0; i < in.length; i++) {
      expected[i / 16] = Math.max(expected[i / 16], in[i]);
    }
    DeviceMemory most = gpu.allocate(8 * 4), bits = gpu.allocate(8 * 4);
    gpu.kernel(module, "groups_reduce")
        .shape(2, 64)
        .in(gpu.upload(in))
        .out(most)
        .out(bits)
        .i32(in.length)
        .run();
    assertArrayEquals(expected, gpu.floats(most));
    for (int i = 0; i < 8; i++) {
      assertEquals(i % 2 == 0 ? 0xffff : 0xffff0000, gpu.ints(bits)[i], "lanes of tile " + i);
    }
  }
}
