package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.conformance.Values;
import dev.tandem.op.Movement;
import dev.tandem.op.Movement.Concat;
import dev.tandem.op.Movement.Expand;
import dev.tandem.op.Movement.Pad;
import dev.tandem.op.Movement.Permute;
import dev.tandem.op.Movement.Slice;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Boxes that go by fours and that do not, transposes of tiles that are full and that are not, both beyond one grid. */
final class MovementKernelsTest {
  private static Stream<DynamicTest> everyWay(
      String name,
      Movement op,
      Set<Kernel> b32,
      ToDoubleFunction<int[]> expected,
      Shape... inputs) {
    return Stream.of(DType.F32, DType.U8)
        .flatMap(dtype ->
            Stream.of(false, true)
                .map(wide ->
                    DynamicTest.dynamicTest(
                        name + " " + dtype + (wide ? ", wide" : ""),
                        () -> check(op, dtype, wide, b32, expected, inputs))));
  }

  private static void check(
      Movement op,
      DType dtype,
      boolean wide,
      Set<Kernel> b32,
      ToDoubleFunction<int[]> expected,
      Shape... inputs) {
    // Each element is its own number, as far as the type can tell them apart.
    double[] next = {0};
    Values[] values =
        Stream.of(inputs)
            .map(shape -> KernelRun.drawn(DType.F32, shape, () -> next[0]++))
            .map(x -> dtype == DType.F32 ? x : bytes(x))
            .toArray(Values[]::new);
    try (Emulated gpu = KernelRun.gpu(wide)) {
      KernelRun run = KernelRun.of(gpu, op, values);
      Shape to = run.results().getFirst().shape();
      double[] should = new double[run.first().length];
      for (int i = 0; i < should.length; i++) {
        double number = expected.applyAsDouble(place(to, i));
        should[i] = dtype == DType.F32 ? number : number % 251;
      }
      assertArrayEquals(should, run.first());
      assertEquals(dtype == DType.F32 ? b32 : b8(b32), run.kernels());
    }
  }

  private static Values bytes(Values x) {
    return Values.of(DType.U8, x.shape(), Arrays.stream(x.data()).map(v -> v % 251).toArray());
  }

  private static Set<Kernel> b8(Set<Kernel> b32) {
    Set<Kernel> b8 = EnumSet.noneOf(Kernel.class);
    b32.forEach(kernel -> b8.add(Kernel.valueOf(kernel.name().replace("B32", "B8"))));
    return b8;
  }

  private static int[] place(Shape shape, int number) {
    int[] place = new int[shape.rank()];
    for (int axis = shape.rank() - 1; axis >= 0; axis--) {
      place[axis] = number % shape.length(axis);
      number /= shape.length(axis);
    }
    return place;
  }

  private static int number(Shape shape, int[] place) {
    int number = 0;
    for (int axis = 0; axis < shape.rank(); axis++) {
      number = number * shape.length(axis) + place[axis];
    }
    return number;
  }

  private static Stream<DynamicTest> permute(Kernel kernel, Shape x, Integer... order) {
    return everyWay(
        "permute " + x + " to " + List.of(order),
        new Permute(List.of(order)),
        EnumSet.of(kernel),
        place -> {
          int[] from = new int[place.length];
          for (int axis = 0; axis < place.length; axis++) {
            from[order[axis]] = place[axis];
          }
          return number(x, from);
        },
        x);
  }

  @TestFactory
  Stream<DynamicTest> transposes() {
    Kernel tiled = Kernel.TRANSPOSE_B32;
    return Stream.of(
            permute(tiled, Shape.of(16, 16), 1, 0),
            permute(tiled, Shape.of(32, 64), 1, 0),
            permute(tiled, Shape.of(33, 65), 1, 0),
            permute(tiled, Shape.of(199, 331), 1, 0),
            // More tiles than the grid has blocks, in batches.
            permute(tiled, Shape.of(5, 97, 131), 0, 2, 1),
            // NCHW to NHWC and back.
            permute(tiled, Shape.of(3, 19, 5, 7), 0, 2, 3, 1),
            permute(tiled, Shape.of(3, 5, 7, 19), 0, 3, 1, 2),
            // Keys of attention: (B, T, H, D) to (B, H, D, T).
            permute(tiled, Shape.of(2, 37, 3, 20), 0, 2, 3, 1),
            permute(tiled, Shape.of(17, 3, 4, 18), 3, 2, 1, 0))
        .flatMap(tests -> tests);
  }

  @TestFactory
  Stream<DynamicTest> permutesWithoutTiles() {
    Kernel copied = Kernel.COPY_B32;
    return Stream.of(
            permute(copied, Shape.of(15, 400), 1, 0),
            permute(copied, Shape.of(400, 15), 1, 0),
            // Heads of attention: rows stay whole, by fours and not.
            permute(copied, Shape.of(3, 37, 5, 64), 0, 2, 1, 3),
            permute(copied, Shape.of(3, 37, 5, 63), 0, 2, 1, 3))
        .flatMap(tests -> tests);
  }

  private static Stream<DynamicTest> slice(Shape x, List<Integer> start, List<Integer> length) {
    return everyWay(
        "slice of " + x + " at " + start + " of " + length,
        new Slice(start, length),
        EnumSet.of(Kernel.COPY_B32),
        place -> {
          int[] from = place.clone();
          for (int axis = 0; axis < from.length; axis++) {
            from[axis] += start.get(axis);
          }
          return number(x, from);
        },
        x);
  }

  @TestFactory
  Stream<DynamicTest> slices() {
    return Stream.of(
            slice(Shape.of(40, 64, 36), List.of(3, 8, 4), List.of(30, 50, 24)),
            slice(Shape.of(40, 64, 36), List.of(3, 8, 3), List.of(30, 50, 24)),
            slice(Shape.of(40, 64, 36), List.of(3, 8, 4), List.of(30, 50, 23)),
            slice(Shape.of(40, 64, 35), List.of(3, 8, 4), List.of(30, 50, 24)),
            slice(Shape.of(400, 99), List.of(4, 0), List.of(390, 99)),
            slice(Shape.of(400, 99), List.of(3, 0), List.of(390, 99)),
            slice(Shape.of(300, 50), List.of(1, 17), List.of(298, 1)))
        .flatMap(tests -> tests);
  }

  private static Stream<DynamicTest> concat(int rows, int... widths) {
    Shape[] parts =
        Arrays.stream(widths).mapToObj(width -> Shape.of(rows, width)).toArray(Shape[]::new);
    return everyWay(
        "concat of " + List.of(parts),
        new Concat(1),
        EnumSet.of(Kernel.COPY_B32),
        place -> {
          int column = place[1];
          int before = 0;
          int part = 0;
          while (column >= widths[part]) {
            column -= widths[part];
            before += rows * widths[part++];
          }
          return before + place[0] * widths[part] + column;
        },
        parts);
  }

  @TestFactory
  Stream<DynamicTest> concats() {
    return Stream.of(concat(501, 4, 8, 76), concat(501, 4, 3, 76), concat(501, 5, 1, 82))
        .flatMap(tests -> tests);
  }

  @TestFactory
  Stream<DynamicTest> stretches() {
    return Stream.of(
            everyWay(
                "expand within",
                new Expand(Shape.of(90, 100, 8)),
                EnumSet.of(Kernel.COPY_B32),
                place -> place[0] * 8 + place[2],
                Shape.of(90, 1, 8)),
            everyWay(
                "expand the innermost",
                new Expand(Shape.of(90, 25, 20)),
                EnumSet.of(Kernel.COPY_B32),
                place -> place[0] * 25 + place[1],
                Shape.of(90, 25, 1)))
        .flatMap(tests -> tests);
  }

  @TestFactory
  Stream<DynamicTest> pads() {
    return Stream.of(pad(4, 8), pad(1, 2)).flatMap(tests -> tests);
  }

  private static Stream<DynamicTest> pad(int left, int right) {
    return everyWay(
        "pad by " + left + " and " + right,
        new Pad(List.of(1, left), List.of(2, right), 7),
        EnumSet.of(Kernel.COPY_B32),
        place -> {
          int row = place[0] - 1;
          int column = place[1] - left;
          return row >= 0 && row < 500 && column >= 0 && column < 72 ? row * 72 + column : 7;
        },
        Shape.of(500, 72));
  }
}
