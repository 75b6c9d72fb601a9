package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.tandem.conformance.Values;
import dev.tandem.op.Philox;
import dev.tandem.op.Stochastic;
import dev.tandem.op.Stochastic.Dropout;
import dev.tandem.op.Stochastic.DropoutGrad;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Dropout of more blocks than a grid has threads, with every tail, and of what is infinite. */
final class StochasticKernelsTest {
  private static final long KEY = 0x80000001_fffffffeL;
  private static final long DRAW = 0xdeadbeef_80000003L;
  private static final Values STATE =
      Values.of(
          DType.I32,
          Stochastic.STATE.shape(),
          (int) KEY,
          (int) (KEY >>> 32),
          (int) DRAW,
          (int) (DRAW >>> 32));

  @TestFactory
  Stream<DynamicTest> drawsWhatTheGeneratorSays() {
    return Stream.of(40_000, 40_001, 40_002, 40_003)
        .flatMap(n ->
            Stream.of(0.0, 0.25, 0.3, 1 - 0x1p-24)
                .map(p -> DynamicTest.dynamicTest(n + " elements, p " + p, () -> check(n, p))));
  }

  private static void check(int n, double p) {
    Values x = KernelRun.whole(DType.F32, Shape.of(n), -100, 100, 9);
    double[] mask = new double[n];
    double[] y = new double[n];
    int[] words = new int[4];
    float scale = (float) (1 / (1 - p));
    for (int i = 0; i < n; i++) {
      Philox.block(KEY, i / 4, DRAW, words);
      boolean kept = Philox.uniform(words[i % 4]) >= p;
      mask[i] = kept ? 1 : 0;
      y[i] = kept ? (float) x.data()[i] * scale : 0;
    }
    try (Emulated gpu = KernelRun.gpu(false)) {
      KernelRun run = KernelRun.of(gpu, new Dropout(p), x, STATE);
      assertArrayEquals(mask, run.results().get(1).data());
      assertArrayEquals(y, run.first());
      assertArrayEquals(y, KernelRun.of(gpu, new DropoutGrad(p), x, run.results().get(1)).first());
    }
  }

  /** What is dropped is 0, whatever it was. */
  @Test
  void dropsInfinitiesAndNaN() {
    double[] values = {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN};
    int[] next = {0};
    Values x = KernelRun.drawn(DType.F32, Shape.of(301), () -> values[next[0]++ % 3]);
    try (Emulated gpu = KernelRun.gpu(false)) {
      KernelRun run = KernelRun.of(gpu, new Dropout(0.5), x, STATE);
      double[] mask = run.results().get(1).data();
      double[] expected = new double[301];
      for (int i = 0; i < expected.length; i++) {
        expected[i] = mask[i] == 0 ? 0 : x.data()[i];
      }
      assertArrayEquals(expected, run.first());
      assertArrayEquals(
          expected, KernelRun.of(gpu, new DropoutGrad(0.5), x, run.results().get(1)).first());
    }
  }
}
