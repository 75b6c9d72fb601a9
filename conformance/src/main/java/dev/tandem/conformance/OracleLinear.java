package dev.tandem.conformance;

import dev.tandem.op.Linear;
import dev.tandem.op.Linear.Conv2d;
import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Linear.Conv2dGradInput;
import dev.tandem.op.Linear.Conv2dGradWeight;
import dev.tandem.op.Linear.Matmul;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.Arrays;
import java.util.List;

/** The definition of matrix product and convolution. */
final class OracleLinear {
  private OracleLinear() {}

  /** An element of x meets an element of w, and their product is part of an element of y. */
  private interface Meeting {
    void of(int x, int w, int y);
  }

  static double[] run(Linear op, List<Values> inputs, TensorType output) {
    Values first = inputs.get(0);
    Values second = inputs.get(1);
    double[] result = new double[Positions.elements(output.shape())];
    double[] a = first.data();
    double[] b = second.data();
    switch (op) {
      case Matmul matmul -> matmul(matmul, first, second, output.shape(), result);
      case Conv2d conv ->
          meetings(
              conv.geometry(),
              first.shape(),
              second.shape(),
              output.shape(),
              (x, w, y) -> result[y] += a[x] * b[w]);
      case Conv2dGradInput grad ->
          meetings(
              grad.geometry(),
              output.shape(),
              first.shape(),
              second.shape(),
              (x, w, y) -> result[x] += a[w] * b[y]);
      case Conv2dGradWeight grad ->
          meetings(
              grad.geometry(),
              first.shape(),
              output.shape(),
              second.shape(),
              (x, w, y) -> result[w] += a[x] * b[y]);
    }
    return result;
  }

  private static void matmul(Matmul op, Values a, Values b, Shape y, double[] result) {
    int rank = y.rank();
    int inner = a.shape().length(op.transposeA() ? -2 : -1);
    Shape batchA = a.shape().part(0, a.shape().rank() - 2);
    Shape batchB = b.shape().part(0, b.shape().rank() - 2);
    int matrixA = a.shape().length(-1) * a.shape().length(-2);
    int matrixB = b.shape().length(-1) * b.shape().length(-2);
    for (int i = 0; i < result.length; i++) {
      int[] place = Positions.place(y, i);
      int[] batch = Arrays.copyOf(place, rank - 2);
      int row = place[rank - 2];
      int column = place[rank - 1];
      int startA = Positions.stretched(batchA, batch) * matrixA;
      int startB = Positions.stretched(batchB, batch) * matrixB;
      for (int k = 0; k < inner; k++) {
        int inA = op.transposeA() ? k * a.shape().length(-1) + row : row * inner + k;
        int inB = op.transposeB() ? column * inner + k : k * b.shape().length(-1) + column;
        result[i] += a.data()[startA + inA] * b.data()[startB + inB];
      }
    }
  }

  /**
   * All meetings of a convolution: y[n,o,i,j] takes x[n,c,h,v] * w[o,p,q,r] where h = i * stride - padding + q
   * * dilation, likewise v, and c is channel p of o's group.
   */
  private static void meetings(
      Conv2dGeometry geometry, Shape x, Shape w, Shape y, Meeting meeting) {
    int outputsPerGroup = w.length(0) / geometry.groups();
    for (int number = 0; number < y.elements(); number++) {
      int[] place = Positions.place(y, number);
      int group = place[1] / outputsPerGroup;
      for (int p = 0; p < w.length(1); p++) {
        int c = group * w.length(1) + p;
        for (int q = 0; q < w.length(2); q++) {
          int h =
              place[2] * geometry.stride().height()
                  - geometry.padding().height()
                  + q * geometry.dilation().height();
          for (int r = 0; r < w.length(3); r++) {
            int v =
                place[3] * geometry.stride().width()
                    - geometry.padding().width()
                    + r * geometry.dilation().width();
            if (h >= 0 && h < x.length(2) && v >= 0 && v < x.length(3)) {
              meeting.of(
                  Positions.number(x, place[0], c, h, v),
                  Positions.number(w, place[1], p, q, r),
                  number);
            }
          }
        }
      }
    }
  }
}
