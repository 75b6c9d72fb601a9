package dev.tandem.ptx;

import static dev.tandem.ptx.Closeness.near;
import static dev.tandem.ptx.Closeness.roundings;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.Module;
import java.util.List;
import java.util.Random;

/** Attention on tensor cores, and what else a training in halves does. */
final class HalfTrainingCases {
  /** Half the distance from 1 to the next number, of which a rounding may be wrong relative to its result. */
  private static final double OF_BFLOAT = 0x1p-8, OF_HALF = 0x1p-11;

  private HalfTrainingCases() {}

  static List<UnseenCase> all() {
    return List.of(
        new UnseenCase(
            "flash", "flash_bf16", (gpu, module) -> flash(gpu, module, Type.BFLOAT, 100)),
        new UnseenCase("flash", "flash_f16", (gpu, module) -> flash(gpu, module, Type.HALF, 45)),
        new UnseenCase("half_training", "bias_gelu_bf16", HalfTrainingCases::gelu),
        new UnseenCase("half_training", "squares_f16", HalfTrainingCases::squares),
        new UnseenCase("half_training", "momentum_stochastic_bf16", HalfTrainingCases::momentum),
        new UnseenCase("half_training", "narrow_f16", HalfTrainingCases::narrow),
        new UnseenCase("half_training", "scatter_pairs", HalfTrainingCases::scatter));
  }

  private enum Type {
    BFLOAT("flash_bf16", OF_BFLOAT),
    HALF("flash_f16", OF_HALF);

    private final String kernel;
    private final double rounding;

    Type(String kernel, double rounding) {
      this.kernel = kernel;
      this.rounding = rounding;
    }

    short narrow(float value) {
      return this == BFLOAT ? SmallFloats.bfloat(value) : Float.floatToFloat16(value);
    }

    float wide(short bits) {
      return this == BFLOAT ? SmallFloats.singleOfBfloat(bits) : Float.float16ToFloat(bits);
    }
  }

  private static short[] drawn(Type type, int seed, int count) {
    short[] values = new short[count];
    Random random = new Random(seed);
    for (int i = 0; i < count; i++) {
      values[i] = type.narrow((float) random.nextGaussian());
    }
    return values;
  }

  private static float[] wide(Type type, short[] bits) {
    float[] values = new float[bits.length];
    for (int i = 0; i < bits.length; i++) {
      values[i] = type.wide(bits[i]);
    }
    return values;
  }

  private static void flash(Gpu gpu, Module module, Type type, int length) {
    int width = 64;
    short[][] in = new short[3][];
    for (int i = 0; i < 3; i++) {
      in[i] = drawn(type, 30 + i, length * width);
    }
    float[] q = wide(type, in[0]), k = wide(type, in[1]), v = wide(type, in[2]);
    double[] expected = new double[length * width], norms = new double[length];
    double most = 0;
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
      norms[i] = Math.log(sum);
      for (int j = 0; j <= i; j++) {
        for (int d = 0; d < width; d++) {
          expected[i * width + d] += weights[j] / sum * v[j * width + d];
          most = Math.max(most, Math.abs(v[j * width + d]));
        }
      }
    }
    DeviceMemory y = gpu.allocate(length * width * 2L), lse = gpu.allocate(length * 4L);
    gpu.kernel(module, type.kernel)
        .shape((length + 63) / 64, 128)
        .in(gpu.upload(in[0]))
        .in(gpu.upload(in[1]))
        .in(gpu.upload(in[2]))
        .out(y)
        .out(lse)
        .i32(length)
        .f32(0.125f)
        .run();
    double[] actual = new double[length * width];
    float[] got = wide(type, gpu.shorts(y));
    for (int i = 0; i < actual.length; i++) {
      actual[i] = got[i];
    }
    // Weights are rounded before they meet the values, and the result is; scores of size 64 have an
    // error of 64 roundings in F32,
    // which the exponential takes as relative.
    double scores = roundings(64 * 8) * 4;
    near("y", expected, actual, 0, (2 * type.rounding + scores) * most);
    near("lse", norms, gpu.floats(lse), 0, scores);
  }

  private static void gelu(Gpu gpu, Module module) {
    int n = 13, c = 24;
    short[] x = drawn(Type.BFLOAT, 40, n * c), b = drawn(Type.BFLOAT, 41, c);
    double[] expected = new double[n * c], actual = new double[n * c];
    for (int i = 0; i < n * c; i++) {
      double u = (double) Type.BFLOAT.wide(x[i]) + Type.BFLOAT.wide(b[i % c]);
      double inner = Math.sqrt(2 / Math.PI) * (u + 0.044715 * u * u * u);
      expected[i] = u / 2 * (1 + Math.tanh(inner));
    }
    DeviceMemory y = gpu.allocate(n * c * 2L);
    gpu.kernel(module, "bias_gelu_bf16")
        .shape(2, 32)
        .in(gpu.upload(x))
        .in(gpu.upload(b))
        .out(y)
        .i32(n, c)
        .run();
    float[] got = wide(Type.BFLOAT, gpu.shorts(y));
    for (int i = 0; i < actual.length; i++) {
      actual[i] = got[i];
    }
    // tanh.approx is wrong by 2^-11 relative, which for negative numbers cancels against the 1; no
    // u is larger than 8.
    near("y", expected, actual, OF_BFLOAT, 8 * 0x1p-11);
  }

  private static void squares(Gpu gpu, Module module) {
    int pairs = 1111, blocks = 3, threads = 96;
    short[] x = drawn(Type.HALF, 42, pairs * 2);
    float[] values = wide(Type.HALF, x);
    double expected = 0;
    for (float value : values) {
      expected += (double) value * value;
    }
    for (boolean overflown : new boolean[] {false, true}) {
      if (overflown) {
        x[777] = Float.floatToFloat16(Float.NEGATIVE_INFINITY);
      }
      DeviceMemory sums = gpu.allocate(blocks * 4L);
      gpu.kernel(module, "squares_f16")
          .shape(blocks, threads)
          .in(gpu.upload(x))
          .out(sums)
          .i32(pairs)
          .run();
      double sum = 0;
      for (float part : gpu.floats(sums)) {
        sum += part;
      }
      near("sum", overflown ? Double.POSITIVE_INFINITY : expected, sum, roundings(64), 0);
    }
  }

  /** To the bit: each operation of the kernel is rounded once, and Java has the same ones. */
  private static void momentum(Gpu gpu, Module module) {
    int n = 200;
    float[] master = ReductionCases.floats(new Random(43), n, 1);
    float[] before = ReductionCases.floats(new Random(44), n, 1);
    short[] w = new short[n], dw = drawn(Type.BFLOAT, 45, n), expectedW = new short[n];
    float[] expectedMaster = new float[n], expectedMomentum = new float[n];
    int up = 0;
    for (int i = 0; i < n; i++) {
      expectedMomentum[i] = Math.fma(0.9f, before[i], 0.5f * Type.BFLOAT.wide(dw[i]));
      expectedMaster[i] = Math.fma(-0.125f, expectedMomentum[i], master[i]);
      int bits = Float.floatToRawIntBits(expectedMaster[i]);
      expectedW[i] = (short) (bits + (scrambled(i) & 0xFFFF) >>> 16);
      up += expectedW[i] == (short) (bits >>> 16) ? 0 : 1;
    }
    assertEquals(n / 2, up, n / 4, "some are rounded up, some down");
    DeviceMemory ofW = gpu.upload(w), ofMaster = gpu.upload(master), ofBefore = gpu.upload(before);
    for (float factor : new float[] {Float.NaN, 0.5f}) {
      gpu.kernel(module, "momentum_stochastic_bf16")
          .shape(7, 32)
          .inOut(ofW)
          .inOut(ofMaster)
          .inOut(ofBefore)
          .in(gpu.upload(dw))
          .in(gpu.upload(factor))
          .i32(n)
          .run();
      boolean done = factor == 0.5f;
      assertArrayEquals(done ? expectedW : w, gpu.shorts(ofW), "w, factor " + factor);
      assertArrayEquals(done ? expectedMaster : master, gpu.floats(ofMaster), "master");
      assertArrayEquals(done ? expectedMomentum : before, gpu.floats(ofBefore), "momentum");
    }
  }

  private static int scrambled(int i) {
    int x = i * 747796405 + (int) 2891336453L;
    x = (x >>> (x >>> 28) + 4 ^ x) * 277803737;
    return x >>> 22 ^ x;
  }

  private static void narrow(Gpu gpu, Module module) {
    float[] master = ReductionCases.floats(new Random(46), 150, 1000);
    master[0] = 65519.9f;
    master[1] = 65520;
    master[2] = 1e-8f;
    master[3] = -0.0f;
    int n = master.length;
    short[] w = new short[n], rest = new short[n];
    for (int i = 0; i < n; i++) {
      w[i] = Float.floatToFloat16(master[i]);
      rest[i] = Float.floatToFloat16((master[i] - Float.float16ToFloat(w[i])) * 4096);
    }
    DeviceMemory ofW = gpu.allocate(n * 2L), ofRest = gpu.allocate(n * 2L);
    gpu.kernel(module, "narrow_f16")
        .shape(5, 32)
        .in(gpu.upload(master))
        .out(ofW)
        .out(ofRest)
        .i32(n)
        .run();
    assertArrayEquals(w, gpu.shorts(ofW));
    assertArrayEquals(rest, gpu.shorts(ofRest));
  }

  /** Small whole numbers, whose sums are exact in whatever order. */
  private static void scatter(Gpu gpu, Module module) {
    int n = 40, half = 5, rows = 7;
    Random random = new Random(47);
    int[] row = random.ints(n, 0, rows).toArray();
    short[] x = new short[n * half * 2], expected = new short[rows * half * 2];
    float[] sums = new float[expected.length];
    for (int i = 0; i < x.length; i++) {
      int value = random.nextInt(-7, 8);
      x[i] = Float.floatToFloat16(value);
      sums[row[i / (half * 2)] * half * 2 + i % (half * 2)] += value;
    }
    for (int i = 0; i < expected.length; i++) {
      expected[i] = Float.floatToFloat16(sums[i]);
    }
    DeviceMemory table = gpu.zeros(expected.length * 2L);
    gpu.kernel(module, "scatter_pairs")
        .shape(4, 64)
        .inOut(table)
        .in(gpu.upload(x))
        .in(gpu.upload(row))
        .i32(n, half)
        .run();
    assertArrayEquals(expected, gpu.shorts(table));
  }
}
