package dev.tandem.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.Module;
import java.util.List;
import java.util.Random;

/** Arithmetic in halves and bfloats, and conversions between the formats. */
final class HalfCases {
  private HalfCases() {}

  static List<UnseenCase> all() {
    return List.of(
        new UnseenCase("math_double", "math_double_convert", HalfCases::convertDouble),
        new UnseenCase("half2", "half2_arithmetic", HalfCases::half2),
        new UnseenCase("half2", "half2_bfloat", HalfCases::bfloat2),
        new UnseenCase("half2", "half2_convert", HalfCases::convertHalf));
  }

  private static void convertDouble(Gpu gpu, Module module) {
    int n = 64;
    double[] in = new Random(10).doubles(n, -1e6, 1e6).toArray(), back = new double[n * 3];
    in[0] = 2.5;
    in[1] = -3.5;
    in[2] = 1e30;
    in[3] = 1e-50;
    float[] singles = new float[n];
    long[] whole = new long[n * 3];
    for (int i = 0; i < n; i++) {
      singles[i] = (float) in[i];
      whole[i * 3] = (long) in[i];
      whole[i * 3 + 1] = (long) Math.rint(in[i]);
      whole[i * 3 + 2] =
          Double.doubleToRawLongBits(in[i]) ^ (int) (Double.doubleToRawLongBits(in[i]) >> 32);
      back[i * 3] = (double) whole[i * 3] + Integer.toUnsignedLong((int) whole[i * 3 + 1]);
      back[i * 3 + 1] = Math.floor(in[i]) + Math.rint(in[i]);
      back[i * 3 + 2] = Math.fma(in[i], in[i], -1);
    }
    DeviceMemory single = gpu.allocate(n * 4),
        integers = gpu.allocate(n * 24),
        out = gpu.allocate(n * 24);
    gpu.kernel(module, "math_double_convert")
        .shape(2, 32)
        .in(gpu.upload(in))
        .out(single)
        .inOut(integers)
        .out(out)
        .i32(n)
        .run();
    assertArrayEquals(singles, gpu.floats(single));
    assertArrayEquals(whole, gpu.longs(integers));
    assertArrayEquals(back, gpu.doubles(out));
  }

  private static short[] halves(int seed, int n) {
    short[] values = new short[n];
    Random random = new Random(seed);
    for (int i = 0; i < n; i++) {
      values[i] =
          Float.floatToFloat16(
              (float) (random.nextGaussian() * Math.pow(2, random.nextInt(12) - 6)));
    }
    return values;
  }

  private static void half2(Gpu gpu, Module module) {
    int n = 90;
    short[] a = halves(11, n * 2), b = halves(12, n * 2), expected = new short[n * 12];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < 2; j++) {
        double x = SmallFloats.singleOfHalf(a[i * 2 + j]),
            y = SmallFloats.singleOfHalf(b[i * 2 + j]);
        double[] row = {x + y, x - y, x * y, x * y - x, Math.max(x, Math.abs(y))};
        for (int k = 0; k < row.length; k++) {
          expected[i * 12 + k * 2 + j] = SmallFloats.half(row[k]);
        }
      }
      boolean less = SmallFloats.singleOfHalf(a[i * 2]) < SmallFloats.singleOfHalf(b[i * 2]);
      expected[i * 12 + 10] = less ? a[i * 2 + 1] : b[i * 2 + 1];
      expected[i * 12 + 11] =
          SmallFloats.half(
              (double) SmallFloats.singleOfHalf(a[i * 2]) + SmallFloats.singleOfHalf(b[i * 2 + 1]));
    }
    DeviceMemory out = gpu.allocate(n * 24);
    gpu.kernel(module, "half2_arithmetic")
        .shape(3, 32)
        .in(gpu.upload(a))
        .in(gpu.upload(b))
        .out(out)
        .i32(n)
        .run();
    assertArrayEquals(expected, gpu.shorts(out));
  }

  private static void bfloat2(Gpu gpu, Module module) {
    int n = 70;
    short[] a = new short[n * 2], b = new short[n * 2], expected = new short[n * 6];
    Random random = new Random(13);
    for (int i = 0; i < n * 2; i++) {
      a[i] = SmallFloats.bfloat((float) random.nextGaussian() * 8);
      b[i] = SmallFloats.bfloat((float) random.nextGaussian());
    }
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < 2; j++) {
        double x = SmallFloats.singleOfBfloat(a[i * 2 + j]),
            y = SmallFloats.singleOfBfloat(b[i * 2 + j]);
        expected[i * 6 + j] = SmallFloats.bfloat(x * y + x);
        expected[i * 6 + 2 + j] = SmallFloats.bfloat(Math.max(x, y));
      }
      expected[i * 6 + 4] = SmallFloats.bfloat(SmallFloats.singleOfBfloat(a[i * 2]) * 1.0078125f);
      expected[i * 6 + 5] = SmallFloats.bfloat(SmallFloats.singleOfBfloat(b[i * 2 + 1]) - 0.001f);
    }
    DeviceMemory out = gpu.allocate(n * 12);
    gpu.kernel(module, "half2_bfloat")
        .shape(3, 32)
        .in(gpu.upload(a))
        .in(gpu.upload(b))
        .out(out)
        .i32(n)
        .run();
    assertArrayEquals(expected, gpu.shorts(out));
  }

  private static void convertHalf(Gpu gpu, Module module) {
    float[] in = ReductionCases.floats(new Random(14), 200, 50);
    in[0] = 1e-6f;
    in[1] = 2049;
    in[2] = 2051;
    int n = in.length;
    short[] rounded = new short[n * 4], whole = new short[n];
    float[] back = new float[n];
    for (int i = 0; i < n; i++) {
      rounded[i * 4] = Float.floatToFloat16(in[i]);
      rounded[i * 4 + 1] = SmallFloats.beside(in[i], in[i] < 0);
      rounded[i * 4 + 2] = SmallFloats.beside(in[i], true);
      rounded[i * 4 + 3] = SmallFloats.beside(in[i], false);
      whole[i] = (short) SmallFloats.singleOfHalf(rounded[i * 4]);
      back[i] = SmallFloats.singleOfHalf(Float.floatToFloat16(whole[i]));
    }
    DeviceMemory half = gpu.allocate(n * 8),
        integers = gpu.allocate(n * 2),
        out = gpu.allocate(n * 4);
    gpu.kernel(module, "half2_convert")
        .shape(7, 32)
        .in(gpu.upload(in))
        .inOut(half)
        .inOut(integers)
        .out(out)
        .i32(n)
        .run();
    assertArrayEquals(rounded, gpu.shorts(half));
    assertArrayEquals(whole, gpu.shorts(integers));
    assertArrayEquals(back, gpu.floats(out));
  }
}
