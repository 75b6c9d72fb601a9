package dev.tandem.cuda;

import static dev.tandem.cuda.Kernel.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.conformance.Values;
import dev.tandem.op.Reduction.ArgMax;
import dev.tandem.op.Reduction.Max;
import dev.tandem.op.Reduction.Mean;
import dev.tandem.op.Reduction.Min;
import dev.tandem.op.Reduction.Sum;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Every way in which a fold goes over the device, by shapes larger than a grid, a block's stride and a piece. Most numbers are
 * whole and full of equals, so that sums are exact in any order and every largest has rivals.
 */
final class ReductionKernelsTest {
  private static Emulated gpu;

  @BeforeAll
  static void open() {
    gpu = KernelRun.gpu(false);
  }

  @AfterAll
  static void close() {
    gpu.close();
  }

  /** A tensor folded over its middle axis, and how its sum is found. */
  private record Way(int outer, int rows, int columns, Set<Kernel> sums) {
    Shape shape() {
      return Shape.of(outer, rows, columns);
    }
  }

  private static final List<Way> WAYS =
      List.of(
          new Way(1000, 5, 1, Set.of(SUM_FEW_F32)),
          new Way(40, 30, 66, Set.of(SUM_FEW_F32)),
          new Way(3, 32, 4000, Set.of(SUM_FEW_F32)),
          new Way(1, 33, 131_073, Set.of(SUM_FEW_F32)),
          new Way(1000, 35, 1, Set.of(SUM_SHORT_ROWS_F32)),
          new Way(40, 1501, 1, Set.of(SUM_ROWS_F32)),
          new Way(3, 20_001, 1, Set.of(SUM_ROWS_F32, SUM_FEW_F32)),
          new Way(1, 300_003, 1, Set.of(SUM_ROWS_F32, SUM_SHORT_ROWS_F32)),
          new Way(40, 100, 5, Set.of(SUM_COLUMNS_F32)),
          new Way(40, 100, 130, Set.of(SUM_COLUMNS_F32)),
          new Way(1, 5000, 8, Set.of(SUM_COLUMNS_F32, SUM_FEW_F32)),
          new Way(2, 9000, 3, Set.of(SUM_COLUMNS_F32, SUM_FEW_F32)),
          new Way(2, 3001, 130, Set.of(SUM_COLUMNS_F32, SUM_FEW_F32)),
          new Way(1, 1100, 256, Set.of(SUM_COLUMNS_F32, SUM_FEW_F32)),
          new Way(1, 10_000, 132, Set.of(SUM_COLUMNS_F32)));

  @TestFactory
  Stream<DynamicTest> everyWay() {
    return WAYS.stream().map(way -> DynamicTest.dynamicTest(way.toString(), () -> check(way)));
  }

  private static void check(Way way) {
    Values x = KernelRun.whole(DType.F32, way.shape(), -9, 9, 3);
    int results = way.outer * way.columns;
    double[] sum = new double[results];
    double[] first = new double[results];
    double[] max = new double[results];
    double[] min = new double[results];
    for (int result = 0; result < results; result++) {
      int base = result / way.columns * way.rows * way.columns + result % way.columns;
      max[result] = Double.NEGATIVE_INFINITY;
      min[result] = Double.POSITIVE_INFINITY;
      for (int row = 0; row < way.rows; row++) {
        double value = x.data()[base + row * way.columns];
        sum[result] += value;
        if (value > max[result]) {
          max[result] = value;
          first[result] = row;
        }
        min[result] = Math.min(min[result], value);
      }
    }
    List<Integer> axes = List.of(1);
    KernelRun found = KernelRun.of(gpu, new Sum(axes, false), x);
    assertArrayEquals(sum, found.first(), "sum");
    assertEquals(way.sums, found.kernels());
    double[] mean = Arrays.stream(sum).map(total -> (float) total / way.rows).toArray();
    assertArrayEquals(mean, KernelRun.of(gpu, new Mean(axes, true), x).first(), "mean");
    assertArrayEquals(max, KernelRun.of(gpu, new Max(axes, false), x).first(), "max");
    assertArrayEquals(min, KernelRun.of(gpu, new Min(axes, false), x).first(), "min");
    assertArrayEquals(first, KernelRun.of(gpu, new ArgMax(1, false), x).first(), "arg max");
  }

  @Test
  void axesApart() {
    Shape shape = Shape.of(20, 9, 40, 3, 30);
    Values x = KernelRun.whole(DType.F32, shape, -9, 9, 4);
    double[] outside = new double[9 * 3];
    double[] inside = new double[20 * 40 * 30];
    for (int i = 0; i < x.data().length; i++) {
      int a = i / (9 * 40 * 3 * 30);
      int b = i / (40 * 3 * 30) % 9;
      int c = i / (3 * 30) % 40;
      int d = i / 30 % 3;
      int e = i % 30;
      outside[b * 3 + d] += x.data()[i];
      inside[(a * 40 + c) * 30 + e] += x.data()[i];
    }
    assertArrayEquals(
        outside, KernelRun.of(gpu, new Sum(List.of(0, 2, 4), false), x).first(), "outer axes");
    assertArrayEquals(
        inside, KernelRun.of(gpu, new Sum(List.of(1, 3), true), x).first(), "inner axes");
  }

  @Test
  void oneNanIsFoundInAnyPiece() {
    for (Way way : List.of(WAYS.get(3), WAYS.get(5), WAYS.get(7), WAYS.get(11), WAYS.get(14))) {
      Values x = KernelRun.whole(DType.F32, way.shape(), -9, 9, 5);
      int row = way.rows * 2 / 3;
      for (int nan : new int[] {row, way.rows - 1}) {
        x.data()[nan * way.columns] = Double.NaN;
      }
      assertEquals(row, KernelRun.of(gpu, new ArgMax(1, false), x).first()[0], way + " arg max");
      assertEquals(Double.NaN, KernelRun.of(gpu, new Max(List.of(1), false), x).first()[0]);
      assertEquals(Double.NaN, KernelRun.of(gpu, new Min(List.of(1), false), x).first()[0]);
      assertEquals(Double.NaN, KernelRun.of(gpu, new Sum(List.of(1), false), x).first()[0]);
    }
  }

  @Test
  void zerosOfBothSignsAreEqual() {
    Values x = Values.zeros(Values.of(DType.F32, Shape.of(20_001), new double[20_001]).type());
    Arrays.fill(x.data(), 0, 7, -1);
    Arrays.fill(x.data(), 7, 9, -0.0);
    assertEquals(7, KernelRun.of(gpu, new ArgMax(0, false), x).first()[0]);
  }

  @Test
  void nothingButNegativeInfinityHasALargest() {
    double[] lowest = new double[20_001];
    Arrays.fill(lowest, Double.NEGATIVE_INFINITY);
    Values x = Values.of(DType.F32, Shape.of(lowest.length), lowest);
    assertEquals(0, KernelRun.of(gpu, new ArgMax(0, false), x).first()[0]);
    assertEquals(
        Double.NEGATIVE_INFINITY, KernelRun.of(gpu, new Max(List.of(0), false), x).first()[0]);
  }

  /** Each thread adds up no more than 1024 numbers before its sum meets others. */
  @Test
  void longSumsKeepTheirDigits() {
    SplittableRandom random = new SplittableRandom(6);
    for (Shape shape : List.of(Shape.of(300_003, 1), Shape.of(100_001, 3))) {
      Values x = KernelRun.drawn(DType.F32, shape, () -> 1 + random.nextDouble());
      double[] expected = new double[shape.length(1)];
      for (int i = 0; i < x.data().length; i++) {
        expected[i % expected.length] += x.data()[i];
      }
      double[] actual = KernelRun.of(gpu, new Sum(List.of(0), false), x).first();
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i], actual[i], 4 * 0x1p-24 * expected[i], shape + " at " + i);
      }
    }
  }
}
