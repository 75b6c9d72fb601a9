package dev.tandem.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.Module;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;

/** Whole numbers: division, bits, hashes, random words, eight-bit arithmetic. All exact. */
final class IntegerCases {
  private IntegerCases() {}

  static List<UnseenCase> all() {
    return List.of(
        new UnseenCase("division", "division_64", IntegerCases::division64),
        new UnseenCase("division", "division_32", IntegerCases::division32),
        new UnseenCase("bits", "crc_rows", IntegerCases::crc),
        new UnseenCase("bits", "sha256", IntegerCases::sha256),
        new UnseenCase("bits", "bits_each", IntegerCases::bits),
        new UnseenCase("philox", "philox_words", IntegerCases::philox),
        new UnseenCase("philox", "philox_uniform", IntegerCases::uniform),
        new UnseenCase("int8", "int8_dot", IntegerCases::dot),
        new UnseenCase("int8", "int8_quantise", IntegerCases::quantise),
        new UnseenCase("int8", "int8_simd", IntegerCases::simd));
  }

  /** Random words of every length, and the ends of the range. No zeros. */
  private static long[] longs(int seed, int n) {
    Random random = new Random(seed);
    long[] values = new long[n];
    Arrays.setAll(values, i -> random.nextLong() >> random.nextInt(63) | 1);
    values[0] = Long.MAX_VALUE;
    values[1] = Long.MIN_VALUE;
    values[2] = -1;
    values[3] = 1L << 32;
    return values;
  }

  private static int[] ints(int seed, int n) {
    Random random = new Random(seed);
    int[] values = new int[n];
    Arrays.setAll(values, i -> random.nextInt() >> random.nextInt(31) | 1);
    values[0] = Integer.MAX_VALUE;
    values[1] = Integer.MIN_VALUE;
    values[2] = -1;
    return values;
  }

  private static void division64(Gpu gpu, Module module) {
    long[] a = longs(1, 203), b = longs(2, a.length), expected = new long[a.length * 8];
    b[1] = 3;
    for (int i = 0; i < a.length; i++) {
      long x = a[i], y = b[i];
      BigInteger wide = BigInteger.valueOf(x).multiply(BigInteger.valueOf(y));
      BigInteger unsigned =
          new BigInteger(Long.toUnsignedString(x))
              .multiply(new BigInteger(Long.toUnsignedString(y)));
      long[] row = {
        x / y,
        x % y,
        Long.divideUnsigned(x, y),
        Long.remainderUnsigned(x, y),
        wide.shiftRight(64).longValue(),
        unsigned.shiftRight(64).longValue(),
        x * y + x / 1000003,
        x >> y ^ x >>> y ^ x << y
      };
      System.arraycopy(row, 0, expected, i * 8, 8);
    }
    DeviceMemory out = gpu.allocate(expected.length * 8L);
    gpu.kernel(module, "division_64")
        .shape(4, 53)
        .in(gpu.upload(a))
        .in(gpu.upload(b))
        .out(out)
        .i32(a.length)
        .run();
    assertArrayEquals(expected, gpu.longs(out));
  }

  private static void division32(Gpu gpu, Module module) {
    int[] a = ints(3, 150), b = ints(4, a.length), expected = new int[a.length * 8];
    b[1] = -7;
    for (int i = 0; i < a.length; i++) {
      int x = a[i], y = b[i];
      long difference = Math.abs((long) x - y),
          unsigned = Math.abs(Integer.toUnsignedLong(x) - Integer.toUnsignedLong(y));
      int[] row = {
        x / y,
        x % y,
        Integer.divideUnsigned(x, y),
        Integer.remainderUnsigned(x, 7) + Integer.divideUnsigned(x, 641),
        (int) ((long) x * y >> 32),
        (int) (Integer.toUnsignedLong(x) * Integer.toUnsignedLong(y) >> 32),
        (x << 8 >> 8) * (y << 8 >> 8) + x / 7,
        (int) ((long) x + y >> 1) ^ (int) difference + y ^ (int) unsigned + 5
      };
      System.arraycopy(row, 0, expected, i * 8, 8);
    }
    DeviceMemory out = gpu.allocate(expected.length * 4L);
    gpu.kernel(module, "division_32")
        .shape(3, 64)
        .in(gpu.upload(a))
        .in(gpu.upload(b))
        .out(out)
        .i32(a.length)
        .run();
    assertArrayEquals(expected, gpu.ints(out));
  }

  private static void crc(Gpu gpu, Module module) {
    int rows = 40, stride = 37;
    byte[] in = new byte[rows * stride];
    new Random(5).nextBytes(in);
    int[] lengths = new Random(6).ints(rows, 0, stride + 1).toArray(), expected = new int[rows];
    for (int row = 0; row < rows; row++) {
      CRC32 crc = new CRC32();
      crc.update(in, row * stride, lengths[row]);
      expected[row] = (int) crc.getValue();
    }
    gpu.kernel(module, "crc_table").shape(1, 256).run();
    DeviceMemory out = gpu.allocate(rows * 4);
    gpu.kernel(module, "crc_rows")
        .shape(2, 32)
        .in(gpu.upload(in))
        .in(gpu.upload(lengths))
        .out(out)
        .i32(stride, rows)
        .run();
    assertArrayEquals(expected, gpu.ints(out));
  }

  private static void sha256(Gpu gpu, Module module) {
    int n = 9, blocks = 2;
    ByteBuffer messages = ByteBuffer.allocate(n * blocks * 64),
        expected = ByteBuffer.allocate(n * 32);
    Random random = new Random(7);
    for (int i = 0; i < n; i++) {
      byte[] text = new byte[64 + random.nextInt(55)];
      random.nextBytes(text);
      int at = i * blocks * 64;
      messages
          .put(at, text)
          .put(at + text.length, (byte) 0x80)
          .putLong(at + blocks * 64 - 8, text.length * 8L);
      try {
        expected.put(MessageDigest.getInstance("SHA-256").digest(text));
      } catch (NoSuchAlgorithmException e) {
        throw new AssertionError(e);
      }
    }
    DeviceMemory out = gpu.allocate(n * 32);
    gpu.kernel(module, "sha256")
        .shape(1, 32)
        .in(gpu.upload(messages.array()))
        .out(out)
        .i32(blocks, n)
        .run();
    int[] words = new int[n * 8];
    expected.flip().order(ByteOrder.BIG_ENDIAN).asIntBuffer().get(words);
    assertArrayEquals(words, gpu.ints(out));
  }

  /** The definitions of PTX, in the words of java.lang.Integer where it has them. */
  private static void bits(Gpu gpu, Module module) {
    int n = 100;
    int[] a = ints(8, n), b = ints(9, n), expected = new int[n * 16];
    a[5] = 0;
    b[6] = 0;
    for (int i = 0; i < n; i++) {
      int x = a[i], y = b[i];
      long wide = (long) x << 32 | Integer.toUnsignedLong(y),
          high = (long) y << 32 | Integer.toUnsignedLong(x);
      int length = y & 15, at = i & 31;
      long field = Integer.toUnsignedLong(x) >>> at & (1L << length) - 1;
      // The sign is bit at + length - 1, or bit 31 where the field reaches beyond.
      int signAt = Math.min(at + length - 1, 31);
      boolean negative = length > 0 && (x >> signAt & 1) == 1;
      long mask = (1L << Math.min(9, 32 - at)) - 1 << at;
      int[] row = {
        Integer.bitCount(x),
        Integer.numberOfLeadingZeros(x),
        Integer.reverse(x),
        x == 0 ? 0 : Integer.numberOfTrailingZeros(x) + 1,
        (int) (high << (i & 31) >>> 32),
        (int) (high >>> Math.min(i, 32)),
        permute(x, y, 0x5140 + i),
        Long.bitCount(wide) + 100 * Long.numberOfLeadingZeros(wide),
        (int) (Long.reverse(wide) >>> 7),
        (int) field,
        negative ? (int) (field | -1L << Math.min(length, 32 - at)) : (int) field,
        (int) (((long) x << at & mask) | (y & ~mask)),
        31 - Integer.numberOfLeadingZeros(y),
        x & y | x & x + y | y & x + y,
        x + (Integer.compareUnsigned(x + y, x) < 0 ? 1 : 0),
        x - y - (Integer.compareUnsigned(x, y) < 0 ? 1 : 0)
      };
      System.arraycopy(row, 0, expected, i * 16, 16);
    }
    DeviceMemory out = gpu.allocate(expected.length * 4L);
    gpu.kernel(module, "bits_each")
        .shape(2, 64)
        .in(gpu.upload(a))
        .in(gpu.upload(b))
        .out(out)
        .i32(n)
        .run();
    assertArrayEquals(expected, gpu.ints(out));
  }

  /** Each hexadecimal digit of the selector names one of eight bytes; the CUDA function ignores the sign bit. */
  private static int permute(int x, int y, int selector) {
    long bytes = (long) y << 32 | Integer.toUnsignedLong(x);
    int result = 0;
    for (int i = 0; i < 4; i++) {
      result |= (int) (bytes >>> (selector >> 4 * i & 7) * 8 & 255) << 8 * i;
    }
    return result;
  }

  private static int[] philox(long counter, long seed) {
    int[] c = {(int) counter, (int) (counter >>> 32), 0, 0};
    int k0 = (int) seed, k1 = (int) (seed >>> 32);
    for (int round = 0; round < 10; round++) {
      long p0 = 0xD2511F53L * Integer.toUnsignedLong(c[0]),
          p1 = 0xCD9E8D57L * Integer.toUnsignedLong(c[2]);
      c =
          new int[] {
            (int) (p1 >>> 32) ^ c[1] ^ k0, (int) p1, (int) (p0 >>> 32) ^ c[3] ^ k1, (int) p0
          };
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    return c;
  }

  private static void philox(Gpu gpu, Module module) {
    // The known answer of the paper's own tests for a counter and a key of zeros.
    assertArrayEquals(new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, philox(0, 0));
    int n = 75;
    long seed = 0x1234_5678_9abc_def0L, first = 0xffff_ffe0L;
    int[] expected = new int[n * 4];
    for (int i = 0; i < n; i++) {
      System.arraycopy(philox(first + i, seed), 0, expected, i * 4, 4);
    }
    DeviceMemory out = gpu.allocate(n * 16);
    gpu.kernel(module, "philox_words").shape(3, 32).out(out).i64(seed).i64(first).i32(n).run();
    assertArrayEquals(expected, gpu.ints(out));
  }

  private static void uniform(Gpu gpu, Module module) {
    int n = 130;
    float[] expected = new float[n];
    for (int i = 0; i < n; i++) {
      expected[i] = ((philox(i / 4, 99)[i % 4] >>> 8) + 1) * 0x1p-24f;
    }
    DeviceMemory out = gpu.allocate(n * 4);
    gpu.kernel(module, "philox_uniform").shape(2, 32).out(out).i64(99).i32(n).run();
    assertArrayEquals(expected, gpu.floats(out));
  }

  private static void dot(Gpu gpu, Module module) {
    int rows = 45, words = 7;
    byte[] a = new byte[rows * words * 4], b = new byte[words * 4];
    new Random(10).nextBytes(a);
    new Random(11).nextBytes(b);
    ByteBuffer left = ByteBuffer.wrap(a).order(ByteOrder.LITTLE_ENDIAN);
    int[] expected = new int[rows * 3];
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < words * 4; i++) {
        byte x = a[row * words * 4 + i];
        expected[row * 3] += x * b[i];
        expected[row * 3 + 1] += (x & 255) * (b[i] & 255);
      }
      for (int i = 0; i < words; i++) {
        // dp2a: two halves of a word of A, with the lower two bytes of B's, then with the upper
        // two.
        for (int j = 0; j < 4; j++) {
          expected[row * 3 + 2] += left.getShort((row * words + i) * 4 + j % 2 * 2) * b[i * 4 + j];
        }
      }
    }
    DeviceMemory out = gpu.allocate(rows * 12);
    gpu.kernel(module, "int8_dot")
        .shape(2, 24)
        .in(gpu.upload(a))
        .in(gpu.upload(b))
        .out(out)
        .i32(words, rows)
        .run();
    assertArrayEquals(expected, gpu.ints(out));
  }

  private static void quantise(Gpu gpu, Module module) {
    float[] in = ReductionCases.floats(new Random(12), 300, 100);
    in[0] = 2.5f;
    in[1] = -3.5f;
    in[2] = 1e20f;
    in[3] = 127.5f;
    byte[] whole = new byte[in.length], positive = new byte[in.length];
    for (int i = 0; i < in.length; i++) {
      whole[i] = (byte) Math.clamp(Math.rint(in[i]), -128, 127);
      positive[i] = (byte) (int) Math.clamp(Math.rint(in[i]), 0, 255);
    }
    DeviceMemory out = gpu.allocate(in.length), unsigned = gpu.allocate(in.length);
    gpu.kernel(module, "int8_quantise")
        .shape(3, 128)
        .in(gpu.upload(in))
        .out(out)
        .out(unsigned)
        .f32(1)
        .i32(in.length)
        .run();
    assertArrayEquals(whole, gpu.bytes(out));
    assertArrayEquals(positive, gpu.bytes(unsigned));
  }

  private static void simd(Gpu gpu, Module module) {
    int n = 99;
    int[] a = ints(13, n), b = ints(14, n), expected = new int[n * 6];
    for (int i = 0; i < n; i++) {
      for (int at = 0; at < 32; at += 8) {
        int x = a[i] >>> at & 255, y = b[i] >>> at & 255;
        expected[i * 6] |= (x + y & 255) << at;
        expected[i * 6 + 1] |= Math.abs(x - y) << at;
        expected[i * 6 + 2] |= (Math.max((byte) x, (byte) y) & 255) << at;
        expected[i * 6 + 3] |= (x > y ? 255 : 0) << at;
        expected[i * 6 + 5] += Math.abs((byte) x - (byte) y);
      }
      for (int at = 0; at < 32; at += 16) {
        expected[i * 6 + 4] |=
            Math.min((a[i] >>> at & 0xffff) + (b[i] >>> at & 0xffff), 0xffff) << at;
      }
    }
    DeviceMemory out = gpu.allocate(n * 24);
    gpu.kernel(module, "int8_simd")
        .shape(4, 32)
        .in(gpu.upload(a))
        .in(gpu.upload(b))
        .out(out)
        .i32(n)
        .run();
    assertArrayEquals(expected, gpu.ints(out));
  }
}
