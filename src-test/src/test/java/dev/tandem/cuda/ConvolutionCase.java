package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.tandem.conformance.Values;
import dev.tandem.op.Linear.Conv2d;
import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Linear.Conv2dGradInput;
import dev.tandem.op.Linear.Conv2dGradWeight;
import dev.tandem.op.Op;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** A convolution and its gradients, compared with plain loops. Numbers are whole, and sums of them exact. */
record ConvolutionCase(Conv2dGeometry geometry, Shape x, Shape w) {
  Shape y() {
    return new Conv2d(geometry)
        .outputs(List.of(new TensorType(DType.F32, x), new TensorType(DType.F32, w)))
        .getFirst()
        .shape();
  }

  /** @param launched is given the kernels that each of the three ops launched: y, dx, dw */
  void check(Emulated gpu, Consumer<Set<Kernel>> launched) {
    Values image = KernelRun.whole(DType.F32, x, -4, 4, 1);
    Values weight = KernelRun.whole(DType.F32, w, -4, 4, 2);
    Values slope = KernelRun.whole(DType.F32, y(), -4, 4, 3);
    Expected expected = new Expected(this, image.data(), weight.data(), slope.data());
    launched.accept(agrees(gpu, expected.y, new Conv2d(geometry), image, weight));
    launched.accept(agrees(gpu, expected.dx, new Conv2dGradInput(geometry, x), weight, slope));
    launched.accept(agrees(gpu, expected.dw, new Conv2dGradWeight(geometry, w), image, slope));
  }

  private static Set<Kernel> agrees(Emulated gpu, double[] expected, Op op, Values... inputs) {
    KernelRun run = KernelRun.of(gpu, op, inputs);
    assertArrayEquals(expected, run.first(), op.name());
    return run.kernels();
  }

  /** What each meeting of a pixel x with a weight w in a place y gives. */
  private static final class Expected {
    final double[] y;
    final double[] dx;
    final double[] dw;

    Expected(ConvolutionCase sample, double[] x, double[] w, double[] dy) {
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
}
