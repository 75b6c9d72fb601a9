package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.backend.Operand;
import dev.tandem.op.Reduction;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ReductionTest {
  /** Every set of axes of each: runs, rows, both between, lengths of 1, several tasks. */
  private static final Shape[] SHAPES = {
    Shape.of(5),
    Shape.of(1),
    Shape.scalar(),
    Shape.of(3, 257),
    Shape.of(257, 3),
    Shape.of(2, 3, 4, 5),
    Shape.of(4, 1, 70, 33),
    Shape.of(1, 1),
    Shape.of(70_001),
    Shape.of(3, 70_001),
    Shape.of(40_001, 2),
    Shape.of(300, 2500),
    Shape.of(20, 6, 30, 31)
  };

  @Test
  void foldsAnyAxes() {
    try (OnCpu cpu = new OnCpu(2)) {
      for (Shape shape : SHAPES) {
        double[] numbers = random(shape);
        for (int set = 0; set < 1 << shape.rank(); set++) {
          int chosen = set;
          List<Integer> axes =
              java.util.stream.IntStream.range(0, shape.rank())
                  .filter(a -> (chosen >> a & 1) == 1)
                  .boxed()
                  .toList();
          for (DType dtype : new DType[] {DType.F32, DType.F64}) {
            Operand x = cpu.tensor(dtype, shape, numbers);
            close(cpu, new Reduction.Sum(axes, true), x, numbers, axes, 0);
            close(cpu, new Reduction.Mean(axes, false), x, numbers, axes, 1);
            close(cpu, new Reduction.Max(axes, false), x, numbers, axes, 2);
            close(cpu, new Reduction.Min(axes, true), x, numbers, axes, 3);
            x.buffer().close();
          }
        }
      }
    }
  }

  @Test
  void threadsDoNotShow() {
    Shape shape = Shape.of(37, 5, 1301);
    double[] numbers = random(shape);
    for (List<Integer> axes :
        List.of(List.of(0), List.of(1), List.of(2), List.of(0, 2), List.of(0, 1, 2))) {
      double[] first = null;
      for (int threads : new int[] {1, 2, 5}) {
        try (OnCpu cpu = new OnCpu(threads)) {
          double[] sums =
              cpu.numbers(new Reduction.Sum(axes, false), cpu.tensor(DType.F32, shape, numbers));
          first = first == null ? sums : first;
          assertArrayEquals(first, sums, axes + " on " + threads + " threads");
        }
      }
    }
  }

  @Test
  void aMillionFloatsKeepTheirDigits() {
    try (OnCpu cpu = new OnCpu(2)) {
      for (Shape shape :
          new Shape[] {Shape.of(1_000_000), Shape.of(1_000_000, 1), Shape.of(1_000_000, 2)}) {
        double[] numbers = new Random(3).doubles(shape.elements()).map(v -> (float) v).toArray();
        int columns = shape.rank() == 2 ? shape.length(1) : 1;
        double exact = 0;
        for (int i = 0; i < numbers.length; i += columns) {
          exact += numbers[i];
        }
        double actual =
            cpu.numbers(
                    new Reduction.Sum(List.of(0), false), cpu.tensor(DType.F32, shape, numbers))[0];
        assertEquals(exact, actual, 1.5e-7 * exact, shape.toString());
      }
    }
  }

  @Test
  void nothing() {
    try (OnCpu cpu = new OnCpu(1)) {
      for (DType dtype : new DType[] {DType.F32, DType.F64}) {
        Operand x = cpu.tensor(dtype, Shape.of(2, 0));
        assertArrayEquals(
            new double[] {0, 0}, cpu.numbers(new Reduction.Sum(List.of(1), false), x));
        double[] means = cpu.numbers(new Reduction.Mean(List.of(1), false), x);
        assertArrayEquals(new double[] {Double.NaN, Double.NaN}, means);
        assertArrayEquals(new double[] {}, cpu.numbers(new Reduction.Max(List.of(0), false), x));
        assertArrayEquals(new double[] {}, cpu.numbers(new Reduction.ArgMax(0, false), x));
      }
    }
  }

  @Test
  void nanWins() {
    try (OnCpu cpu = new OnCpu(1)) {
      double nan = Double.NaN;
      for (DType dtype : new DType[] {DType.F32, DType.F64}) {
        Operand x = cpu.tensor(dtype, Shape.of(2, 3), 1, nan, 3, 4, 5, nan);
        assertArrayEquals(
            new double[] {nan, nan}, cpu.numbers(new Reduction.Max(List.of(1), false), x));
        assertArrayEquals(
            new double[] {1, nan, nan}, cpu.numbers(new Reduction.Min(List.of(0), false), x));
        assertArrayEquals(new double[] {1, 2}, cpu.numbers(new Reduction.ArgMax(1, false), x));
        assertArrayEquals(new double[] {1, 0, 1}, cpu.numbers(new Reduction.ArgMax(0, false), x));
      }
    }
  }

  @Test
  void argMaxTakesTheFirst() {
    try (OnCpu cpu = new OnCpu(1)) {
      for (DType dtype : new DType[] {DType.F32, DType.F64}) {
        Operand x = cpu.tensor(dtype, Shape.of(2, 4), 2, 7, 7, 1, -5, -5, -6, -5);
        assertArrayEquals(new double[] {1, 0}, cpu.numbers(new Reduction.ArgMax(1, true), x));
        assertArrayEquals(new double[] {0, 0, 0, 0}, cpu.numbers(new Reduction.ArgMax(0, true), x));
        Operand nan = cpu.tensor(dtype, Shape.of(3), Double.NaN, 9, Double.NaN);
        assertArrayEquals(new double[] {0}, cpu.numbers(new Reduction.ArgMax(0, false), nan));
      }
    }
  }

  private static double[] random(Shape shape) {
    return new Random(shape.hashCode())
        .doubles(shape.elements(), -1, 1)
        .map(v -> (float) v)
        .toArray();
  }

  private static void close(
      OnCpu cpu, Reduction op, Operand x, double[] numbers, List<Integer> axes, int kind) {
    Operand y = cpu.run(op, x).getFirst();
    double[] actual = cpu.numbers(y);
    y.buffer().close();
    double[] expected = new double[actual.length];
    double[] size = new double[actual.length];
    Arrays.fill(
        expected, kind == 2 ? Double.NEGATIVE_INFINITY : kind == 3 ? Double.POSITIVE_INFINITY : 0);
    long[] strides = x.shape().strides();
    for (int i = 0; i < numbers.length; i++) {
      int place = 0;
      for (int axis = 0; axis < x.shape().rank(); axis++) {
        if (!axes.contains(axis)) {
          place =
              place * x.shape().length(axis) + (int) (i / strides[axis] % x.shape().length(axis));
        }
      }
      expected[place] =
          switch (kind) {
            case 2 -> Math.max(expected[place], numbers[i]);
            case 3 -> Math.min(expected[place], numbers[i]);
            default -> expected[place] + numbers[i];
          };
      size[place] += kind < 2 ? Math.abs(numbers[i]) : 0;
    }
    double count = kind == 1 ? numbers.length / (double) actual.length : 1;
    double epsilon = x.dtype() == DType.F32 ? 3e-7 : 1e-13;
    for (int i = 0; i < actual.length; i++) {
      assertEquals(
          expected[i] / count,
          actual[i],
          epsilon * size[i] / count,
          op + " of " + x.type() + ", element " + i);
    }
  }

  @Test
  void globalNorm() {
    Shape[] shapes = {
      Shape.of(3, 5), Shape.of(200, 1_001), Shape.of(0), Shape.scalar(), Shape.of(70_000)
    };
    Trial trial = new Trial(new Reduction.GlobalNorm());
    for (Shape shape : shapes) {
      trial.input(shape, -2, 3);
    }
    // 64 partial sums of 16 squares, then double: a few ulps of F32, halved by the root.
    trial.agrees(3e-7);
    for (double scale : new double[] {1e-30, 1, 1e30}) {
      Trial small =
          new Trial(new Reduction.GlobalNorm())
              .values(Shape.of(2), 3 * scale, 0)
              .values(Shape.scalar(), -4 * scale);
      assertEquals(5, small.f32().getFirst()[0] / scale, 1e-6, "F32 " + scale);
      assertEquals(5, small.f64().getFirst()[0] / scale, 1e-15, "F64 " + scale);
    }
    for (double scale : new double[] {1e-300, 1e-200, 1e300}) {
      double norm =
          new Trial(new Reduction.GlobalNorm())
              .values(Shape.of(2), 3 * scale, -4 * scale)
              .f64()
              .getFirst()[0];
      assertEquals(5, norm / scale, 1e-14, "F64 " + scale);
    }
    double infinity = Double.POSITIVE_INFINITY;
    for (double[] x : new double[][] {{1, -infinity, infinity}, {infinity, Double.NaN, infinity}}) {
      Trial trialOf = new Trial(new Reduction.GlobalNorm()).values(Shape.of(2), x[0], x[1]);
      double expected = Double.isNaN(x[1]) ? x[1] : x[2];
      assertEquals(expected, trialOf.f32().getFirst()[0]);
      assertEquals(expected, trialOf.f64().getFirst()[0]);
    }
    // Beyond F32.
    assertEquals(
        infinity,
        new Trial(new Reduction.GlobalNorm()).values(Shape.of(2), 3e38, 3e38).f32().getFirst()[0]);
  }
}
