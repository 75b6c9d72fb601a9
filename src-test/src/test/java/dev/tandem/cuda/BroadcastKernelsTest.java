package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.tandem.conformance.Values;
import dev.tandem.op.Elementwise.LessEqual;
import dev.tandem.op.Elementwise.Select;
import dev.tandem.op.Elementwise.Sub;
import dev.tandem.op.Op;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Boxes of more elements than a grid has threads, stretched along any axes, with elements counted in 32 bits and in 64. */
final class BroadcastKernelsTest {
  private record Box(Shape condition, Shape a, Shape b) {
    Shape all() {
      return Shape.broadcast("box", Shape.broadcast("box", a, b), condition);
    }
  }

  @TestFactory
  Stream<DynamicTest> agreesWithPlainLoops() {
    return Stream.of(
            new Box(Shape.of(3, 5000), Shape.of(3, 5000), Shape.of(3, 5000)),
            new Box(Shape.of(40, 1, 1), Shape.of(40, 30, 64), Shape.of(64)),
            new Box(Shape.of(9, 11), Shape.of(60, 1, 11), Shape.of(9, 1)),
            new Box(Shape.scalar(), Shape.of(7, 1, 9, 1), Shape.of(6, 1, 52)),
            new Box(Shape.of(5, 1, 3, 1, 8), Shape.of(5, 4, 3, 6, 1), Shape.of(4, 1, 6, 8)))
        .flatMap(box ->
            Stream.of(false, true)
                .map(wide ->
                    DynamicTest.dynamicTest(box + (wide ? ", wide" : ""), () -> check(box, wide))));
  }

  private static void check(Box box, boolean wide) {
    Values condition = KernelRun.whole(DType.U8, box.condition, 0, 1, 1);
    Values a = KernelRun.whole(DType.F32, box.a, -9, 9, 2);
    Values b = KernelRun.whole(DType.F32, box.b, -9, 9, 3);
    int n = (int) box.all().elements();
    double[] difference = new double[n];
    double[] ordered = new double[n];
    double[] chosen = new double[n];
    for (int i = 0; i < n; i++) {
      double v = at(a, box.all(), i);
      double w = at(b, box.all(), i);
      difference[i] = v - w;
      ordered[i] = v <= w ? 1 : 0;
      chosen[i] = at(condition, box.all(), i) != 0 ? v : w;
    }
    try (Emulated gpu = KernelRun.gpu(wide)) {
      if (Shape.broadcast("box", box.a, box.b).equals(box.all())) {
        assertArrayEquals(difference, run(gpu, new Sub(), a, b));
        assertArrayEquals(ordered, run(gpu, new LessEqual(), a, b));
      }
      assertArrayEquals(chosen, run(gpu, new Select(), condition, a, b));
    }
  }

  private static double[] run(Emulated gpu, Op op, Values... inputs) {
    return KernelRun.of(gpu, op, inputs).first();
  }

  /** The number that a stretched tensor has at an element of the box. */
  private static double at(Values tensor, Shape box, int element) {
    Shape own = tensor.shape();
    long place = 0;
    int left = element;
    for (int axis = 1; axis <= own.rank(); axis++) {
      int length = box.length(box.rank() - axis);
      if (own.length(own.rank() - axis) > 1) {
        place += left % length * own.strides()[own.rank() - axis];
      }
      left /= length;
    }
    return tensor.data()[(int) place];
  }
}
