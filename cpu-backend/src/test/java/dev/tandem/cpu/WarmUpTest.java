package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tandem.op.Elementwise;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Vector kernels take over from plain ones while these are in use, and no bit shows it. In a JVM of its own: those of tests go without. */
class WarmUpTest {
  static final class Probe {
    private static final int M = 65, N = 400, K = 400; // large enough to be packed
    private static final long PATIENCE_NANOS = 60_000_000_000L;

    private final float[] a = numbers(M * K);
    private final float[] b = numbers(K * N);

    public static void main(String[] arguments) {
      new Probe().run();
    }

    private static float[] numbers(int count) {
      Random random = new Random(count);
      float[] numbers = new float[count];
      for (int i = 0; i < count; i++) {
        numbers[i] = random.nextFloat() * 4 - 2;
      }
      return numbers;
    }

    private void run() {
      float[] product = product(new ScalarGemmKernels());
      float[] spans = spans(new ScalarKernels());
      GemmKernels tiles = GemmKernels.best();
      Kernels kernels = Kernels.best();
      long until = System.nanoTime() + PATIENCE_NANOS;
      boolean warm = false;
      while (!warm && System.nanoTime() < until) {
        warm =
            WarmingGemmKernels.ready(GemmKernels.TALL, tiles.vectors())
                && WarmingGemmKernels.ready(GemmKernels.SHORT, 1)
                && WarmingGemmKernels.packedReady(GemmKernels.TALL, tiles.vectors())
                && WarmingKernels.ready()
                && Arrays.stream(WarmingPacking.values()).allMatch(WarmingPacking::ready);
        if (!Arrays.equals(product, product(tiles)) || !Arrays.equals(spans, spans(kernels))) {
          System.out.println("bits changed");
          return;
        }
      }
      System.out.println(warm ? "warm" : "never warm");
    }

    private float[] product(GemmKernels kernels) {
      float[] c = new float[M * N];
      new Gemm(new Parallel(1), new BufferPool(), kernels, new ScalarRowKernels())
          .multiply(
              new Gemm.Product(
                  M, N, K, Matrix.rows(a, 0, K), Matrix.rows(b, 0, N), Matrix.rows(c, 0, N)));
      return c;
    }

    /** Something of every kernel. */
    private float[] spans(Kernels kernels) {
      float[] all = new float[24 * K];
      float[] y = new float[K];
      kernels.exp(a, y, 0, K);
      System.arraycopy(y, 0, all, 0, K);
      kernels.log(a, y, 0, K);
      System.arraycopy(y, 0, all, K, K);
      kernels.tanh(a, y, 0, K);
      System.arraycopy(y, 0, all, 2 * K, K);
      kernels.sigmoid(a, y, 0, K);
      System.arraycopy(y, 0, all, 3 * K, K);
      kernels.softplus(a, y, 0, K);
      System.arraycopy(y, 0, all, 4 * K, K);
      kernels.silu(a, y, 0, K);
      System.arraycopy(y, 0, all, 5 * K, K);
      kernels.geluTanh(a, y, 0, K);
      System.arraycopy(y, 0, all, 6 * K, K);
      kernels.geluErf(a, y, 0, K);
      System.arraycopy(y, 0, all, 7 * K, K);
      kernels.siluGrad(a, b, y, 0, K);
      System.arraycopy(y, 0, all, 8 * K, K);
      kernels.geluTanhGrad(a, b, y, 0, K);
      System.arraycopy(y, 0, all, 9 * K, K);
      kernels.geluErfGrad(a, b, y, 0, K);
      System.arraycopy(y, 0, all, 10 * K, K);
      kernels.reluGrad(a, b, y, 0, K);
      System.arraycopy(y, 0, all, 11 * K, K);
      kernels.leakyReluGrad(0.1f, a, b, y, 0, K);
      System.arraycopy(y, 0, all, 12 * K, K);
      kernels.binary(new Elementwise.Div(), a, 0, b, 1, y, 0, K);
      System.arraycopy(y, 0, all, 13 * K, K);
      kernels.addBias(y, 0, b, 0, K, true);
      System.arraycopy(y, 0, all, 20 * K, K);
      kernels.addBias(y, 0, 0.5f, K, false);
      System.arraycopy(y, 0, all, 21 * K, K);
      kernels.biasGeluTanh(a, b, 1, y, 0, K);
      System.arraycopy(y, 0, all, 22 * K, K);
      kernels.biasGeluTanhGrad(a, b, 1, b, y, 0, K);
      System.arraycopy(y, 0, all, 23 * K, K);
      short[] halves = new short[K];
      kernels.roundBf16(a, 0, halves, 0, K);
      kernels.widenBf16(halves, 0, y, 0, K);
      System.arraycopy(y, 0, all, 14 * K, K);
      int[] words = new int[4 * K];
      kernels.philox(1, 2, 3, words, K);
      for (int i = 0; i < words.length; i++) {
        all[15 * K + i] = words[i];
      }
      all[19 * K] = kernels.sum(a, 1, 4 * K);
      all[19 * K + 1] = kernels.max(a, 1, K);
      all[19 * K + 2] = kernels.min(a, 1, K);
      all[19 * K + 3] = kernels.maxNumber(a, 1, K);
      all[19 * K + 4] = kernels.weights(y, 0, 96, 1f, 3f);
      return all;
    }
  }

  @Test
  void theTakeoverDoesNotShow() throws Exception {
    assumeTrue(Vectorization.available(), Vectorization.reason());
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--add-modules",
            "jdk.incubator.vector",
            "-Dtandem.warm.up=1",
            "-Dtandem.vector.bits=" + Vectorization.bits(),
            "-cp",
            System.getProperty("java.class.path"),
            Probe.class.getName());
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
    assertEquals("warm", said.strip());
  }
}
