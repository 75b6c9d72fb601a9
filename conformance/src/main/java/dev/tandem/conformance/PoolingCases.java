package dev.tandem.conformance;

import static dev.tandem.conformance.Source.repeating;
import static dev.tandem.conformance.Source.result;
import static dev.tandem.conformance.Source.ties;
import static dev.tandem.conformance.Source.uniform;

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

/** Samples of pooling. */
final class PoolingCases {
  private PoolingCases() {}

  static List<OpCase> all() {
    Cases cases = new Cases();
    pooling(cases, Window.of(1), Shape.of(1, 1, 1, 1));
    pooling(cases, Window.of(2), Shape.of(2, 3, 8, 6));
    // A remainder that no window reaches: its gradient is 0.
    pooling(cases, Window.of(2), Shape.of(2, 3, 7, 5));
    // Overlapping, so that gradients add up.
    pooling(cases, window(3, 3, 1, 1, 0, 0), Shape.of(2, 3, 7, 9));
    pooling(cases, window(3, 2, 2, 1, 1, 1), Shape.of(2, 3, 7, 5));
    pooling(cases, window(2, 4, 3, 5, 1, 2), Shape.of(1, 2, 9, 13));
    pooling(cases, window(5, 7, 1, 1, 0, 0), Shape.of(2, 3, 5, 7));
    pooling(cases, window(2, 2, 2, 2, 0, 0), Shape.of(3, 17, 14, 34));
    pooling(cases, window(3, 3, 2, 2, 1, 1), Shape.of(16, 16, 20, 21));
    pooling(cases, Window.of(2), Shape.of(0, 3, 4, 4));
    pooling(cases, Window.of(2), Shape.of(2, 0, 4, 4));
    special(cases);
    return cases.list();
  }

  private static void pooling(Cases cases, Window window, Shape x) {
    MaxPool2d max = new MaxPool2d(window);
    Shape y = max.outputs(List.of(new TensorType(DType.F32, x))).getFirst().shape();
    Source indices =
        new Source(
            "",
            (dtype, key, _) ->
                result(max, 1, 0)
                    .make(dtype, key, List.of(uniform(x, -2, 2).make(dtype, key, List.of()))));
    cases.add(max, Tolerance.exact(), uniform(x, -2, 2));
    cases.add(max, Tolerance.exact(), ties(x, 3));
    cases.add(new MaxPool2dGrad(window, x), Tolerance.sums(), uniform(y, -2, 2), indices);
    cases.add(new AvgPool2d(window), Tolerance.sums(), uniform(x, -2, 2));
    cases.add(new AvgPool2dGrad(window, x), Tolerance.sums(), uniform(y, -2, 2));
  }

  private static void special(Cases cases) {
    Shape x = Shape.of(1, 2, 6, 7);
    MaxPool2d padded = new MaxPool2d(window(3, 3, 2, 2, 1, 1));
    double lowest = Double.NEGATIVE_INFINITY;
    // Padding never wins, not even over the lowest numbers, and an index always lies in the window.
    cases.add(padded, Tolerance.exact(), repeating("lowest", x, lowest));
    cases.add(padded, Tolerance.exact(), uniform(x, -400, -300));
    cases.add(
        new MaxPool2d(window(9, 9, 1, 1, 4, 4)),
        Tolerance.exact(),
        repeating("lowest", Shape.of(1, 2, 3, 1), lowest));
    cases.add(padded, Tolerance.exact(), repeating("lowest", x, -Double.MAX_VALUE, lowest, lowest));
    cases.add(
        padded,
        Tolerance.exact(),
        repeating("NaN", x, 1, 2, 3, Double.NaN, 4, 5, -1, 9, Double.NaN, 8, 7));
    cases.add(padded, Tolerance.exact(), repeating("NaN", x, Double.NaN));
    // The mean counts padding, also where the window is mostly padding.
    cases.add(
        new AvgPool2d(window(4, 4, 1, 1, 2, 2)),
        Tolerance.sums(),
        uniform(Shape.of(1, 2, 1, 2), 1, 2));
  }

  /** Kernel, stride and padding, each height then width. */
  private static Window window(int kh, int kw, int sh, int sw, int ph, int pw) {
    return new Window(new Size2d(kh, kw), new Size2d(sh, sw), new Size2d(ph, pw));
  }
}
