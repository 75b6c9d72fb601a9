package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.backend.Operand;
import dev.tandem.op.Movement;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MovementTest {
  private static final DType[] TYPES = {DType.F32, DType.F64, DType.I32, DType.U8};

  private final OnCpu cpu = new OnCpu(2);

  @AfterEach
  void close() {
    cpu.close();
  }

  @Test
  void permutesInEveryOrder() {
    for (Shape shape :
        new Shape[] {
          Shape.of(3, 4),
          Shape.of(70, 65),
          Shape.of(2, 3, 4),
          Shape.of(3, 40, 37),
          Shape.of(2, 5, 1, 33),
          Shape.of(3, 0, 2),
          Shape.of(2, 3, 4, 5),
          Shape.of(6, 130, 4, 9)
        }) {
      for (List<Integer> order : orders(shape.rank())) {
        for (DType dtype : TYPES) {
          Operand x = numbered(dtype, shape);
          double[] numbers = cpu.numbers(x);
          Operand y = cpu.run(new Movement.Permute(order), x).getFirst();
          double[] actual = cpu.numbers(y);
          for (int i = 0; i < actual.length; i++) {
            long place = 0;
            for (int axis = 0; axis < shape.rank(); axis++) {
              long index = i / y.shape().strides()[axis] % y.shape().length(axis);
              place += index * shape.strides()[order.get(axis)];
            }
            assertEquals(
                numbers[(int) place],
                actual[i],
                shape + " as " + order + " " + dtype + ", element " + i);
          }
          x.buffer().close();
          y.buffer().close();
        }
      }
    }
  }

  @Test
  void reshapesAndExpands() {
    for (DType dtype : TYPES) {
      Operand x = numbered(dtype, Shape.of(2, 3));
      assertArrayEquals(cpu.numbers(x), cpu.numbers(new Movement.Reshape(Shape.of(6)), x));
      Operand row = cpu.tensor(dtype, Shape.of(2, 1), 5, 6);
      assertArrayEquals(
          new double[] {5, 5, 5, 6, 6, 6, 5, 5, 5, 6, 6, 6},
          cpu.numbers(new Movement.Expand(Shape.of(2, 2, 3)), row));
      assertEquals(0, cpu.numbers(new Movement.Expand(Shape.of(0, 2, 3)), row).length);
    }
  }

  @Test
  void slices() {
    for (DType dtype : TYPES) {
      Operand x = numbered(dtype, Shape.of(3, 4, 2));
      assertArrayEquals(
          new double[] {13, 15, 21, 23},
          cpu.numbers(new Movement.Slice(List.of(1, 2, 1), List.of(2, 2, 1)), x));
      assertArrayEquals(
          cpu.numbers(x), cpu.numbers(new Movement.Slice(List.of(0, 0, 0), List.of(3, 4, 2)), x));
      assertEquals(
          0, cpu.numbers(new Movement.Slice(List.of(3, 0, 0), List.of(0, 4, 2)), x).length);
    }
  }

  @Test
  void pads() {
    for (DType dtype : TYPES) {
      Operand x = numbered(dtype, Shape.of(2, 1));
      assertArrayEquals(
          new double[] {0, 9, 1, 9, 9, 9},
          cpu.numbers(new Movement.Pad(List.of(0, 0), List.of(1, 1), 9.5), x),
          dtype == DType.I32 || dtype == DType.U8 ? 0 : 0.5);
      Operand none = cpu.tensor(dtype, Shape.of(0, 2));
      assertArrayEquals(
          new double[] {7, 7},
          cpu.numbers(new Movement.Pad(List.of(1, 0), List.of(0, 0), 7), none));
    }
  }

  @Test
  void concatenates() {
    for (DType dtype : TYPES) {
      Operand a = cpu.tensor(dtype, Shape.of(2, 1), 1, 2);
      Operand b = cpu.tensor(dtype, Shape.of(2, 2), 3, 4, 5, 6);
      Operand none = cpu.tensor(dtype, Shape.of(2, 0));
      assertArrayEquals(
          new double[] {1, 3, 4, 1, 2, 5, 6, 2},
          cpu.numbers(new Movement.Concat(1), a, none, b, a));
      assertArrayEquals(
          new double[] {3, 4, 5, 6, 3, 4, 5, 6}, cpu.numbers(new Movement.Concat(0), b, b));
    }
  }

  private Operand numbered(DType dtype, Shape shape) {
    double[] numbers = new double[(int) shape.elements()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = i % 251;
    }
    return cpu.tensor(dtype, shape, numbers);
  }

  private static List<List<Integer>> orders(int rank) {
    if (rank == 0) {
      return List.of(List.of());
    }
    List<List<Integer>> orders = new ArrayList<>();
    for (List<Integer> shorter : orders(rank - 1)) {
      for (int place = 0; place < rank; place++) {
        List<Integer> order = new ArrayList<>(shorter);
        order.add(place, rank - 1);
        orders.add(order);
      }
    }
    return orders;
  }
}
