package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.conformance.OracleBackend;
import dev.tandem.conformance.Values;
import dev.tandem.op.Fused.BiasGeluTanh;
import dev.tandem.op.Fused.BiasGeluTanhGrad;
import dev.tandem.op.Fused.ResidualLayerNorm;
import dev.tandem.op.Fused.ResidualLayerNormGrad;
import dev.tandem.op.Op;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Fused passes over rows that registers of a warp and of a block hold, that they do not hold, and that are no whole packs, against the
 * oracle.
 */
final class FusedKernelsTest {
  private static final double EPSILON = 1e-5;

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
  Stream<DynamicTest> biasesInEveryWay() {
    return each(
        List.of(Shape.of(9, 5, 72), Shape.of(41, 37), Shape.of(50, 1), Shape.of(1003), Shape.of(0)),
        FusedKernelsTest::biased);
  }

  private static void biased(DType dtype, Shape shape) {
    Values x = floats(dtype, shape, -6, 6, 1);
    Values b = floats(dtype, Shape.of(shape.length(-1)), -2, 2, 2);
    // GELU and its slope are of their argument's size at most; exp in between is off by some units.
    compare(new BiasGeluTanh(), 32, 0, x, b);
    compare(new BiasGeluTanhGrad(), 32, 0, x, b, floats(dtype, shape, -2, 2, 3));
  }

  @TestFactory
  Stream<DynamicTest> rowsInEveryWay() {
    return each(
        List.of(
            Shape.of(30, 768), // held by a warp
            Shape.of(3, 11, 130),
            Shape.of(70, 7),
            Shape.of(4, 1032), // held by a block
            Shape.of(3, 1027),
            Shape.of(2, 8200), // looked at again
            Shape.of(1100, 12),
            Shape.of(0, 12)),
        FusedKernelsTest::normalised);
  }

  private static void normalised(DType dtype, Shape shape) {
    Shape row = Shape.of(shape.length(-1));
    Values x = floats(dtype, shape, -2, 2, 4);
    Values gamma = floats(dtype, row, -2, 2, 5);
    // Results are near 1, and their statistics are sums of a row.
    List<Values> forward =
        compare(
            new ResidualLayerNorm(EPSILON),
            32,
            0,
            x,
            floats(dtype, shape, -1, 1, 6),
            gamma,
            floats(dtype, row, -1, 1, 7));
    double rows = shape.elements(0, shape.rank() - 1);
    compare(
        new ResidualLayerNormGrad(),
        32,
        8 * Math.sqrt(rows),
        forward.get(1),
        gamma,
        forward.get(2),
        forward.get(3),
        floats(dtype, shape, -2, 2, 8),
        floats(dtype, shape, -2, 2, 9));
  }

  /** The norm is of the sum as it is kept: of numbers near 300 BF16 keeps none after the point, and their sum is even. */
  @Test
  void theNormIsOfTheRoundedSum() {
    Shape shape = Shape.of(1, 64);
    Values x = KernelRun.whole(DType.BF16, shape, 256, 300, 3);
    Values half = KernelRun.drawn(DType.BF16, shape, () -> 0.5);
    Values one = KernelRun.drawn(DType.BF16, Shape.of(64), () -> 1);
    Values none = Values.zeros(one.type());
    List<Values> fused =
        KernelRun.of(gpu, new ResidualLayerNorm(EPSILON), x, half, one, none).results();
    double mean = 0;
    for (double v : fused.get(1).data()) {
      assertEquals(0, v % 2);
      mean += v / 64;
    }
    assertEquals(mean, fused.get(2).data()[0], 1e-4);
  }

  private interface Check {
    void of(DType dtype, Shape shape);
  }

  private static Stream<DynamicTest> each(List<Shape> shapes, Check check) {
    return Stream.of(DType.F32, DType.BF16, DType.F16)
        .flatMap(dtype ->
            shapes.stream()
                .map(shape ->
                    DynamicTest.dynamicTest(dtype + " " + shape, () -> check.of(dtype, shape))));
  }

  /**
   * Compares with the oracle, which computes from the same rounded inputs.
   *
   * @param units of F32 that a result near 1 may be off by, before it is rounded to its type
   * @param more for results that are sums of many rows
   */
  private static List<Values> compare(Op op, double units, double more, Values... inputs) {
    List<Values> actual = KernelRun.of(gpu, op, inputs).results();
    try (OracleBackend oracle = new OracleBackend()) {
      List<Values> expected = Emulated.run(oracle, op, inputs);
      for (int result = 0; result < expected.size(); result++) {
        Values values = expected.get(result);
        for (int i = 0; i < values.data().length; i++) {
          double x = values.data()[i];
          double found = actual.get(result).data()[i];
          double allowed = 0x1p-24 * (units * (1 + Math.abs(x)) + more) + unit(values.dtype(), x);
          assertEquals(x, found, allowed, op.name() + ", result " + result + " at " + i);
        }
      }
    }
    return actual;
  }

  /** Of a half type: the distance between neighbours, for a rounding may fall either way. */
  private static double unit(DType dtype, double x) {
    return switch (dtype) {
      case BF16 -> Math.ulp((float) x) * 0x1p16;
      case F16 -> Math.max(0x1p-24, Math.ulp((float) x) * 0x1p13);
      default -> 0;
    };
  }

  private static Values floats(DType dtype, Shape shape, double low, double high, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    return KernelRun.drawn(dtype, shape, () -> random.nextDouble(low, high)).as(dtype);
  }
}
