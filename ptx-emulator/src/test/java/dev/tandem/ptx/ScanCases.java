package dev.tandem.ptx;

import static dev.tandem.ptx.Closeness.near;
import static dev.tandem.ptx.Closeness.roundings;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.Module;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Scans, compaction, sorts, and what warps do together: matches, votes, shuffles, named barriers, groups. */
final class ScanCases {
  private ScanCases() {}

  static List<UnseenCase> all() {
    return List.of(
        new UnseenCase("scan", "scan_hillis_steele", ScanCases::hillisSteele),
        new UnseenCase("scan", "scan_blelloch", ScanCases::blelloch),
        new UnseenCase("scan", "scan_warps", ScanCases::warps),
        new UnseenCase("scan", "scan_look_back", ScanCases::lookBack),
        new UnseenCase("compact", "compact", (gpu, module) -> compact(gpu, module, "compact")),
        new UnseenCase(
            "compact", "compact_active", (gpu, module) -> compact(gpu, module, "compact_active")),
        new UnseenCase("bitonic", "bitonic_block", ScanCases::bitonicBlock),
        new UnseenCase("bitonic", "bitonic_warp", ScanCases::bitonicWarp),
        new UnseenCase("warp_match", "match_count", ScanCases::matchCount),
        new UnseenCase("warp_match", "match_all", ScanCases::matchAll),
        new UnseenCase("warp_match", "warp_reduce", ScanCases::warpReduce),
        new UnseenCase("warp_match", "warp_shuffles", ScanCases::shuffles),
        new UnseenCase("warp_match", "warp_barriers", ScanCases::barriers),
        new UnseenCase("groups", "groups_coalesced", ScanCases::coalesced),
        new UnseenCase("grid_barrier", "grid_groups", ScanCases::gridGroups),
        new UnseenCase("grid_barrier", "grid_atomic", ScanCases::gridAtomic));
  }

  private static int[] ints(int seed, int n, int low, int high) {
    return new Random(seed).ints(n, low, high).toArray();
  }

  private static int[] inclusive(int[] in) {
    int[] sums = in.clone();
    Arrays.parallelPrefix(sums, Integer::sum);
    return sums;
  }

  private static void hillisSteele(Gpu gpu, Module module) {
    for (int threads : new int[] {1, 33, 128, 200}) {
      int[] in = ints(threads, Math.max(1, threads - 3), -9, 99);
      DeviceMemory out = gpu.allocate(in.length * 4L);
      gpu.kernel(module, "scan_hillis_steele")
          .shape(1, threads)
          .shared(threads * 8)
          .in(gpu.upload(in))
          .out(out)
          .i32(in.length)
          .run();
      assertArrayEquals(inclusive(in), gpu.ints(out), threads + " threads");
    }
  }

  private static void blelloch(Gpu gpu, Module module) {
    for (int threads : new int[] {2, 32, 128}) {
      int n = 2 * threads - 1;
      int[] whole = ints(threads, n, -50, 50);
      float[] in = new float[n], expected = new float[n];
      for (int i = 0; i < n; i++) {
        in[i] = whole[i] / 4f;
        expected[i] = i == 0 ? 0 : expected[i - 1] + in[i - 1];
      }
      DeviceMemory out = gpu.allocate(n * 4L);
      gpu.kernel(module, "scan_blelloch")
          .shape(1, threads)
          .shared((2 * threads + threads / 16 + 1) * 4)
          .in(gpu.upload(in))
          .out(out)
          .i32(n)
          .run();
      assertArrayEquals(expected, gpu.floats(out), threads + " threads");
    }
  }

  private static void warps(Gpu gpu, Module module) {
    for (int threads : new int[] {32, 96, 1024}) {
      int[] in = ints(threads, threads - 5, -1000, 1000);
      DeviceMemory out = gpu.allocate(in.length * 4L);
      gpu.kernel(module, "scan_warps")
          .shape(1, threads)
          .in(gpu.upload(in))
          .out(out)
          .i32(in.length)
          .run();
      assertArrayEquals(inclusive(in), gpu.ints(out), threads + " threads");
    }
  }

  private static void lookBack(Gpu gpu, Module module) {
    int[] in = ints(4, 1000, -1000, 1000);
    DeviceMemory out = gpu.allocate(in.length * 4L);
    gpu.kernel(module, "scan_look_back")
        .shape(16, 64)
        .in(gpu.upload(in))
        .out(out)
        .inOut(gpu.zeros(4))
        .inOut(gpu.zeros(16 * 8))
        .i32(in.length)
        .run();
    assertArrayEquals(inclusive(in), gpu.ints(out));
  }

  /** Warps may come in any order, so that only the set of what is kept is certain. */
  private static void compact(Gpu gpu, Module module, String name) {
    int[] in = ints(21, 450, -100, 100);
    int[] kept = IntStream.of(in).filter(value -> value > 0).toArray();
    DeviceMemory out = gpu.zeros(in.length * 4L), count = gpu.zeros(4);
    gpu.kernel(module, name)
        .shape(5, 96)
        .in(gpu.upload(in))
        .inOut(out)
        .inOut(count)
        .i32(in.length)
        .run();
    assertEquals(kept.length, gpu.ints(count)[0]);
    int[] found = Arrays.copyOf(gpu.ints(out), kept.length);
    Arrays.sort(found);
    Arrays.sort(kept);
    assertArrayEquals(kept, found);
  }

  private static void bitonicBlock(Gpu gpu, Module module) {
    int threads = 128;
    int[] in = ints(22, 2 * threads + 77, Integer.MIN_VALUE, Integer.MAX_VALUE);
    int[] expected = in.clone();
    for (int from = 0; from < in.length; from += threads) {
      Arrays.sort(expected, from, Math.min(from + threads, in.length));
    }
    DeviceMemory keys = gpu.upload(in);
    gpu.kernel(module, "bitonic_block")
        .shape(3, threads)
        .shared(threads * 4)
        .inOut(keys)
        .i32(in.length)
        .run();
    assertArrayEquals(expected, gpu.ints(keys));
  }

  private static void bitonicWarp(Gpu gpu, Module module) {
    float[] keys = new float[128];
    short[] values = new short[keys.length];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = (i * 37 % 128) * 0.5f - 20;
      values[i] = (short) (i * 300);
    }
    DeviceMemory key = gpu.upload(keys), value = gpu.upload(values);
    gpu.kernel(module, "bitonic_warp").shape(2, 64).inOut(key).inOut(value).run();
    for (int warp = 0; warp < 4; warp++) {
      Integer[] order = IntStream.range(warp * 32, warp * 32 + 32).boxed().toArray(Integer[]::new);
      Arrays.sort(order, (a, b) -> Float.compare(keys[a], keys[b]));
      for (int i = 0; i < 32; i++) {
        assertEquals(
            keys[order[i]], gpu.floats(key)[warp * 32 + i], "key " + i + " of warp " + warp);
        assertEquals(
            values[order[i]], gpu.shorts(value)[warp * 32 + i], "value " + i + " of warp " + warp);
      }
    }
  }

  private static void matchCount(Gpu gpu, Module module) {
    int[] keys = ints(23, 301, 0, 9), expected = new int[9];
    for (int key : keys) {
      expected[key]++;
    }
    DeviceMemory counts = gpu.zeros(9 * 4);
    gpu.kernel(module, "match_count")
        .shape(4, 80)
        .in(gpu.upload(keys))
        .inOut(counts)
        .i32(keys.length)
        .run();
    assertArrayEquals(expected, gpu.ints(counts));
  }

  /** Equal in the first warp; in the second, one lane differs in the upper half only. */
  private static void matchAll(Gpu gpu, Module module) {
    long[] in = new long[64];
    Arrays.fill(in, 0x1_0000_0001L);
    in[40] = 0x2_0000_0001L;
    DeviceMemory masks = gpu.allocate(64 * 4), equal = gpu.allocate(64 * 4);
    gpu.kernel(module, "match_all").shape(1, 64).in(gpu.upload(in)).out(masks).out(equal).run();
    for (int i = 0; i < 64; i++) {
      assertEquals(i < 32 ? -1 : 0, gpu.ints(masks)[i], "mask of thread " + i);
      assertEquals(i < 32 ? 1 : 0, gpu.ints(equal)[i], "predicate of thread " + i);
    }
  }

  private static void warpReduce(Gpu gpu, Module module) {
    int[] in = ints(24, 96, -100000, 100000), expected = new int[24];
    for (int warp = 0; warp < 3; warp++) {
      int[] own = Arrays.copyOfRange(in, warp * 32, warp * 32 + 32);
      int at = warp * 8;
      expected[at] = IntStream.of(own).sum();
      expected[at + 1] = IntStream.of(own).min().orElseThrow();
      expected[at + 2] = IntStream.of(own).max().orElseThrow();
      expected[at + 3] = IntStream.of(own).reduce(-1, (a, b) -> a & b);
      expected[at + 4] = IntStream.of(own).reduce(0, (a, b) -> a | b);
      expected[at + 5] = IntStream.of(own).reduce(0, (a, b) -> a ^ b);
      expected[at + 6] =
          IntStream.of(own).reduce(0, (a, b) -> Integer.compareUnsigned(a, b) > 0 ? a : b);
      expected[at + 7] = IntStream.of(own).filter(v -> (v & 1) == 1).sum();
    }
    DeviceMemory out = gpu.allocate(24 * 4);
    gpu.kernel(module, "warp_reduce").shape(3, 32).in(gpu.upload(in)).out(out).run();
    assertArrayEquals(expected, gpu.ints(out));
  }

  private static void shuffles(Gpu gpu, Module module) {
    int n = 64;
    int[] in = ints(25, n, 0, 100), expected = new int[6 * n];
    in[5] = 95;
    Arrays.setAll(in, i -> i >= 32 ? Math.min(in[i], 90) : in[i]);
    for (int t = 0; t < n; t++) {
      int warp = t & ~31, lane = t & 31;
      expected[t] = in[warp + (in[t] & 31)];
      expected[n + t] = in[warp + (lane & ~7) + 3];
      expected[2 * n + t] = in[(lane & 15) >= 3 ? t - 3 : t];
      expected[3 * n + t] = in[(lane & 3) + 2 < 4 ? t + 2 : t];
      expected[4 * n + t] = in[warp + (lane ^ 9)];
      expected[5 * n + t] = (t < 32 ? 1 : 0) + 2;
    }
    DeviceMemory out = gpu.allocate(6 * n * 4);
    gpu.kernel(module, "warp_shuffles").shape(1, n).in(gpu.upload(in)).out(out).run();
    assertArrayEquals(expected, gpu.ints(out));
  }

  private static void barriers(Gpu gpu, Module module) {
    int rounds = 5;
    int[] in = ints(26, rounds * 64, 0, 1000), expected = new int[rounds * 64 + 1];
    for (int i = 0; i < rounds * 64; i++) {
      expected[i] = in[(i & ~63) + 63 - (i & 63)] + in[i] * 1000;
    }
    expected[rounds * 64] = 3;
    DeviceMemory out = gpu.allocate(expected.length * 4L);
    gpu.kernel(module, "warp_barriers").shape(1, 128).in(gpu.upload(in)).out(out).i32(rounds).run();
    assertArrayEquals(expected, gpu.ints(out));
  }

  /** How lanes fall into groups is the device's choice; that each group numbers its own is not. */
  private static void coalesced(Gpu gpu, Module module) {
    int[] in = ints(27, 120, 0, 1000);
    DeviceMemory ranks = gpu.zeros(in.length * 4L), sizes = gpu.zeros(in.length * 4L);
    gpu.kernel(module, "groups_coalesced")
        .shape(2, 64)
        .in(gpu.upload(in))
        .inOut(ranks)
        .inOut(sizes)
        .i32(in.length)
        .run();
    int[] rank = gpu.ints(ranks), size = gpu.ints(sizes);
    for (int i = 0; i < in.length; i++) {
      if (in[i] % 3 != 0) {
        assertEquals(0, size[i], "thread " + i + " was not there");
        continue;
      }
      int leader = rank[i] / 64, own = rank[i] % 64, before = 0, all = 0;
      for (int j = i & ~31; j < Math.min((i & ~31) + 32, in.length); j++) {
        if (in[j] % 3 == 0 && rank[j] / 64 == leader) {
          all++;
          before += j < i ? 1 : 0;
        }
      }
      assertTrue(leader <= i && leader >= (i & ~31), "leader " + leader + " of thread " + i);
      assertEquals(all, size[i], "size of the group of thread " + i);
      assertEquals(before, own, "rank of thread " + i);
    }
  }

  private static void gridGroups(Gpu gpu, Module module) {
    int n = 100, steps = 3;
    float[] in = ReductionCases.floats(new Random(28), n, 1);
    double[] now = new double[n];
    Arrays.setAll(now, i -> in[i]);
    for (int step = 0; step < steps; step++) {
      double[] old = now.clone();
      Arrays.setAll(
          now,
          i -> 0.25 * old[Math.max(i - 1, 0)] + 0.5 * old[i] + 0.25 * old[Math.min(i + 1, n - 1)]);
    }
    DeviceMemory a = gpu.upload(in), b = gpu.allocate(n * 4);
    gpu.kernel(module, "grid_groups")
        .shape(dev.tandem.cuda.driver.LaunchShape.of(3, 32).cooperatively())
        .inOut(a)
        .inOut(b)
        .i32(n, steps)
        .run();
    // Weights add up to one, and a step rounds at most three times what is at most 4.
    near("smoothed", now, gpu.floats(steps % 2 == 0 ? a : b), 0, 4 * roundings(3 * steps));
  }

  private static void gridAtomic(Gpu gpu, Module module) {
    DeviceMemory sums = gpu.allocate(6 * 4);
    gpu.kernel(module, "grid_atomic")
        .shape(dev.tandem.cuda.driver.LaunchShape.of(6, 33).cooperatively())
        .inOut(gpu.allocate(6 * 4))
        .out(sums)
        .inOut(gpu.zeros(4))
        .run();
    int[] expected = new int[6];
    Arrays.fill(expected, 1 + 4 + 9 + 16 + 25 + 6);
    assertArrayEquals(expected, gpu.ints(sums));
  }
}
