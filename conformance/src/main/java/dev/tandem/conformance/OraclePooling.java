package dev.tandem.conformance;

import dev.tandem.op.Pooling;
import dev.tandem.op.Pooling.AvgPool2d;
import dev.tandem.op.Pooling.AvgPool2dGrad;
import dev.tandem.op.Pooling.MaxPool2d;
import dev.tandem.op.Pooling.MaxPool2dGrad;
import dev.tandem.op.Pooling.Window;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.Arrays;
import java.util.List;

/** The definition of pooling. */
final class OraclePooling {
  private OraclePooling() {}

  /** An element of x lies in the window of an element of y. */
  private interface Meeting {
    void of(int x, int y);
  }

  static List<double[]> run(Pooling op, List<Values> inputs, TensorType output) {
    double[] first = inputs.getFirst().data();
    Shape from = inputs.getFirst().shape();
    double[] result = new double[Positions.elements(output.shape())];
    switch (op) {
      case MaxPool2d max -> {
        int[] best = new int[result.length];
        Arrays.fill(best, -1);
        // Windows are walked in row-major order, so that only a larger one, or the first NaN,
        // displaces the best.
        meetings(
            max.window(),
            from,
            output.shape(),
            (x, y) -> {
              boolean wins =
                  best[y] < 0
                      || first[x] > first[best[y]]
                      || Double.isNaN(first[x]) && !Double.isNaN(first[best[y]]);
              if (wins) {
                best[y] = x;
              }
            });
        int plane = Math.max(1, from.length(2) * from.length(3));
        return List.of(
            Arrays.stream(best).mapToDouble(x -> first[x]).toArray(),
            Arrays.stream(best).mapToDouble(x -> x % plane).toArray());
      }
      case MaxPool2dGrad _ -> {
        int plane = output.shape().length(2) * output.shape().length(3);
        for (int y = 0; y < first.length; y++) {
          int[] place = Positions.place(from, y);
          int start = (place[0] * from.length(1) + place[1]) * plane;
          result[start + (int) inputs.get(1).data()[y]] += first[y];
        }
      }
      case AvgPool2d avg ->
          meetings(
              avg.window(),
              from,
              output.shape(),
              (x, y) -> result[y] += first[x] / area(avg.window()));
      case AvgPool2dGrad avg ->
          meetings(
              avg.window(),
              output.shape(),
              from,
              (x, y) -> result[x] += first[y] / area(avg.window()));
    }
    return List.of(result);
  }

  private static int area(Window window) {
    return window.kernel().height() * window.kernel().width();
  }

  private static void meetings(Window window, Shape x, Shape y, Meeting meeting) {
    for (int number = 0; number < y.elements(); number++) {
      int[] place = Positions.place(y, number);
      for (int p = 0; p < window.kernel().height(); p++) {
        int h = place[2] * window.stride().height() - window.padding().height() + p;
        for (int q = 0; q < window.kernel().width(); q++) {
          int v = place[3] * window.stride().width() - window.padding().width() + q;
          if (h >= 0 && h < x.length(2) && v >= 0 && v < x.length(3)) {
            meeting.of(Positions.number(x, place[0], place[1], h, v), number);
          }
        }
      }
    }
  }
}
