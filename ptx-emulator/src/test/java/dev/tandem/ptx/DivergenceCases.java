package dev.tandem.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.Module;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Threads of a warp that go very different ways. */
final class DivergenceCases {
  private DivergenceCases() {}

  static List<UnseenCase> all() {
    return List.of(
        new UnseenCase("divergence", "collatz", DivergenceCases::collatz),
        new UnseenCase("divergence", "mandelbrot", DivergenceCases::mandelbrot),
        new UnseenCase("divergence", "exits", DivergenceCases::exits));
  }

  /** One of the starts has a peak that only an unsigned number holds. */
  private static void collatz(Gpu gpu, Module module) {
    int n = 90;
    long[] in = new long[n], peaks = new long[n];
    int[] steps = new int[n];
    for (int i = 0; i < n; i++) {
      in[i] = i == 50 ? 8_528_817_511L : i + 1;
      peaks[i] = in[i];
      for (long value = in[i]; value != 1; steps[i]++) {
        value = (value & 1) == 1 ? 3 * value + 1 : value >>> 1;
        peaks[i] = Long.compareUnsigned(value, peaks[i]) > 0 ? value : peaks[i];
      }
    }
    DeviceMemory count = gpu.allocate(n * 4), peak = gpu.allocate(n * 8);
    gpu.kernel(module, "collatz").shape(2, 50).in(gpu.upload(in)).out(count).out(peak).i32(n).run();
    assertArrayEquals(steps, gpu.ints(count));
    assertArrayEquals(peaks, gpu.longs(peak));
  }

  private static void mandelbrot(Gpu gpu, Module module) {
    int width = 37, height = 21, limit = 60;
    float x0 = -2.2f, y0 = -1.1f, step = 0.09f;
    int[] expected = new int[width * height];
    for (int i = 0; i < expected.length; i++) {
      float cx = Math.fma(i % width, step, x0), cy = Math.fma(i / width, step, y0), x = 0, y = 0;
      while (expected[i] < limit && Math.fma(x, x, y * y) < 4) {
        float next = Math.fma(x, x, -(y * y)) + cx;
        y = Math.fma(2 * x, y, cy);
        x = next;
        expected[i]++;
      }
    }
    for (int[] block : new int[][] {{8, 8}, {33, 3}}) {
      DeviceMemory out = gpu.allocate(expected.length * 4L);
      gpu.kernel(module, "mandelbrot")
          .shape(
              (width + block[0] - 1) / block[0],
              (height + block[1] - 1) / block[1],
              block[0],
              block[1])
          .out(out)
          .i32(width, height)
          .f32(x0, y0, step)
          .i32(limit)
          .run();
      assertArrayEquals(expected, gpu.ints(out), "blocks of " + Arrays.toString(block));
    }
  }

  private static void exits(Gpu gpu, Module module) {
    int n = 257;
    int[] in = new Random(15).ints(n, 0, 500).toArray(), expected = new int[n];
    Arrays.setAll(expected, i -> exits(in[i]));
    DeviceMemory out = gpu.allocate(n * 4);
    gpu.kernel(module, "exits").shape(3, 100).in(gpu.upload(in)).out(out).i32(n).run();
    assertArrayEquals(expected, gpu.ints(out));
    assertEquals(
        true, Arrays.stream(expected).anyMatch(value -> value < 0), "some take the early return");
  }

  private static int exits(int value) {
    int sum = 0;
    for (int a = 0; a < 8; a++) {
      if (a == value % 8) {
        continue;
      }
      boolean left = false;
      for (int b = a; b < 12 && a * b <= value / 8 % 32; b++) {
        if ((b ^ value) % 5 == 0) {
          left = true;
          break;
        }
        sum += a * b + 1;
        if (sum > 100 + value) {
          return -sum;
        }
      }
      sum += left ? 0 : 1000;
      sum ^= a;
    }
    return sum;
  }
}
