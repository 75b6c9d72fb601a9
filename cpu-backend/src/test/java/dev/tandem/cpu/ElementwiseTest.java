package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.backend.Operand;
import dev.tandem.op.Elementwise;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ElementwiseTest {
  private static final double NAN = Double.NaN;
  private static final double INFINITY = Double.POSITIVE_INFINITY;

  private final OnCpu cpu = new OnCpu(2);

  @AfterEach
  void close() {
    cpu.close();
  }

  @Test
  void broadcasts() {
    Shape[][] pairs = {
      {Shape.of(3, 257), Shape.of(3, 257)},
      {Shape.of(40_000), Shape.scalar()},
      {Shape.scalar(), Shape.of(40_000)},
      {Shape.of(5000, 10), Shape.of(10)},
      {Shape.of(7, 5000), Shape.of(5000)},
      {Shape.of(9, 3000), Shape.of(9, 1)},
      {Shape.of(2, 3, 50, 60), Shape.of(1, 3, 1, 1)},
      {Shape.of(4, 1, 6), Shape.of(5, 1)},
      {Shape.of(1, 700, 1), Shape.of(30, 1, 3)},
      {Shape.of(3, 1, 2, 1, 2), Shape.of(4, 1, 5, 1)},
      {Shape.of(0, 3), Shape.of(3)},
      {Shape.of(5, 1), Shape.of(1, 0)},
      {Shape.scalar(), Shape.scalar()},
      {Shape.of(1, 1), Shape.of(1)},
      {Shape.of(2048, 3), Shape.of(2048, 1)},
      {Shape.of(3, 2049), Shape.of(1, 2049)}
    };
    for (Shape[] pair : pairs) {
      for (DType dtype : new DType[] {DType.F32, DType.F64}) {
        Operand a = numbered(dtype, pair[0], 1);
        Operand b = numbered(dtype, pair[1], 0.5);
        Operand y = cpu.run(new Elementwise.Sub(), a, b).getFirst();
        double[] left = stretched(cpu.numbers(a), pair[0], y.shape());
        double[] right = stretched(cpu.numbers(b), pair[1], y.shape());
        double[] actual = cpu.numbers(y);
        for (int i = 0; i < actual.length; i++) {
          assertEquals(
              left[i] - right[i],
              actual[i],
              pair[0] + " - " + pair[1] + " " + dtype + ", element " + i);
        }
      }
    }
  }

  @Test
  void comparesEveryElementType() {
    for (DType dtype : new DType[] {DType.F32, DType.F64, DType.I32, DType.U8}) {
      Operand a = cpu.tensor(dtype, Shape.of(3), 1, 200, 7);
      Operand b = cpu.tensor(dtype, Shape.of(3), 2, 200, 6);
      assertArrayEquals(new double[] {0, 1, 0}, cpu.numbers(new Elementwise.Equal(), a, b));
      assertArrayEquals(new double[] {1, 0, 0}, cpu.numbers(new Elementwise.Less(), a, b));
      assertArrayEquals(new double[] {1, 1, 0}, cpu.numbers(new Elementwise.LessEqual(), a, b));
    }
    Operand nan = cpu.tensor(DType.F32, Shape.of(1), NAN);
    assertArrayEquals(new double[] {0}, cpu.numbers(new Elementwise.Equal(), nan, nan));
    assertArrayEquals(new double[] {0}, cpu.numbers(new Elementwise.LessEqual(), nan, nan));
  }

  @Test
  void selectsEveryElementType() {
    Operand condition = cpu.tensor(DType.U8, Shape.of(2, 1), 255, 0);
    for (DType dtype : new DType[] {DType.F32, DType.F64, DType.I32, DType.U8}) {
      Operand a = cpu.tensor(dtype, Shape.of(3), 1, 2, 3);
      Operand b = cpu.tensor(dtype, Shape.scalar(), 9);
      assertArrayEquals(
          new double[] {1, 2, 3, 9, 9, 9}, cpu.numbers(new Elementwise.Select(), condition, a, b));
    }
  }

  @Test
  void casts() {
    Operand x = cpu.tensor(DType.F32, Shape.of(7), -1.7, 2.9, 300, NAN, INFINITY, -INFINITY, 3e9);
    assertArrayEquals(
        new double[] {-1, 2, 300, 0, Integer.MAX_VALUE, Integer.MIN_VALUE, Integer.MAX_VALUE},
        cpu.numbers(new Elementwise.Cast(DType.I32), x));
    assertArrayEquals(
        new double[] {0, 2, 255, 0, 255, 0, 255}, cpu.numbers(new Elementwise.Cast(DType.U8), x));
    Operand large = cpu.tensor(DType.I32, Shape.of(2), 16_777_217, -5);
    assertArrayEquals(
        new double[] {16_777_216, -5}, cpu.numbers(new Elementwise.Cast(DType.F32), large));
    assertArrayEquals(
        new double[] {16_777_217, -5}, cpu.numbers(new Elementwise.Cast(DType.F64), large));
    assertArrayEquals(new double[] {255, 0}, cpu.numbers(new Elementwise.Cast(DType.U8), large));
  }

  @Test
  void powersAreThoseOfMath() {
    double[] numbers = {0, -0.0, 1, -1, 2, 0.3, -2.5, 1e-40, INFINITY, -INFINITY, NAN};
    for (double exponent : new double[] {2, 3, 0.5, -0.5, -1, 1, 0, 1.7, -2}) {
      Operand x = cpu.tensor(DType.F32, Shape.of(numbers.length), numbers);
      double[] actual = cpu.numbers(new Elementwise.Pow(exponent), x);
      for (int i = 0; i < numbers.length; i++) {
        float expected = (float) Math.pow((float) numbers[i], exponent);
        double tolerance = Float.isFinite(expected) ? 1.5 * Math.ulp(expected) : 0;
        assertEquals(expected, actual[i], tolerance, numbers[i] + "^" + exponent);
      }
    }
  }

  @Test
  void cheapOnesKeepNan() {
    Operand x = cpu.tensor(DType.F32, Shape.of(5), NAN, -2, 0, 0.5, 3);
    check(x, new Elementwise.Relu(), NAN, 0, 0, 0.5, 3);
    check(x, new Elementwise.LeakyRelu(-0.5), NAN, 1, 0, 0.5, 3);
    check(x, new Elementwise.Clamp(-1, 1), NAN, -1, 0, 0.5, 1);
    check(x, new Elementwise.Sign(), NAN, -1, 0, 1, 1);
    check(x, new Elementwise.Abs(), NAN, 2, 0, 0.5, 3);
    check(x, new Elementwise.Affine(2, 1), NAN, -3, 1, 2, 7);
    check(x, new Elementwise.Sqrt(), NAN, NAN, 0, (float) Math.sqrt(0.5), (float) Math.sqrt(3));
    Operand dy = cpu.tensor(DType.F32, Shape.of(5), 1, INFINITY, INFINITY, 4, 5);
    assertArrayEquals(new double[] {0, 0, 0, 4, 5}, cpu.numbers(new Elementwise.ReluGrad(), x, dy));
  }

  /** F32 against F64, which other code computes. */
  @Test
  void bothElementTypesAgree() {
    double[] x = new Random(5).doubles(5000, -6, 6).map(v -> (float) v).toArray();
    double[] dy = new Random(6).doubles(5000, -2, 2).map(v -> (float) v).toArray();
    for (Elementwise op :
        new Elementwise[] {
          new Elementwise.Exp(),
          new Elementwise.Sigmoid(),
          new Elementwise.Tanh(),
          new Elementwise.GeluTanh(),
          new Elementwise.GeluErf(),
          new Elementwise.Silu(),
          new Elementwise.Softplus(),
          new Elementwise.Relu(),
          new Elementwise.LeakyRelu(0.01),
          new Elementwise.Affine(0.3, -2)
        }) {
      agree(op, 3e-7, x);
    }
    for (Elementwise op :
        new Elementwise[] {
          new Elementwise.SigmoidGrad(),
          new Elementwise.TanhGrad(),
          new Elementwise.GeluTanhGrad(),
          new Elementwise.GeluErfGrad(),
          new Elementwise.SiluGrad(),
          new Elementwise.ReluGrad(),
          new Elementwise.LeakyReluGrad(0.2)
        }) {
      agree(op, 6e-7, x, dy);
    }
  }

  private void agree(Elementwise op, double tolerance, double[]... inputs) {
    double[] wide = numbers(op, DType.F64, inputs);
    double[] narrow = numbers(op, DType.F32, inputs);
    for (int i = 0; i < wide.length; i++) {
      assertEquals(
          wide[i],
          narrow[i],
          tolerance * Math.max(1, Math.abs(wide[i])),
          op + " of " + inputs[0][i]);
    }
  }

  private double[] numbers(Elementwise op, DType dtype, double[]... inputs) {
    Operand[] operands = new Operand[inputs.length];
    for (int i = 0; i < inputs.length; i++) {
      operands[i] = cpu.tensor(dtype, Shape.of(inputs[i].length), inputs[i]);
    }
    return cpu.numbers(op, operands);
  }

  private void check(Operand x, Elementwise op, double... expected) {
    assertArrayEquals(expected, cpu.numbers(op, x), op.toString());
  }

  private Operand numbered(DType dtype, Shape shape, double step) {
    double[] numbers = new double[(int) shape.elements()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = i * step;
    }
    return cpu.tensor(dtype, shape, numbers);
  }

  private static double[] stretched(double[] numbers, Shape from, Shape to) {
    double[] wide = new double[(int) to.elements()];
    int offset = to.rank() - from.rank();
    for (int i = 0; i < wide.length; i++) {
      int place = 0;
      for (int axis = 0, left = i; axis < to.rank(); axis++) {
        int inner = (int) to.elements(axis + 1, to.rank());
        int index = left / inner;
        left %= inner;
        if (axis >= offset) {
          place =
              place * from.length(axis - offset) + (from.length(axis - offset) == 1 ? 0 : index);
        }
      }
      wide[i] = numbers[place];
    }
    return wide;
  }
}
