package dev.tandem.ptx;

import static dev.tandem.ptx.Closeness.near;
import static dev.tandem.ptx.Closeness.roundings;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.cuda.driver.Module;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Moving data: copies, transposes, stencils, convolution, asynchronous copies. */
final class MemoryCases {
  private MemoryCases() {}

  static List<UnseenCase> all() {
    return List.of(
        new UnseenCase("saxpy", "saxpy_f32", MemoryCases::saxpy),
        new UnseenCase("saxpy", "saxpy_bf16", MemoryCases::saxpyBfloat),
        new UnseenCase("transpose", "transpose_f32", MemoryCases::transpose),
        new UnseenCase("vector_copy", "vector_copy", MemoryCases::vectorCopy),
        new UnseenCase("vector_copy", "vector_reverse", MemoryCases::vectorReverse),
        new UnseenCase("vector_copy", "vector_complex", MemoryCases::vectorComplex),
        new UnseenCase("cp_async", "cp_async_pipeline", MemoryCases::pipeline),
        new UnseenCase("cp_async", "cp_async_zero_fill", MemoryCases::zeroFill),
        new UnseenCase("stencil", "stencil_plane", MemoryCases::stencilPlane),
        new UnseenCase("stencil", "stencil_space", MemoryCases::stencilSpace),
        new UnseenCase("conv1d", "conv1d", MemoryCases::conv1d));
  }

  private static void saxpy(Gpu gpu, Module module) {
    for (int[] shape : new int[][] {{1, 1}, {3, 100}, {7, 64}}) {
      int n = 333;
      float[] x = ReductionCases.floats(new Random(1), n, 1),
          y = ReductionCases.floats(new Random(2), n, 1);
      float[] expected = new float[n];
      double[] wide = new double[n], wideX = new double[n], wideY = new double[n];
      for (int i = 0; i < n; i++) {
        expected[i] = Math.fma(0.3f, x[i], y[i]);
        wideX[i] = x[i] / 3.0;
        wideY[i] = y[i] / 7.0;
        wide[i] = Math.fma(0.3, wideX[i], wideY[i]);
      }
      DeviceMemory out = gpu.upload(y), wideOut = gpu.upload(wideY);
      gpu.kernel(module, "saxpy_f32")
          .shape(shape[0], shape[1])
          .f32(0.3f)
          .in(gpu.upload(x))
          .inOut(out)
          .i64(n)
          .run();
      gpu.kernel(module, "saxpy_f64")
          .shape(shape[0], shape[1])
          .f64(0.3)
          .in(gpu.upload(wideX))
          .inOut(wideOut)
          .i32(n)
          .run();
      assertArrayEquals(expected, gpu.floats(out), Arrays.toString(shape));
      assertArrayEquals(wide, gpu.doubles(wideOut), Arrays.toString(shape));
    }
  }

  private static void saxpyBfloat(Gpu gpu, Module module) {
    int n = 130;
    short[] x = new short[n], y = new short[n], expected = new short[n];
    Random random = new Random(3);
    for (int i = 0; i < n; i++) {
      x[i] = SmallFloats.bfloat((float) random.nextGaussian());
      y[i] = SmallFloats.bfloat((float) random.nextGaussian());
      expected[i] =
          SmallFloats.bfloat(
              Math.fma(-1.7f, SmallFloats.singleOfBfloat(x[i]), SmallFloats.singleOfBfloat(y[i])));
    }
    DeviceMemory out = gpu.upload(y);
    gpu.kernel(module, "saxpy_bf16")
        .shape(2, 33)
        .f32(-1.7f)
        .in(gpu.upload(x))
        .inOut(out)
        .i32(n)
        .run();
    assertArrayEquals(expected, gpu.shorts(out));
  }

  private static void transpose(Gpu gpu, Module module) {
    for (int[] shape : new int[][] {{1, 5}, {33, 31}, {64, 70}}) {
      int rows = shape[0], columns = shape[1], n = rows * columns;
      float[] singles = new float[n], singlesOut = new float[n];
      short[] shorts = new short[n], shortsOut = new short[n];
      double[] doubles = new double[n], doublesOut = new double[n];
      for (int i = 0; i < n; i++) {
        int to = i % columns * rows + i / columns;
        singles[i] = singlesOut[to] = i * 1.5f;
        shorts[i] = shortsOut[to] = (short) (i * 7);
        doubles[i] = doublesOut[to] = Math.sqrt(i);
      }
      LaunchShape grid = LaunchShape.of((columns + 31) / 32, (rows + 31) / 32, 32, 8);
      DeviceMemory a = gpu.allocate(n * 4L), b = gpu.allocate(n * 2L), c = gpu.allocate(n * 8L);
      gpu.kernel(module, "transpose_f32")
          .shape(grid)
          .in(gpu.upload(singles))
          .out(a)
          .i32(rows, columns)
          .run();
      gpu.kernel(module, "transpose_u16")
          .shape(grid)
          .in(gpu.upload(shorts))
          .out(b)
          .i32(rows, columns)
          .run();
      gpu.kernel(module, "transpose_f64")
          .shape(grid)
          .in(gpu.upload(doubles))
          .out(c)
          .i32(rows, columns)
          .run();
      assertArrayEquals(singlesOut, gpu.floats(a));
      assertArrayEquals(shortsOut, gpu.shorts(b));
      assertArrayEquals(doublesOut, gpu.doubles(c));
    }
  }

  private static void vectorCopy(Gpu gpu, Module module) {
    for (int n : new int[] {3, 64, 207}) {
      float[] in = ReductionCases.floats(new Random(n), n, 1), expected = in.clone();
      for (int i = 0; i + 3 < n; i += 4) {
        expected[i] += 1;
        expected[i + 1] *= 2;
        expected[i + 2] -= 3;
        expected[i + 3] = -expected[i + 3];
      }
      DeviceMemory out = gpu.allocate(n * 4L);
      gpu.kernel(module, "vector_copy").shape(2, 16).in(gpu.upload(in)).out(out).i32(n).run();
      assertArrayEquals(expected, gpu.floats(out), n + " elements");
    }
  }

  private static void vectorReverse(Gpu gpu, Module module) {
    int n = 45;
    int[] in = new Random(4).ints(n * 2).toArray(), expected = new int[n * 2];
    short[] small = new short[n * 4], smallExpected = new short[n * 4];
    for (int i = 0; i < n * 4; i++) {
      small[i] = smallExpected[n * 4 - 1 - i] = (short) (i * 999);
    }
    Arrays.setAll(expected, i -> in[n * 2 - 1 - i]);
    DeviceMemory out = gpu.allocate(n * 8), smallOut = gpu.allocate(n * 8);
    gpu.kernel(module, "vector_reverse")
        .shape(2, 32)
        .in(gpu.upload(in))
        .out(out)
        .in(gpu.upload(small))
        .out(smallOut)
        .i32(n)
        .run();
    assertArrayEquals(expected, gpu.ints(out));
    assertArrayEquals(smallExpected, gpu.shorts(smallOut));
  }

  private static void vectorComplex(Gpu gpu, Module module) {
    int n = 61;
    double[] a = new Random(5).doubles(n * 2, -1, 1).toArray(),
        b = new Random(6).doubles(n * 2, -1, 1).toArray();
    double[] expected = new double[n * 2];
    byte[] signs = new byte[n * 4];
    for (int i = 0; i < n; i++) {
      double re = Math.fma(a[i * 2], b[i * 2], -(a[i * 2 + 1] * b[i * 2 + 1]));
      double im = Math.fma(a[i * 2], b[i * 2 + 1], a[i * 2 + 1] * b[i * 2]);
      expected[i * 2] = re;
      expected[i * 2 + 1] = im;
      signs[i * 4 + (re > 0 ? 0 : 1)] = 1;
      signs[i * 4 + (im > 0 ? 2 : 3)] = 1;
    }
    DeviceMemory out = gpu.allocate(n * 16), sign = gpu.allocate(n * 4);
    gpu.kernel(module, "vector_complex")
        .shape(3, 21)
        .in(gpu.upload(a))
        .in(gpu.upload(b))
        .out(out)
        .out(sign)
        .i32(n)
        .run();
    assertArrayEquals(expected, gpu.doubles(out));
    assertArrayEquals(signs, gpu.bytes(sign));
  }

  private static void pipeline(Gpu gpu, Module module) {
    for (int tiles : new int[] {1, 2, 7}) {
      float[] in = new float[tiles * 128], expected = new float[128];
      for (int i = 0; i < in.length; i++) {
        in[i] = i * 13 % 101;
        expected[Math.floorMod(i % 128 - i / 128, 128)] += in[i];
      }
      DeviceMemory out = gpu.allocate(128 * 4);
      gpu.kernel(module, "cp_async_pipeline")
          .shape(1, 128)
          .in(gpu.upload(in))
          .out(out)
          .i32(tiles)
          .run();
      assertArrayEquals(expected, gpu.floats(out), tiles + " tiles");
    }
  }

  private static void zeroFill(Gpu gpu, Module module) {
    int size = 32 * 7;
    for (int n : new int[] {1, 118, 203, size}) {
      int[] in = new Random(n).ints(n, 1, 1000).toArray(), expected = new int[size];
      Arrays.setAll(expected, i -> size - 1 - i < n ? in[size - 1 - i] : 0);
      DeviceMemory out = gpu.allocate(size * 4);
      gpu.kernel(module, "cp_async_zero_fill")
          .shape(1, 32)
          .in(gpu.upload(in))
          .out(out)
          .i32(n)
          .run();
      assertArrayEquals(expected, gpu.ints(out), n + " real");
    }
  }

  private static void stencilPlane(Gpu gpu, Module module) {
    int width = 37, height = 19;
    float[] in = ReductionCases.floats(new Random(7), width * height, 1);
    double[] expected = new double[in.length];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        double around =
            (double) in[Math.max(y - 1, 0) * width + x]
                + in[Math.min(y + 1, height - 1) * width + x]
                + in[y * width + Math.max(x - 1, 0)]
                + in[y * width + Math.min(x + 1, width - 1)];
        expected[y * width + x] = 0.5 * in[y * width + x] + 0.125 * around;
      }
    }
    DeviceMemory out = gpu.allocate(in.length * 4L);
    gpu.kernel(module, "stencil_plane")
        .shape(3, 3, 16, 8)
        .in(gpu.upload(in))
        .out(out)
        .i32(width, height)
        .run();
    // Four roundings of sums up to 16, weighed with an eighth.
    near("out", expected, gpu.floats(out), 0, 4 * roundings(5));
  }

  private static void stencilSpace(Gpu gpu, Module module) {
    int w = 9, h = 7, d = 5;
    int[] in = new Random(8).ints(w * h * d, -100, 100).toArray(), expected = new int[in.length];
    for (int i = 0; i < in.length; i++) {
      int x = i % w, y = i / w % h, z = i / (w * h);
      expected[i] =
          -6 * in[i]
              + (x > 0 ? in[i - 1] : 0)
              + (x < w - 1 ? in[i + 1] : 0)
              + (y > 0 ? in[i - w] : 0)
              + (y < h - 1 ? in[i + w] : 0)
              + (z > 0 ? in[i - w * h] : 0)
              + (z < d - 1 ? in[i + w * h] : 0);
    }
    DeviceMemory out = gpu.allocate(in.length * 4L);
    gpu.kernel(module, "stencil_space")
        .shape(new LaunchShape(3, 2, 2, 4, 4, 3, 0, false))
        .in(gpu.upload(in))
        .out(out)
        .bytes(MemorySegment.ofArray(new int[] {w, h, d}), 4)
        .run();
    assertArrayEquals(expected, gpu.ints(out));
  }

  private static void conv1d(Gpu gpu, Module module) {
    int n = 150;
    float[] in = ReductionCases.floats(new Random(9), n, 1),
        taps = ReductionCases.floats(new Random(10), 17, 1);
    int[] primes = {2, 3, 5, 7, 11, 13, 17, 19};
    gpu.write(module.global("taps").address(), MemorySegment.ofArray(taps));
    double[] expected = new double[n];
    for (int i = 0; i < n; i++) {
      for (int j = Math.max(0, 8 - i); j < 17 && i + j - 8 < n; j++) {
        expected[i] += (double) taps[j] * in[i + j - 8];
      }
      expected[i] = expected[i] * (i % 2 == 0 ? 1.5 : -0.25) + primes[i % 8];
    }
    for (int threads : new int[] {32, 75}) {
      DeviceMemory out = gpu.allocate(n * 4);
      gpu.kernel(module, "conv1d")
          .shape((n + threads - 1) / threads, threads)
          .shared((threads + 16) * 4)
          .in(gpu.upload(in))
          .out(out)
          .i32(n)
          .run();
      // Partial sums stay below 32.
      near("out", expected, gpu.floats(out), 0, 32 * roundings(19));
    }
  }
}
