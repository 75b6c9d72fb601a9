package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tandem.backend.BackendException;
import dev.tandem.op.Pooling.AvgPool2d;
import dev.tandem.op.Pooling.AvgPool2dGrad;
import dev.tandem.op.Pooling.MaxPool2d;
import dev.tandem.op.Pooling.MaxPool2dGrad;
import dev.tandem.op.Pooling.Window;
import dev.tandem.op.Size2d;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;
import org.junit.jupiter.api.Test;

class PoolingTest {
  private static final double NAN = Double.NaN;

  private static final List<Window> WINDOWS =
      List.of(
          Window.of(1),
          Window.of(2),
          Window.of(3),
          new Window(Size2d.of(3), Size2d.of(2), Size2d.of(1)),
          new Window(Size2d.of(2), Size2d.of(1), Size2d.of(1)),
          new Window(new Size2d(3, 2), new Size2d(1, 3), new Size2d(1, 0)));

  private static Shape pooled(Window window, Shape x) {
    return new MaxPool2d(window).outputs(List.of(new TensorType(DType.F32, x))).getFirst().shape();
  }

  @Test
  void f32AgreesWithF64() {
    for (Window window : WINDOWS) {
      for (Shape x :
          List.of(
              Shape.of(3, 2, 7, 9),
              Shape.of(1, 1, 3, 3),
              Shape.of(0, 2, 4, 4),
              Shape.of(40, 8, 24, 24))) {
        Trial max = new Trial(new MaxPool2d(window)).input(x, -1, 1);
        max.agrees(0);
        Shape y = pooled(window, x);
        new Trial(new MaxPool2dGrad(window, x))
            .input(y, -1, 1)
            .indices(y, max.f32().get(1))
            .agrees(1e-6);
        new Trial(new AvgPool2d(window)).input(x, -1, 1).agrees(1e-6);
        new Trial(new AvgPool2dGrad(window, x)).input(y, -1, 1).agrees(1e-6);
      }
    }
  }

  @Test
  void maxima() {
    Shape x = Shape.of(1, 1, 2, 6);
    double lowest = Double.NEGATIVE_INFINITY;
    List<double[]> out =
        new Trial(new MaxPool2d(Window.of(2)))
            .values(x, 1, 3, NAN, 9, lowest, lowest, 3, 2, 8, NAN, lowest, lowest)
            .f32();
    assertArrayEquals(new double[] {3, NAN, lowest}, out.get(0));
    assertArrayEquals(new double[] {1, 2, 4}, out.get(1), "the first of equals");
  }

  /** Of planes wide and many enough for whole vectors. */
  @Test
  void equalsAndNoNumbersAmongMany() {
    for (Shape x : List.of(Shape.of(4, 3, 10, 34), Shape.of(9, 2, 11, 71), Shape.of(30, 4, 5, 7))) {
      double[] values = new double[(int) x.elements()];
      for (int i = 0; i < values.length; i++) {
        values[i] = i % 11 == 0 ? NAN : i % 13 == 0 ? Double.NEGATIVE_INFINITY : i * 7 % 3 - 1;
      }
      new Trial(new MaxPool2d(Window.of(2))).values(x, values).agrees(0);
    }
  }

  @Test
  void zerosOfEitherSignAreEqual() {
    List<double[]> out =
        new Trial(new MaxPool2d(Window.of(2)))
            .values(Shape.of(1, 1, 2, 4), -0.0, -1, 0, -0.0, 0, -1, -0.0, 0)
            .f32();
    assertArrayEquals(new double[] {-0.0, 0}, out.get(0));
    assertArrayEquals(new double[] {0, 2}, out.get(1));
  }

  @Test
  void paddingNeverWinsAndCountsInTheMean() {
    Window window = new Window(Size2d.of(2), Size2d.of(2), Size2d.of(1));
    Shape x = Shape.of(1, 1, 2, 2);
    List<double[]> max = new Trial(new MaxPool2d(window)).values(x, -1, -2, -3, -4).f32();
    assertArrayEquals(new double[] {-1, -2, -3, -4}, max.get(0));
    assertArrayEquals(new double[] {0, 1, 2, 3}, max.get(1));
    assertArrayEquals(
        new double[] {-0.25, -0.5, -0.75, -1},
        new Trial(new AvgPool2d(window)).values(x, -1, -2, -3, -4).f32().getFirst());
  }

  @Test
  void gradientsAddWhereWindowsOverlap() {
    Window window = new Window(Size2d.of(2), Size2d.of(1), Size2d.of(0));
    Shape x = Shape.of(1, 1, 2, 3);
    Shape y = Shape.of(1, 1, 1, 2);
    assertArrayEquals(
        new double[] {0, 0, 0, 0, 7, 0},
        new Trial(new MaxPool2dGrad(window, x)).values(y, 3, 4).indices(y, 4, 4).f32().getFirst());
    assertArrayEquals(
        new double[] {1, 3, 2, 1, 3, 2},
        new Trial(new AvgPool2dGrad(window, x)).values(y, 4, 8).f32().getFirst());
  }

  @Test
  void indicesOutsideTheImageAreRefused() {
    Shape y = Shape.of(1, 1, 1, 1);
    assertThrows(
        BackendException.class,
        () ->
            new Trial(new MaxPool2dGrad(Window.of(2), Shape.of(1, 1, 2, 2)))
                .values(y, 1)
                .indices(y, 4)
                .f32());
  }
}
