package dev.tandem.ptx;

import static dev.tandem.ptx.Closeness.near;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.Module;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Small types and packed structs, and arrays of a thread's own. */
final class LayoutCases {
  private LayoutCases() {}

  static List<UnseenCase> all() {
    return List.of(
        new UnseenCase("bytes", "bytes_packed", LayoutCases::packed),
        new UnseenCase("bytes", "bytes_fields", LayoutCases::fields),
        new UnseenCase("bytes", "bytes_utf8", LayoutCases::utf8),
        new UnseenCase("local_arrays", "local_permutation", LayoutCases::permutation),
        new UnseenCase("local_arrays", "local_heap", LayoutCases::heap),
        new UnseenCase("local_arrays", "local_solve", LayoutCases::solve));
  }

  private static void packed(Gpu gpu, Module module) {
    int n = 35, size = 16;
    ByteBuffer in = ByteBuffer.allocate(n * size).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer expected = ByteBuffer.allocate(n * size).order(ByteOrder.LITTLE_ENDIAN);
    new Random(11).nextBytes(in.array());
    long[] sums = new long[n];
    for (int i = 0; i < n; i++) {
      int at = i * size, to = (n - 1 - i) * size;
      int kind = in.get(at) & 255, length = in.getInt(at + 1);
      short delta = in.getShort(at + 5);
      byte tail = in.get(at + 15);
      sums[i] = kind + Integer.toUnsignedLong(length) * 3 + delta + in.getLong(at + 7) + tail;
      expected
          .put(to, (byte) kind)
          .putInt(to + 1, length + kind)
          .putShort(to + 5, (short) -delta)
          .putLong(to + 7, in.getLong(at + 7))
          .put(to + 15, (byte) (tail ^ 0x55));
    }
    DeviceMemory out = gpu.allocate(n * size), sum = gpu.allocate(n * 8);
    gpu.kernel(module, "bytes_packed")
        .shape(2, 32)
        .in(gpu.upload(in.array()))
        .out(out)
        .out(sum)
        .i32(n)
        .run();
    assertArrayEquals(sums, gpu.longs(sum));
    assertArrayEquals(expected.array(), gpu.bytes(out));
  }

  private static void fields(Gpu gpu, Module module) {
    int n = 40;
    int[] in = new Random(12).ints(n).toArray(), expected = new int[n];
    short[] middles = new short[n];
    for (int i = 0; i < n; i++) {
      int low = in[i] + 3 & 31, middle = in[i] << 16 >> 21, high = in[i] >>> 16;
      middles[i] = (short) middle;
      expected[i] = low | (-middle & 0x7ff) << 5 | (high >> 1 | low << 8) << 16;
    }
    DeviceMemory out = gpu.allocate(n * 4), middle = gpu.allocate(n * 2);
    gpu.kernel(module, "bytes_fields")
        .shape(1, 64)
        .in(gpu.upload(in))
        .out(out)
        .out(middle)
        .i32(n)
        .run();
    assertArrayEquals(middles, gpu.shorts(middle));
    assertArrayEquals(expected, gpu.ints(out));
  }

  private static void utf8(Gpu gpu, Module module) {
    byte[] text =
        "Größe, naïveté, 漢字 and 🙂: one start for each of these."
            .repeat(3)
            .getBytes(StandardCharsets.UTF_8);
    int threads = 50, blocks = (text.length + threads - 1) / threads;
    int[] expected = new int[blocks];
    for (int i = 0; i < text.length; i++) {
      expected[i / threads] += (text[i] & 0xc0) == 0x80 ? 0 : 1;
    }
    DeviceMemory starts = gpu.allocate(blocks * 4L);
    gpu.kernel(module, "bytes_utf8")
        .shape(blocks, threads)
        .in(gpu.upload(text))
        .out(starts)
        .i32(text.length)
        .run();
    assertArrayEquals(expected, gpu.ints(starts));
  }

  /** The permutation of a rank, from the factorial number system. */
  private static void permutation(Gpu gpu, Module module) {
    int n = 70;
    int[] ranks = new Random(13).ints(n, 0, 40320).toArray();
    byte[] expected = new byte[n * 8];
    for (int i = 0; i < n; i++) {
      List<Byte> left =
          new java.util.ArrayList<>(
              List.of(
                  (byte) 0, (byte) 1, (byte) 2, (byte) 3, (byte) 4, (byte) 5, (byte) 6, (byte) 7));
      int rank = ranks[i], radix = 5040;
      for (int j = 0; j < 8; j++) {
        expected[i * 8 + j] = left.remove(rank / radix);
        rank %= radix;
        radix /= Math.max(1, 7 - j);
      }
    }
    DeviceMemory out = gpu.allocate(n * 8);
    gpu.kernel(module, "local_permutation")
        .shape(3, 32)
        .in(gpu.upload(ranks))
        .out(out)
        .i32(n)
        .run();
    assertArrayEquals(expected, gpu.bytes(out));
  }

  private static void heap(Gpu gpu, Module module) {
    int rows = 40, columns = 33, keep = 10;
    float[] in = new float[rows * columns], expected = new float[rows * 2];
    Random random = new Random(14);
    for (int i = 0; i < in.length; i++) {
      in[i] = random.nextInt(1000) / 8f;
    }
    for (int row = 0; row < rows; row++) {
      float[] sorted = Arrays.copyOfRange(in, row * columns, (row + 1) * columns);
      Arrays.sort(sorted);
      expected[row * 2] = sorted[columns - keep];
      for (int i = columns - keep; i < columns; i++) {
        expected[row * 2 + 1] += sorted[i];
      }
    }
    DeviceMemory out = gpu.allocate(rows * 8);
    gpu.kernel(module, "local_heap")
        .shape(2, 32)
        .in(gpu.upload(in))
        .out(out)
        .i32(columns, keep, rows)
        .run();
    assertArrayEquals(expected, gpu.floats(out));
  }

  /** The solution is chosen first; matrices with a strong diagonal, rows shuffled so that pivots are needed. */
  private static void solve(Gpu gpu, Module module) {
    int n = 20;
    for (int order : new int[] {1, 5, 6}) {
      double[] a = new double[n * order * order],
          right = new double[n * order],
          x = new double[n * order];
      Random random = new Random(order);
      for (int i = 0; i < n * order; i++) {
        x[i] = random.nextGaussian();
      }
      for (int i = 0; i < n; i++) {
        for (int r = 0; r < order; r++) {
          for (int c = 0; c < order; c++) {
            double element = random.nextDouble() + (c == (r + i) % order ? 8 : 0);
            a[(i * order + r) * order + c] = element;
            right[i * order + r] += element * x[i * order + c];
          }
        }
      }
      DeviceMemory out = gpu.allocate(n * order * 8L);
      gpu.kernel(module, "local_solve")
          .shape(1, 32)
          .in(gpu.upload(a))
          .in(gpu.upload(right))
          .out(out)
          .i32(order, n)
          .run();
      // Well conditioned (below 20), some twenty roundings of numbers up to 40.
      near("order " + order, x, gpu.doubles(out), 0, 1e-12);
    }
  }
}
