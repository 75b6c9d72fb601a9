package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.tandem.conformance.Values;
import dev.tandem.op.Linear.Conv2d;
import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Linear.Conv2dGradInput;
import dev.tandem.op.Linear.Conv2dGradWeight;
import dev.tandem.op.Op;
import dev.tandem.op.Size2d;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Convolutions of more columns than a grid has threads, taken by fours and one at a time, all images at once and in portions, against
 * plain loops. Numbers are whole, and sums of them exact.
 */
final class ConvolutionKernelsTest {
  /** Columns of all images, of about three, and of one at a time. */
  private static final long[] PORTIONS = {256L << 20, 3, 1};

  private record Case(Conv2dGeometry geometry, Shape x, Shape w) {
    Shape y() {
      return new Conv2d(geometry)
          .outputs(List.of(new TensorType(DType.F32, x), new TensorType(DType.F32, w)))
          .getFirst()
          .shape();
    }

    /** Bytes of so many images' columns. */
    long columns(long images) {
      return images * x.length(1) * w.length(2) * w.length(3) * y().length(2) * y().length(3) * 4;
    }
  }

  /** What each meeting of a pixel x with a weight w in a place y gives. */
  private static final class Expected {
    final double[] y;
    final double[] dx;
    final double[] dw;

    Expected(Case sample, double[] x, double[] w, double[] dy) {
      y = new double[dy.length];
      dx = new double[x.length];
      dw = new double[w.length];
      Conv2dGeometry geometry = sample.geometry;
      int perGroup = sample.w.length(0) / geometry.groups();
      long[] strideX = sample.x.strides();
      long[] strideW = sample.w.strides();
      for (int i = 0; i < dy.length; i++) {
        int[] at = place(sample.y(), i);
        for (int j = 0; j < sample.w.elements() / sample.w.length(0); j++) {
          int[] tap = place(sample.w, j); // of the first output, 0
          int c = at[1] / perGroup * sample.w.length(1) + tap[1];
          int h =
              at[2] * geometry.stride().height()
                  - geometry.padding().height()
                  + tap[2] * geometry.dilation().height();
          int v =
              at[3] * geometry.stride().width()
                  - geometry.padding().width()
                  + tap[3] * geometry.dilation().width();
          if (h >= 0 && h < sample.x.length(2) && v >= 0 && v < sample.x.length(3)) {
            int ofX = (int) (at[0] * strideX[0] + c * strideX[1] + h * strideX[2] + v);
            int ofW = (int) (at[1] * strideW[0] + j);
            y[i] += x[ofX] * w[ofW];
            dx[ofX] += dy[i] * w[ofW];
            dw[ofW] += dy[i] * x[ofX];
          }
        }
      }
    }

    private static int[] place(Shape shape, int element) {
      int[] place = new int[shape.rank()];
      int left = element;
      for (int axis = shape.rank() - 1; axis >= 0; axis--) {
        place[axis] = left % shape.length(axis);
        left /= shape.length(axis);
      }
      return place;
    }
  }

  private static Conv2dGeometry geometry(int stride, int padding, int dilation, int groups) {
    return new Conv2dGeometry(Size2d.of(stride), Size2d.of(padding), Size2d.of(dilation), groups);
  }

  private static final List<Case> CASES =
      List.of(
          new Case(geometry(1, 1, 1, 1), Shape.of(7, 5, 12, 14), Shape.of(3, 5, 3, 3)),
          new Case(geometry(1, 1, 1, 1), Shape.of(7, 5, 13, 11), Shape.of(3, 5, 3, 3)),
          new Case(geometry(2, 3, 1, 1), Shape.of(5, 3, 24, 16), Shape.of(4, 3, 7, 7)),
          new Case(geometry(2, 1, 1, 1), Shape.of(5, 3, 17, 15), Shape.of(4, 3, 3, 3)),
          new Case(geometry(3, 4, 2, 2), Shape.of(4, 4, 19, 21), Shape.of(6, 2, 3, 3)),
          new Case(geometry(2, 2, 3, 3), Shape.of(4, 6, 20, 20), Shape.of(3, 2, 3, 3)),
          new Case(geometry(2, 0, 5, 1), Shape.of(2, 3, 22, 14), Shape.of(2, 3, 3, 2)),
          new Case(geometry(2, 0, 1, 1), Shape.of(4, 5, 16, 16), Shape.of(3, 5, 1, 1)));

  @TestFactory
  Stream<DynamicTest> agreesWithPlainLoops() {
    return CASES.stream()
        .flatMap(sample ->
            Stream.of(false, true)
                .map(wide ->
                    DynamicTest.dynamicTest(
                        sample + (wide ? ", wide" : ""), () -> check(sample, wide))));
  }

  private static void check(Case sample, boolean wide) {
    Values x = KernelRun.whole(DType.F32, sample.x, -4, 4, 1);
    Values w = KernelRun.whole(DType.F32, sample.w, -4, 4, 2);
    Values dy = KernelRun.whole(DType.F32, sample.y(), -4, 4, 3);
    Expected expected = new Expected(sample, x.data(), w.data(), dy.data());
    for (long images : PORTIONS) {
      CudaOptions options =
          CudaOptions.standard("cuda-emulated")
              .withCaching(false)
              .withColumns(sample.columns(Math.min(images, sample.x.length(0))));
      try (Emulated gpu = Emulated.open(wide ? options.withWideFrom(1) : options, 1L << 30)) {
        agrees(gpu, expected.y, new Conv2d(sample.geometry), x, w);
        agrees(gpu, expected.dx, new Conv2dGradInput(sample.geometry, sample.x), w, dy);
        agrees(gpu, expected.dw, new Conv2dGradWeight(sample.geometry, sample.w), x, dy);
      }
    }
  }

  private static void agrees(Emulated gpu, double[] expected, Op op, Values... inputs) {
    assertArrayEquals(expected, KernelRun.of(gpu, op, inputs).first(), op.name());
  }
}
