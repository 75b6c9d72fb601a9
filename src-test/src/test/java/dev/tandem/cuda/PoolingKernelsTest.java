package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.tandem.conformance.Values;
import dev.tandem.op.Pooling.AvgPool2d;
import dev.tandem.op.Pooling.AvgPool2dGrad;
import dev.tandem.op.Pooling.MaxPool2d;
import dev.tandem.op.Pooling.MaxPool2dGrad;
import dev.tandem.op.Pooling.Window;
import dev.tandem.op.Size2d;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Pooling of more pixels than a grid has threads, by windows that the kernels know the size of and others. Pixels are whole
 * numbers, full of equals, and sums of them exact.
 */
final class PoolingKernelsTest {
  /** What the windows of one image batch give, by plain loops. */
  private static final class Expected {
    private final double[] max;
    private final double[] indices;
    private final double[] sum;
    private final double[] maxGrad;
    private final double[] sumGrad;

    private Expected(Window window, Values x, Values dy) {
      Shape to = dy.shape();
      int height = x.shape().length(2);
      int width = x.shape().length(3);
      int rows = to.length(2);
      int columns = to.length(3);
      max = new double[dy.data().length];
      indices = new double[max.length];
      sum = new double[max.length];
      maxGrad = new double[x.data().length];
      sumGrad = new double[x.data().length];
      for (int i = 0; i < max.length; i++) {
        int plane = i / (rows * columns) * height * width;
        int top = i / columns % rows * window.stride().height() - window.padding().height();
        int left = i % columns * window.stride().width() - window.padding().width();
        int best = -1;
        for (int h = Math.max(0, top); h < Math.min(height, top + window.kernel().height()); h++) {
          for (int w = Math.max(0, left);
              w < Math.min(width, left + window.kernel().width());
              w++) {
            int at = h * width + w;
            best = best < 0 || x.data()[plane + at] > x.data()[plane + best] ? at : best;
            sum[i] += x.data()[plane + at];
            sumGrad[plane + at] += dy.data()[i];
          }
        }
        max[i] = x.data()[plane + best];
        indices[i] = best;
        maxGrad[plane + best] += dy.data()[i];
      }
    }
  }

  private static Stream<DynamicTest> pool(Window window, Shape shape) {
    Values x = KernelRun.whole(DType.F32, shape, -9, 9, 7);
    Shape to = new AvgPool2d(window).outputs(List.of(x.type())).getFirst().shape();
    Values dy = KernelRun.whole(DType.F32, to, -9, 9, 8);
    Expected expected = new Expected(window, x, dy);
    float area = window.kernel().height() * window.kernel().width();
    return Stream.of(false, true)
        .map(wide ->
            DynamicTest.dynamicTest(
                window + " over " + shape + (wide ? ", wide" : ""),
                () -> {
                  try (Emulated gpu = KernelRun.gpu(wide)) {
                    KernelRun max = KernelRun.of(gpu, new MaxPool2d(window), x);
                    assertArrayEquals(expected.max, max.first());
                    assertArrayEquals(expected.indices, max.results().get(1).data());
                    assertArrayEquals(
                        expected.maxGrad,
                        KernelRun.of(
                                gpu, new MaxPool2dGrad(window, shape), dy, max.results().get(1))
                            .first());
                    assertArrayEquals(
                        over(expected.sum, area),
                        KernelRun.of(gpu, new AvgPool2d(window), x).first());
                    assertArrayEquals(
                        over(expected.sumGrad, area),
                        KernelRun.of(gpu, new AvgPool2dGrad(window, shape), dy).first());
                  }
                }));
  }

  /** An exact sum divided in F32, which rounds once. */
  private static double[] over(double[] sums, float area) {
    return Arrays.stream(sums).map(sum -> (float) sum / area).toArray();
  }

  private static Window window(Size2d kernel, Size2d stride, Size2d padding) {
    return new Window(kernel, stride, padding);
  }

  @TestFactory
  Stream<DynamicTest> agreesWithPlainLoops() {
    Shape many = Shape.of(3, 7, 37, 61);
    return Stream.of(
            pool(Window.of(2), many),
            pool(window(Size2d.of(2), Size2d.of(1), Size2d.of(1)), many),
            pool(window(Size2d.of(3), Size2d.of(2), Size2d.of(1)), many),
            pool(window(Size2d.of(3), Size2d.of(1), Size2d.of(1)), many),
            pool(window(Size2d.of(3), Size2d.of(5), Size2d.of(0)), many),
            pool(window(new Size2d(2, 5), new Size2d(1, 3), new Size2d(1, 2)), many),
            pool(window(Size2d.of(7), Size2d.of(4), Size2d.of(3)), many),
            pool(Window.of(1), Shape.of(200, 60, 1, 1)))
        .flatMap(tests -> tests);
  }
}
