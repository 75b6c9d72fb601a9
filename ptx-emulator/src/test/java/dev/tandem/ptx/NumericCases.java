package dev.tandem.ptx;

import static dev.tandem.ptx.Closeness.near;
import static dev.tandem.ptx.Closeness.roundings;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.Module;
import java.math.BigDecimal;
import java.util.List;
import java.util.Random;

/** Floating-point kernels: softmax, norms, bodies, and each function of the maths library. */
final class NumericCases {
  private NumericCases() {}

  static List<UnseenCase> all() {
    return List.of(
        new UnseenCase("softmax", "softmax_warp", NumericCases::softmaxWarp),
        new UnseenCase("softmax", "softmax_online", NumericCases::softmaxOnline),
        new UnseenCase("layer_norm", "layer_norm", NumericCases::layerNorm),
        new UnseenCase("nbody", "nbody", NumericCases::nbody),
        new UnseenCase("math", "math_each", (gpu, module) -> math(gpu, module, "math_each", false)),
        new UnseenCase("math", "math_rounded", NumericCases::rounded),
        new UnseenCase(
            "math_fast", "math_fast", (gpu, module) -> math(gpu, module, "math_fast", true)),
        new UnseenCase("math_double", "math_double", NumericCases::mathDouble));
  }

  private static double[] softmax(float[] in, int rows, int columns) {
    double[] out = new double[rows * columns];
    for (int row = 0; row < rows; row++) {
      double most = Double.NEGATIVE_INFINITY, sum = 0;
      for (int i = row * columns; i < (row + 1) * columns; i++) {
        most = Math.max(most, in[i]);
      }
      for (int i = row * columns; i < (row + 1) * columns; i++) {
        out[i] = Math.exp(in[i] - most);
        sum += out[i];
      }
      for (int i = row * columns; i < (row + 1) * columns; i++) {
        out[i] /= sum;
      }
    }
    return out;
  }

  private static void softmaxWarp(Gpu gpu, Module module) {
    for (int columns : new int[] {1, 31, 77}) {
      int rows = 7;
      float[] in = ReductionCases.floats(new Random(columns), rows * columns, 4);
      DeviceMemory out = gpu.allocate(in.length * 4L);
      gpu.kernel(module, "softmax_warp")
          .shape(3, 1, 32, 3)
          .in(gpu.upload(in))
          .out(out)
          .i32(rows, columns)
          .run();
      // expf errs by 2 steps, a sum of 3 + 5 terms by 8, the division by 1, the difference of size
      // 30 by 30.
      near(
          "columns " + columns,
          softmax(in, rows, columns),
          gpu.floats(out),
          2 * roundings(45),
          Float.MIN_NORMAL);
    }
  }

  private static void softmaxOnline(Gpu gpu, Module module) {
    int rows = 3, columns = 201;
    float[] in = ReductionCases.floats(new Random(2), rows * columns, 4);
    DeviceMemory out = gpu.allocate(in.length * 4L);
    gpu.kernel(module, "softmax_online")
        .shape(rows, 64)
        .in(gpu.upload(in))
        .out(out)
        .i32(columns)
        .run();
    // __expf errs by 2 + |1.17 x| steps, x up to 30 here, at each of ten merges.
    near(
        "out",
        softmax(in, rows, columns),
        gpu.floats(out),
        2 * roundings(40 * 11),
        Float.MIN_NORMAL);
  }

  private static void layerNorm(Gpu gpu, Module module) {
    int rows = 11, columns = 45;
    float[] in = ReductionCases.floats(new Random(3), rows * columns, 3);
    float[] gain = ReductionCases.floats(new Random(4), columns, 1),
        shift = ReductionCases.floats(new Random(5), columns, 1);
    float[] gradient = ReductionCases.floats(new Random(6), rows * columns, 1);
    double[] out = new double[in.length], means = new double[rows], scales = new double[rows];
    double[] dGain = new double[columns], dShift = new double[columns];
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < columns; i++) {
        means[row] += (double) in[row * columns + i] / columns;
      }
      double variance = 1e-5f;
      for (int i = 0; i < columns; i++) {
        variance += Math.pow(in[row * columns + i] - means[row], 2) / columns;
      }
      scales[row] = 1 / Math.sqrt(variance);
      for (int i = 0; i < columns; i++) {
        int at = row * columns + i;
        double normal = (in[at] - means[row]) * scales[row];
        out[at] = normal * gain[i] + shift[i];
        dGain[i] += gradient[at] * normal;
        dShift[i] += gradient[at];
      }
    }
    DeviceMemory x = gpu.upload(in),
        y = gpu.allocate(in.length * 4L),
        mean = gpu.allocate(rows * 4),
        scale = gpu.allocate(rows * 4);
    gpu.kernel(module, "layer_norm")
        .shape(3, 128)
        .in(x)
        .in(gpu.upload(gain))
        .in(gpu.upload(shift))
        .out(y)
        .out(mean)
        .out(scale)
        .i32(rows, columns)
        .f32(1e-5f)
        .run();
    // Sums of 2 + 5 terms of size 10, differences, a square root and products: a few dozen
    // roundings of size 10.
    near("y", out, gpu.floats(y), 0, 10 * roundings(30));
    near("mean", means, gpu.floats(mean), 0, 10 * roundings(8));
    near("scale", scales, gpu.floats(scale), roundings(30), 0);
    DeviceMemory gains = gpu.allocate(columns * 4), shifts = gpu.allocate(columns * 4);
    gpu.kernel(module, "layer_norm_backward")
        .shape(2, 1, 32, 8)
        .in(gpu.upload(gradient))
        .in(x)
        .in(mean)
        .in(scale)
        .out(gains)
        .out(shifts)
        .i32(rows, columns)
        .run();
    near("gain", dGain, gpu.floats(gains), 0, 30 * roundings(30));
    near("shift", dShift, gpu.floats(shifts), 0, 10 * roundings(12));
  }

  private static void nbody(Gpu gpu, Module module) {
    int n = 50;
    float[] bodies = ReductionCases.floats(new Random(7), n * 4, 1);
    double[] expected = new double[n * 3];
    for (int i = 0; i < n; i++) {
      bodies[i * 4 + 3] = Math.abs(bodies[i * 4 + 3]);
    }
    double most = 0;
    for (int i = 0; i < n; i++) {
      double size = 0;
      for (int j = 0; j < n; j++) {
        double square = 0.01f;
        for (int d = 0; d < 3; d++) {
          square += Math.pow((double) bodies[j * 4 + d] - bodies[i * 4 + d], 2);
        }
        for (int d = 0; d < 3; d++) {
          double pull =
              bodies[j * 4 + 3]
                  * ((double) bodies[j * 4 + d] - bodies[i * 4 + d])
                  / (square * Math.sqrt(square));
          expected[i * 3 + d] += pull;
          size += Math.abs(pull);
        }
      }
      most = Math.max(most, size);
    }
    DeviceMemory out = gpu.allocate(n * 12);
    gpu.kernel(module, "nbody")
        .shape(2, 32)
        .shared(32 * 16)
        .in(gpu.upload(bodies))
        .out(out)
        .i32(n)
        .f32(0.01f)
        .run();
    // rsqrtf errs by 2 steps and is cubed; then as many roundings as there are terms.
    near("acceleration", expected, gpu.floats(out), 0, roundings(20 + 64) * most);
  }

  private static float[] arguments(int n) {
    float[] in = ReductionCases.floats(new Random(8), n, 3);
    in[0] = 0;
    in[1] = -0.0f;
    in[2] = 1;
    in[3] = 1e-6f;
    in[4] = -15;
    in[5] = 20;
    return in;
  }

  /** Errors of CUDA's functions, in steps, from the tables of its programming guide; a step more for the sums here. */
  private static void math(Gpu gpu, Module module, String name, boolean fast) {
    int n = 200;
    float[] in = arguments(n);
    DeviceMemory out = gpu.allocate(n * 12 * 4);
    gpu.kernel(module, name).shape(2, 128).in(gpu.upload(in)).out(out).i32(n).run();
    float[] actual = gpu.floats(out);
    for (int i = 0; i < n; i++) {
      double x = in[i];
      float positive = Math.abs(in[i]) + 0.001f;
      // What an error of a few steps in y * log2(x) makes of 2 to that power.
      double power = 0.5 * x * Math.log(positive) / Math.log(2);
      double[] expected = {
        Math.exp(x),
        Math.log(positive),
        Math.sin(x),
        Math.cos(x),
        Math.tanh(x),
        Math.pow(positive, 0.5 * x),
        erf(x),
        Math.sqrt(positive),
        1 / Math.sqrt(positive),
        x / (positive + 2.0f),
        Math.pow(2, x) + Math.log(positive) / Math.log(2),
        Math.atan2(x, positive) + Math.log1p(positive)
      };
      double fastPower = roundings((int) (4 * Math.abs(power)) + 16);
      double[] relative =
          fast
              ? new double[] {
                roundings(8 + (int) Math.abs(3 * x)),
                roundings(8),
                0,
                0,
                0x1p-10,
                2 * fastPower,
                roundings(8),
                roundings(6),
                roundings(8),
                roundings(8),
                roundings(16),
                roundings(16)
              }
              : new double[] {
                roundings(4),
                roundings(4),
                roundings(4),
                roundings(4),
                roundings(4),
                roundings(18),
                roundings(6),
                roundings(1),
                roundings(4),
                roundings(3),
                roundings(8),
                roundings(10)
              };
      // sin.approx and cos.approx err by 2^-20.9 within a turn, more beyond; log by 2^-21.4 near
      // one.
      double[] absolute =
          fast
              ? new double[] {0, 0x1p-20, 0x1p-18, 0x1p-18, 0, 0, 0, 0, 0, 0, 0x1p-20, 0x1p-20}
              : new double[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x1p-22, 0x1p-22};
      for (int j = 0; j < 12; j++) {
        near(
            name + " result " + j + " of " + in[i],
            expected[j],
            actual[i * 12 + j],
            relative[j],
            absolute[j]);
      }
    }
  }

  /** By its series, or its continued fraction beyond 3, in double precision: good to 1e-14. */
  private static double erf(double x) {
    if (Math.abs(x) < 3) {
      double term = x, sum = x;
      for (int k = 1; k < 100; k++) {
        term *= -x * x / k;
        sum += term / (2 * k + 1);
      }
      return 2 / Math.sqrt(Math.PI) * sum;
    }
    double square = x * x, fraction = 0;
    for (int k = 60; k > 0; k--) {
      fraction = k / 2.0 / (Math.abs(x) + fraction);
    }
    return Math.signum(x) * (1 - Math.exp(-square) / Math.sqrt(Math.PI) / (Math.abs(x) + fraction));
  }

  private static void rounded(Gpu gpu, Module module) {
    int n = 150;
    float[] in = arguments(n), expected = new float[n * 10];
    int[] whole = new int[n * 4];
    for (int i = 0; i < n; i++) {
      float x = in[i], positive = Math.abs(x) + 0.5f;
      float[] row = {
        x / positive,
        (float) Math.sqrt(positive),
        (float) (1.0 / positive),
        (float) (Math.floor(x) + Math.ceil(x) * 0.5),
        (float) Math.rint(x * 4f),
        (float) (x < 0 ? Math.ceil(x) : Math.floor(x)),
        x % 0.75f,
        Math.copySign(Math.min(positive, 1.25f), x),
        SmallFloats.cut(new BigDecimal(x).add(new BigDecimal(1.0e-6f))),
        Math.scalb(x, i % 5 - 2)
      };
      System.arraycopy(row, 0, expected, i * 10, 10);
      whole[i * 4] = (int) Math.rint(x);
      whole[i * 4 + 1] = (int) x;
      whole[i * 4 + 2] = (int) Math.floor(x);
      whole[i * 4 + 3] =
          (int) Math.min((long) Math.ceil((double) (positive * 1.0e9f)), 0xffffffffL);
    }
    DeviceMemory out = gpu.allocate(n * 40), integers = gpu.allocate(n * 16);
    gpu.kernel(module, "math_rounded")
        .shape(3, 64)
        .in(gpu.upload(in))
        .out(out)
        .out(integers)
        .i32(n)
        .run();
    assertArrayEquals(expected, gpu.floats(out));
    assertArrayEquals(whole, gpu.ints(integers));
  }

  private static void mathDouble(Gpu gpu, Module module) {
    int n = 120;
    double[] in = new Random(9).doubles(n, -20, 20).toArray();
    in[0] = 0;
    in[1] = 1e9;
    in[2] = -123456.75;
    in[3] = 0x1p60;
    DeviceMemory out = gpu.allocate(n * 64);
    gpu.kernel(module, "math_double").shape(1, 128).in(gpu.upload(in)).out(out).i32(n).run();
    double[] actual = gpu.doubles(out);
    for (int i = 0; i < n; i++) {
      double x = in[i], positive = Math.abs(x) + 0.001;
      double[] expected = {
        StrictMath.exp(Math.min(x, 700)),
        StrictMath.log(positive),
        StrictMath.sin(x),
        StrictMath.cos(x),
        StrictMath.tanh(x),
        Math.sqrt(positive),
        1 / positive,
        1 / Math.sqrt(positive)
      };
      for (int j = 0; j < 8; j++) {
        // Within two steps by CUDA's table, and one by fdlibm's.
        near(
            "result " + j + " of " + x,
            expected[j],
            actual[i * 8 + j],
            j == 5 || j == 6 ? 0 : 3 * 0x1p-52,
            0);
      }
    }
  }
}
