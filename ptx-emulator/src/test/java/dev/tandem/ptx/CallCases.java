package dev.tandem.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Module;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Calls and what they carry, generic addresses, atomics, printing and asserting. */
final class CallCases {
  private CallCases() {}

  static List<UnseenCase> all() {
    return List.of(
        new UnseenCase("device_functions", "calls_digits", CallCases::digits),
        new UnseenCase("device_functions", "calls_structs", CallCases::structs),
        new UnseenCase("device_functions", "calls_switch", CallCases::operations),
        new UnseenCase("device_functions", "calls_branch_table", CallCases::branchTable),
        new UnseenCase("generic", "generic_spaces", CallCases::spaces),
        new UnseenCase("generic", "generic_union", CallCases::union),
        new UnseenCase("atomics", "atomics_int", CallCases::atomicsInt),
        new UnseenCase("atomics", "atomics_wide", CallCases::atomicsWide),
        new UnseenCase("atomics", "atomics_float_max", CallCases::floatMax),
        new UnseenCase("atomics", "atomics_stack", CallCases::stack),
        new UnseenCase("atomics", "atomics_lock", CallCases::lock),
        new UnseenCase("atomics", "atomics_shared", CallCases::atomicsShared),
        new UnseenCase("printing", "print_values", CallCases::print),
        new UnseenCase("printing", "assert_positive", CallCases::asserting));
  }

  private static int alternatingSum(int value) {
    String digits = new StringBuilder(Integer.toUnsignedString(value)).reverse().toString();
    return IntStream.range(0, digits.length())
        .map(i -> (digits.charAt(i) - '0') * (i % 2 == 0 ? 1 : -1))
        .sum();
  }

  private static void digits(Gpu gpu, Module module) {
    int n = 83;
    int[] in = new Random(1).ints(n).map(i -> i >>> (i & 15)).toArray(), expected = new int[n];
    in[0] = 0;
    Arrays.setAll(expected, i -> alternatingSum(in[i]) + 100 * alternatingSum(in[n - 1 - i]));
    DeviceMemory out = gpu.allocate(n * 4);
    gpu.kernel(module, "calls_digits").shape(3, 32).in(gpu.upload(in)).out(out).i32(n).run();
    assertArrayEquals(expected, gpu.ints(out));
  }

  /** As the device lays it out: two doubles, an int, a char, and three bytes that mean nothing. */
  private record Vector(double x, double y, int id, byte tag) {
    static final int BYTES = 24;

    static Vector random(Random random) {
      return new Vector(
          random.nextInt(1000), random.nextInt(1000), random.nextInt(), (byte) random.nextInt());
    }

    static Vector at(ByteBuffer from, int i) {
      int at = i * BYTES;
      return new Vector(
          from.getDouble(at), from.getDouble(at + 8), from.getInt(at + 16), from.get(at + 20));
    }

    void to(ByteBuffer to, int i) {
      to.putDouble(i * BYTES, x)
          .putDouble(i * BYTES + 8, y)
          .putInt(i * BYTES + 16, id)
          .put(i * BYTES + 20, tag);
    }

    Vector plus(Vector other) {
      return new Vector(x + other.x, y + other.y, id * 31 + other.id, (byte) (tag ^ other.tag));
    }
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void structs(Gpu gpu, Module module) {
    int n = 50;
    Random random = new Random(2);
    ByteBuffer in = littleEndian(n * Vector.BYTES), by = littleEndian(Vector.BYTES);
    Vector shift = Vector.random(random);
    shift.to(by, 0);
    Vector[] expected = new Vector[n];
    for (int i = 0; i < n; i++) {
      Vector own = Vector.random(random);
      own.to(in, i);
      Vector first = i % 3 == 0 ? shift : own, second = i % 3 == 0 ? own : shift;
      expected[i] = first.plus(second.plus(first));
    }
    DeviceMemory out = gpu.zeros(n * Vector.BYTES);
    gpu.kernel(module, "calls_structs")
        .shape(2, 32)
        .in(gpu.upload(in.array()))
        .inOut(out)
        .bytes(MemorySegment.ofArray(by.array()), 8)
        .i32(n)
        .run();
    ByteBuffer actual = ByteBuffer.wrap(gpu.bytes(out)).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < n; i++) {
      assertEquals(expected[i], Vector.at(actual, i), "element " + i);
    }
  }

  private static int operate(int code, int a, int b) {
    return switch (code) {
      case 0 -> a + b;
      case 1 -> a - b;
      case 2 -> a * b;
      case 3 -> b == 0 ? -1 : a / b;
      case 4 -> b == 0 ? -1 : a % b;
      case 5 -> a & b;
      case 6 -> a | b;
      case 7 -> a ^ b;
      case 8 -> a << b;
      case 9 -> a >> b;
      case 10 -> Math.max(a, b);
      case 11 -> Integer.bitCount(a) + alternatingSum(b);
      default -> Integer.MAX_VALUE;
    };
  }

  private static void operations(Gpu gpu, Module module) {
    int n = 150;
    int[] codes = new Random(3).ints(n, 0, 14).toArray(), a = new Random(4).ints(n).toArray();
    int[] b = new Random(5).ints(n, -20, 20).toArray(), expected = new int[n];
    Arrays.setAll(expected, i -> operate(codes[i], a[i], b[i]));
    DeviceMemory out = gpu.allocate(n * 4);
    gpu.kernel(module, "calls_switch")
        .shape(1, 96)
        .in(gpu.upload(codes))
        .in(gpu.upload(a))
        .in(gpu.upload(b))
        .out(out)
        .i32(n)
        .run();
    assertArrayEquals(expected, gpu.ints(out));
  }

  private static void branchTable(Gpu gpu, Module module) {
    int n = 60;
    int[] codes = new Random(6).ints(n, 0, 4).toArray(), expected = new int[n];
    Arrays.setAll(
        expected,
        i ->
            switch (codes[i]) {
              case 1 -> -3 * i ^ 0x55;
              case 2 -> i ^ 0x55;
              default -> i + 100;
            });
    DeviceMemory out = gpu.allocate(n * 4);
    gpu.kernel(module, "calls_branch_table")
        .shape(1, 64)
        .in(gpu.upload(codes))
        .out(out)
        .i32(n)
        .run();
    assertArrayEquals(expected, gpu.ints(out));
  }

  private static void spaces(Gpu gpu, Module module) {
    int n = 11, threads = 40;
    int[] in = new Random(8).ints(n, -1000, 1000).toArray();
    // Threads that take shared memory read its first five words.
    int[] expected = new int[threads];
    for (int t = 0; t < threads; t++) {
      int sum = 17;
      for (int i = 0; i < 5; i++) {
        sum = sum * 31 + (t % 3 == 0 ? in[i] : t % 3 == 1 ? in[i] + 1 : in[(t + i) % n] * i);
      }
      expected[t] = sum + in[(threads - 1 - t) % n] - 1;
    }
    DeviceMemory out = gpu.allocate(threads * 4);
    gpu.kernel(module, "generic_spaces")
        .shape(1, threads)
        .shared(threads * 6)
        .in(gpu.upload(in))
        .out(out)
        .i32(n)
        .run();
    assertArrayEquals(expected, gpu.ints(out));
  }

  private static void union(Gpu gpu, Module module) {
    int n = 50;
    float[] in = ReductionCases.floats(new Random(9), n, 10), expected = new float[n];
    int[] kinds = new int[n];
    for (int i = 0; i < n; i++) {
      ByteBuffer word = littleEndian(4).putFloat(0, in[i]);
      byte kept = word.get(i & 1);
      word.put(i & 1, word.get(2)).put(2, kept).putInt(0, word.getInt(0) ^ 0x80000000);
      expected[i] = word.getFloat(0);
      kinds[i] = (short) (i * (i % 12 + 1)) + 100000 + 400000;
    }
    DeviceMemory out = gpu.allocate(n * 4), kind = gpu.allocate(n * 4);
    gpu.kernel(module, "generic_union")
        .shape(1, 64)
        .in(gpu.upload(in))
        .out(out)
        .out(kind)
        .i32(n)
        .run();
    assertArrayEquals(expected, gpu.floats(out));
    assertArrayEquals(kinds, gpu.ints(kind));
  }

  private static void atomicsInt(Gpu gpu, Module module) {
    int n = 130;
    int[] in = new Random(10).ints(n, -100000, 100000).toArray();
    int[] start = {5, 6, 7, 8, -1, 9, 10, -1, 3, 2, 1, 0, 0};
    int[] expected = start.clone();
    for (int v : in) {
      expected[0] += v;
      expected[1] -= v;
      expected[2] = Math.min(expected[2], v);
      expected[3] = Math.max(expected[3], v);
      expected[4] &= v | 0x00ff0000;
      expected[5] |= v & 0x0f0f0f0f;
      expected[6] ^= v;
      expected[7] = Integer.compareUnsigned(v, expected[7]) < 0 ? v : expected[7];
      expected[8] = Integer.compareUnsigned(v, expected[8]) > 0 ? v : expected[8];
      expected[9] = expected[9] >= 6 ? 0 : expected[9] + 1;
      expected[10] = expected[10] == 0 || expected[10] > 9 ? 9 : expected[10] - 1;
      expected[12] += v & 3;
    }
    expected[11] = n;
    DeviceMemory out = gpu.upload(start);
    gpu.kernel(module, "atomics_int").shape(1, 160).in(gpu.upload(in)).inOut(out).i32(n).run();
    assertArrayEquals(expected, gpu.ints(out));
  }

  private static void atomicsWide(Gpu gpu, Module module) {
    int n = 100;
    long[] in = new Random(11).longs(n).toArray(), start = {7, 0, 0, -1, 0, 0};
    double sum = 0;
    float small = 0;
    int odd = 0;
    for (long v : in) {
      sum += (v & 1023) * 0.5;
      small += (v & 63) * 0.25f;
      odd += (int) (v & 1);
    }
    long[] expected = {
      7 + LongStream.of(in).sum(),
      Math.min(0, LongStream.of(in).min().orElseThrow()),
      Math.max(0, LongStream.of(in).max().orElseThrow()),
      LongStream.of(in).reduce(-1, (a, b) -> a & b),
      LongStream.of(in).reduce(0, (a, b) -> a | b),
      LongStream.of(in).reduce(0, (a, b) -> a ^ b)
    };
    DeviceMemory out = gpu.upload(start),
        wide = gpu.zeros(8),
        single = gpu.zeros(4),
        half = gpu.zeros(4);
    gpu.kernel(module, "atomics_wide")
        .shape(3, 40)
        .in(gpu.upload(in))
        .inOut(out)
        .inOut(wide)
        .inOut(single)
        .inOut(half)
        .i32(n)
        .run();
    assertArrayEquals(expected, gpu.longs(out));
    assertEquals(sum, gpu.doubles(wide)[0]);
    assertEquals(small, gpu.floats(single)[0]);
    assertEquals(n, Float.float16ToFloat(gpu.shorts(half)[0]));
    assertEquals(odd, Float.float16ToFloat(gpu.shorts(half)[1]));
  }

  private static void floatMax(Gpu gpu, Module module) {
    float[] in = ReductionCases.floats(new Random(12), 200, 5);
    float most = Float.NEGATIVE_INFINITY;
    for (float x : in) {
      most = Math.max(most, x);
    }
    DeviceMemory out = gpu.upload(-1e30f);
    gpu.kernel(module, "atomics_float_max")
        .shape(4, 64)
        .in(gpu.upload(in))
        .inOut(out)
        .i32(in.length)
        .run();
    assertEquals(most, gpu.floats(out)[0]);
  }

  /** Every node is on the stack of its value, once. */
  private static void stack(Gpu gpu, Module module) {
    int n = 150, stacks = 4;
    int[] in = new Random(13).ints(n, 0, 1000).toArray(), empty = new int[stacks];
    Arrays.fill(empty, -1);
    DeviceMemory heads = gpu.upload(empty), next = gpu.allocate(n * 4);
    gpu.kernel(module, "atomics_stack")
        .shape(3, 64)
        .in(gpu.upload(in))
        .inOut(heads)
        .inOut(next)
        .i32(stacks, n)
        .run();
    int[] below = gpu.ints(next);
    boolean[] seen = new boolean[n];
    for (int s = 0; s < stacks; s++) {
      for (int node = gpu.ints(heads)[s]; node >= 0; node = below[node]) {
        assertEquals(s, in[node] % stacks, "stack of node " + node);
        assertEquals(false, seen[node], "node " + node + " seen before");
        seen[node] = true;
      }
    }
    assertEquals(n, IntStream.range(0, n).filter(i -> seen[i]).count());
  }

  private static void lock(Gpu gpu, Module module) {
    DeviceMemory counter = gpu.zeros(4);
    gpu.kernel(module, "atomics_lock").shape(2, 40).inOut(gpu.zeros(4)).inOut(counter).i32(3).run();
    assertEquals(2 * 40 * 3, gpu.ints(counter)[0]);
  }

  private static void atomicsShared(Gpu gpu, Module module) {
    int[] in = new Random(14).ints(77, -5000, 5000).toArray();
    DeviceMemory out = gpu.allocate(24);
    gpu.kernel(module, "atomics_shared")
        .shape(1, 48)
        .in(gpu.upload(in))
        .out(out)
        .i32(in.length)
        .run();
    long[] expected = {
      IntStream.of(in).asLongStream().sum(), IntStream.of(in).min().orElseThrow(), 4
    };
    assertArrayEquals(expected, gpu.longs(out));
  }

  private static void print(Gpu gpu, Module module) {
    int[] in = {1, -2, 3, -4, 5}, expected = {2, -4, 6, -8, 10};
    DeviceMemory out = gpu.allocate(20);
    gpu.kernel(module, "print_values").shape(1, 32).in(gpu.upload(in)).out(out).i32(5).run();
    assertArrayEquals(expected, gpu.ints(out));
  }

  /** Holds first; then fails, which costs the context. */
  private static void asserting(Gpu gpu, Module module) {
    DeviceMemory out = gpu.allocate(12);
    DeviceMemory good = gpu.upload(1, 2, 3), bad = gpu.upload(1, 0, 3);
    gpu.kernel(module, "assert_positive").shape(1, 32).in(good).out(out).i32(3).run();
    assertArrayEquals(new int[] {2, 3, 4}, gpu.ints(out));
    Launch failing = gpu.kernel(module, "assert_positive").shape(1, 32).in(bad).out(out).i32(3);
    assertEquals(
        DriverError.CUDA_ERROR_ASSERT, assertThrows(DriverException.class, failing::run).error());
    gpu.lost();
  }
}
