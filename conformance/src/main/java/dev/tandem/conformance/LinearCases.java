package dev.tandem.conformance;

import static dev.tandem.conformance.Source.repeating;
import static dev.tandem.conformance.Source.uniform;

import dev.tandem.op.Linear.Conv2d;
import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Linear.Conv2dGradInput;
import dev.tandem.op.Linear.Conv2dGradWeight;
import dev.tandem.op.Linear.Matmul;
import dev.tandem.op.Size2d;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;

/** Samples of matrix product and convolution. */
final class LinearCases {
  private LinearCases() {}

  static List<OpCase> all() {
    Cases cases = new Cases();
    matmul(cases);
    convolution(cases);
    return cases.list();
  }

  private static void matmul(Cases cases) {
    // M, N, K: single, odd, either side long, beyond the tiles and panels that fast products are
    // cut into.
    int[][] sizes = {
      {1, 1, 1},
      {7, 5, 3},
      {1, 257, 3},
      {257, 1, 5},
      {3, 6, 257},
      {13, 2049, 5},
      {97, 65, 513},
      {130, 70, 33}
    };
    for (int[] size : sizes) {
      for (boolean transposeA : new boolean[] {false, true}) {
        for (boolean transposeB : new boolean[] {false, true}) {
          Shape a = transposeA ? Shape.of(size[2], size[0]) : Shape.of(size[0], size[2]);
          Shape b = transposeB ? Shape.of(size[1], size[2]) : Shape.of(size[2], size[1]);
          add(cases, transposeA, transposeB, a, b);
        }
      }
    }
    // Batches: equal, one side without, both sides stretching, transposed.
    add(cases, false, false, Shape.of(2, 7, 5), Shape.of(2, 5, 3));
    add(cases, false, false, Shape.of(5, 3, 4), Shape.of(4, 2));
    add(cases, false, false, Shape.of(3, 4), Shape.of(5, 4, 2));
    add(cases, false, false, Shape.of(2, 1, 3, 4), Shape.of(5, 4, 2));
    add(cases, true, false, Shape.of(2, 3, 9, 17), Shape.of(2, 3, 9, 5));
    add(cases, false, true, Shape.of(3, 1, 17, 9), Shape.of(1, 2, 5, 9));
    add(cases, true, true, Shape.of(4, 6, 3), Shape.of(1, 2, 6));
    // Nothing in, nothing out; and an empty sum, which is 0.
    add(cases, false, false, Shape.of(0, 4), Shape.of(4, 3));
    add(cases, false, false, Shape.of(4, 3), Shape.of(3, 0));
    add(cases, false, false, Shape.of(3, 0), Shape.of(0, 2));
    add(cases, false, true, Shape.of(2, 3, 0), Shape.of(2, 5, 0));
    add(cases, false, false, Shape.of(0, 3, 4), Shape.of(4, 2));
    // 0 * infinity is NaN: a product may not skip zeros.
    double infinity = Double.POSITIVE_INFINITY;
    cases.add(
        new Matmul(false, false),
        Tolerance.sums(),
        repeating("special", Shape.of(5, 4), 0, 1, 0, 2, 3, 0, Double.NaN, 0, 0),
        repeating("special", Shape.of(4, 6), 1, infinity, 2, -infinity, 3, 4, 5, 0, 0, 6, 7));
  }

  private static void add(Cases cases, boolean transposeA, boolean transposeB, Shape a, Shape b) {
    cases.add(
        new Matmul(transposeA, transposeB), Tolerance.sums(), uniform(a, -2, 2), uniform(b, -2, 2));
  }

  private static void convolution(Cases cases) {
    Conv2dGeometry plain = Conv2dGeometry.plain();
    convolution(cases, plain, Shape.of(1, 1, 1, 1), Shape.of(1, 1, 1, 1));
    convolution(cases, plain, Shape.of(2, 3, 7, 5), Shape.of(4, 3, 3, 3));
    convolution(cases, plain, Shape.of(1, 2, 5, 9), Shape.of(3, 2, 5, 9));
    convolution(cases, plain, Shape.of(2, 67, 5, 5), Shape.of(35, 67, 1, 1));
    convolution(cases, geometry(2, 1, 1, 0, 1, 1, 1), Shape.of(2, 3, 8, 6), Shape.of(4, 3, 3, 2));
    convolution(cases, geometry(1, 2, 2, 1, 1, 1, 1), Shape.of(2, 3, 6, 9), Shape.of(5, 3, 5, 3));
    convolution(cases, geometry(1, 1, 0, 2, 2, 3, 1), Shape.of(2, 2, 9, 10), Shape.of(3, 2, 3, 2));
    convolution(cases, geometry(2, 3, 3, 2, 2, 1, 1), Shape.of(1, 3, 11, 10), Shape.of(2, 3, 3, 4));
    // A stride beyond the kernel leaves pixels out: their gradient is 0.
    convolution(cases, geometry(3, 4, 0, 0, 1, 1, 1), Shape.of(2, 2, 8, 11), Shape.of(3, 2, 2, 1));
    // Padding beyond the kernel: outputs that see no pixel are 0.
    convolution(cases, geometry(1, 1, 3, 3, 1, 1, 1), Shape.of(1, 2, 3, 4), Shape.of(2, 2, 2, 2));
    // Groups, depthwise, depthwise with two outputs a channel.
    convolution(cases, geometry(1, 1, 1, 1, 1, 1, 2), Shape.of(2, 4, 6, 7), Shape.of(6, 2, 3, 3));
    convolution(cases, geometry(2, 1, 1, 2, 1, 2, 3), Shape.of(2, 6, 7, 8), Shape.of(3, 2, 3, 3));
    convolution(cases, geometry(1, 1, 1, 1, 1, 1, 5), Shape.of(2, 5, 6, 7), Shape.of(5, 1, 3, 3));
    convolution(cases, geometry(2, 2, 1, 1, 1, 1, 5), Shape.of(2, 5, 6, 7), Shape.of(10, 1, 3, 3));
    convolution(
        cases, geometry(1, 1, 1, 1, 1, 1, 1), Shape.of(3, 16, 14, 13), Shape.of(33, 16, 3, 3));
    // Filters nearly as large as the image, and padding: most of what they compute lies outside.
    convolution(cases, geometry(1, 1, 1, 2, 1, 1, 1), Shape.of(2, 3, 9, 8), Shape.of(4, 3, 7, 8));
    // A batch, over which gradients may be summed in parts; and a sum longer than a block of it.
    convolution(cases, geometry(1, 1, 1, 1, 1, 1, 1), Shape.of(16, 2, 5, 5), Shape.of(6, 2, 3, 3));
    convolution(cases, geometry(1, 1, 1, 1, 1, 1, 1), Shape.of(2, 60, 4, 5), Shape.of(7, 60, 3, 3));
    // Channels and images enough for 3x3 filters in tiles.
    convolution(
        cases, geometry(1, 1, 1, 1, 1, 1, 1), Shape.of(4, 32, 7, 9), Shape.of(35, 32, 3, 3));
    convolution(
        cases, geometry(1, 1, 0, 2, 1, 1, 1), Shape.of(13, 33, 5, 4), Shape.of(64, 33, 3, 3));
    convolution(
        cases, geometry(1, 1, 1, 1, 1, 1, 1), Shape.of(7, 63, 5, 6), Shape.of(66, 63, 3, 3));
    // Nothing in; and sums over no channels, which are 0.
    convolution(cases, geometry(1, 1, 1, 1, 1, 1, 1), Shape.of(0, 3, 5, 5), Shape.of(4, 3, 3, 3));
    convolution(cases, plain, Shape.of(2, 0, 5, 5), Shape.of(4, 0, 3, 3));
  }

  private static void convolution(Cases cases, Conv2dGeometry geometry, Shape x, Shape w) {
    Conv2d forward = new Conv2d(geometry);
    Shape y =
        forward
            .outputs(List.of(new TensorType(DType.F32, x), new TensorType(DType.F32, w)))
            .getFirst()
            .shape();
    cases.add(forward, Tolerance.sums(), uniform(x, -2, 2), uniform(w, -1, 1));
    cases.add(
        new Conv2dGradInput(geometry, x), Tolerance.sums(), uniform(w, -1, 1), uniform(y, -2, 2));
    cases.add(
        new Conv2dGradWeight(geometry, w), Tolerance.sums(), uniform(x, -2, 2), uniform(y, -2, 2));
  }

  /** Stride, padding and dilation, each height then width. */
  private static Conv2dGeometry geometry(
      int sh, int sw, int ph, int pw, int dh, int dw, int groups) {
    return new Conv2dGeometry(new Size2d(sh, sw), new Size2d(ph, pw), new Size2d(dh, dw), groups);
  }
}
