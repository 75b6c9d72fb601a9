package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.conformance.Values;
import dev.tandem.op.Reduction.GlobalNorm;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Norms of more tensors than a table holds, of several pieces, of none, and of numbers whose squares F32 does not have. */
final class GlobalNormKernelsTest {
  private static Emulated gpu;

  @BeforeAll
  static void open() {
    gpu = KernelRun.gpu(false);
  }

  @AfterAll
  static void close() {
    gpu.close();
  }

  @TestFactory
  Stream<DynamicTest> manyTensors() {
    return Stream.of(DType.F32, DType.BF16, DType.F16)
        .map(dtype -> DynamicTest.dynamicTest(dtype.toString(), () -> many(dtype)));
  }

  private static void many(DType dtype) {
    SplittableRandom random = new SplittableRandom(3);
    List<Values> tensors = new ArrayList<>();
    for (int i = 0; i < 195; i++) {
      int n = i == 100 ? 140_003 : i % 7 == 3 ? 0 : 1 + i * 13 % 71;
      tensors.add(KernelRun.drawn(dtype, Shape.of(n), () -> random.nextDouble(-4, 4)).as(dtype));
    }
    Kernel squares = Kernel.SUM_SQUARES_F32.in(dtype);
    long before = gpu.backend().launches().getOrDefault(squares, 0L);
    // A thread sums 64 squares of each lane in F32: less than 64 halves of a unit, of which the
    // root is half; most of it cancels.
    assertNorm(tensors, 0x1p-20);
    assertEquals(2, gpu.backend().launches().get(squares) - before);
  }

  @Test
  void squaresBeyondAndBelowF32Count() {
    for (double scale : new double[] {1e30, 1e-30, 1e-38, 1e-42}) {
      Values x = KernelRun.drawn(DType.F32, Shape.of(1001), () -> scale).as(DType.F32);
      assertNorm(List.of(x, Values.of(DType.F32, Shape.of(1), 0)), 0x1p-22);
    }
    Values brain = KernelRun.drawn(DType.BF16, Shape.of(1001), () -> 1e30).as(DType.BF16);
    assertNorm(List.of(brain), 0x1p-22);
    Values small = KernelRun.drawn(DType.F16, Shape.of(70_000), () -> 0x1p-24);
    assertNorm(List.of(small), 0x1p-20);
    Values large = KernelRun.drawn(DType.F16, Shape.of(70_000), () -> 65504);
    assertNorm(List.of(large), 0x1p-20);
    // Many too small to count beside one, and in a piece of their own.
    double[] mixed = new double[140_000];
    java.util.Arrays.fill(mixed, 1e-25);
    mixed[7] = 3;
    assertNorm(List.of(Values.of(DType.F32, Shape.of(140_000), mixed)), 0x1p-22);
  }

  @Test
  void nothingHasNormZero() {
    Values none =
        new Values(Values.scalar(DType.F32, 0).type().withShape(Shape.of(0)), new double[0]);
    assertEquals(0, norm(none, none));
    assertEquals(0, norm(Values.of(DType.F32, Shape.of(3), 0, -0.0, 0)));
  }

  @Test
  void infinityAndNaNShow() {
    double[] one = new double[5000];
    for (double odd :
        new double[] {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN}) {
      one[4321] = odd;
      Values x = Values.of(DType.F16, Shape.of(5000), one);
      assertEquals(Math.abs(odd), norm(Values.of(DType.F16, Shape.of(2), 1, 2), x));
    }
    // Its squares fit double, and the norm does not fit F32.
    Values large = KernelRun.drawn(DType.F32, Shape.of(100), () -> 3e38);
    assertEquals(Double.POSITIVE_INFINITY, norm(large));
  }

  private static double norm(Values... tensors) {
    KernelRun run = KernelRun.of(gpu, new GlobalNorm(), tensors);
    assertTrue(run.kernels().contains(Kernel.GLOBAL_NORM_F32));
    return run.first()[0];
  }

  private static void assertNorm(List<Values> tensors, double relative) {
    double sum = 0;
    for (Values x : tensors) {
      for (double v : x.data()) {
        sum += v * v;
      }
    }
    double expected = Math.sqrt(sum);
    // Below its normal numbers F32 has units of 2^-149.
    double allowed = relative * expected + 0x1p-149;
    assertEquals(expected, norm(tensors.toArray(Values[]::new)), allowed);
  }
}
