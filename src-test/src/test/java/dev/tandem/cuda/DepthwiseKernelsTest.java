package dev.tandem.cuda;

import static dev.tandem.cuda.Kernel.*;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Size2d;
import dev.tandem.shape.Shape;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Depthwise convolutions against plain loops: every window that has a loop of its own and some that have none, strips cut off at the
 * edge, more strips than a grid has threads, tiles of taps that reach beyond the window, weights' gradients in one piece and in several.
 */
final class DepthwiseKernelsTest {
  private static Emulated narrow;
  private static Emulated wide;

  @BeforeAll
  static void open() {
    narrow = KernelRun.gpu(false);
    wide = KernelRun.gpu(true);
  }

  @AfterAll
  static void close() {
    narrow.close();
    wide.close();
  }

  private static ConvolutionCase sample(
      Size2d stride, Size2d padding, Size2d dilation, Shape x, int multiplier, Size2d kernel) {
    int channels = x.length(1);
    Shape w = Shape.of(channels * multiplier, 1, kernel.height(), kernel.width());
    return new ConvolutionCase(new Conv2dGeometry(stride, padding, dilation, channels), x, w);
  }

  private static ConvolutionCase sample(
      int stride, int padding, int dilation, Shape x, int multiplier, int kernel) {
    return sample(
        Size2d.of(stride),
        Size2d.of(padding),
        Size2d.of(dilation),
        x,
        multiplier,
        Size2d.of(kernel));
  }

  private static List<ConvolutionCase> onePiece() {
    List<ConvolutionCase> cases = new ArrayList<>();
    for (int kernel = 1; kernel <= 8; kernel++) {
      for (int stride = 1; stride <= 3; stride++) {
        int padding = kernel / 2;
        cases.add(sample(stride, padding, 1, Shape.of(2, 3, 13, 11), 1 + kernel % 2, kernel));
      }
    }
    for (int stride = 1; stride <= 3; stride++) {
      cases.add(sample(stride, 2, 2, Shape.of(2, 3, 14, 15), 2, 3)); // dilated
      cases.add(sample(stride, 5, 3, Shape.of(2, 2, 17, 12), 1, 4));
    }
    // Rows and columns of their own: kernel 3 rows and 5 columns, 5 and 2, 1 and 9, 9 and 1.
    Size2d one = Size2d.of(1);
    Shape image = Shape.of(2, 5, 15, 18);
    Size2d high = new Size2d(2, 1);
    Size2d broad = new Size2d(1, 2);
    cases.add(sample(high, new Size2d(1, 4), broad, image, 1, new Size2d(3, 5)));
    cases.add(sample(broad, new Size2d(3, 0), one, image, 3, new Size2d(5, 2)));
    cases.add(sample(broad, new Size2d(0, 4), one, image, 1, new Size2d(1, 9)));
    cases.add(sample(high, new Size2d(4, 0), high, image, 2, new Size2d(9, 1)));
    cases.add(sample(new Size2d(2, 3), new Size2d(1, 2), new Size2d(1, 4), image, 1, Size2d.of(3)));
    // Padding beyond the kernel, and odd where the stride is 2; strides beyond the kernel.
    cases.add(sample(1, 6, 1, Shape.of(1, 2, 3, 5), 2, 3));
    cases.add(sample(2, 7, 1, Shape.of(1, 2, 6, 5), 1, 5));
    cases.add(sample(4, 0, 1, Shape.of(2, 2, 13, 14), 1, 3));
    // An image in one strip, or in one column.
    cases.add(sample(1, 1, 1, Shape.of(3, 4, 2, 9), 1, 3));
    cases.add(sample(2, 1, 1, Shape.of(3, 4, 9, 1), 2, 3));
    // More strips than threads, and more filters than blocks.
    cases.add(sample(1, 1, 1, Shape.of(3, 70, 28, 28), 1, 3));
    cases.add(sample(2, 2, 1, Shape.of(2, 150, 14, 15), 2, 5));
    return cases;
  }

  private static final List<ConvolutionCase> SEVERAL_PIECES =
      List.of(
          sample(1, 1, 1, Shape.of(3, 2, 61, 57), 1, 3),
          sample(1, 2, 1, Shape.of(4, 2, 62, 50), 2, 5),
          sample(2, 1, 1, Shape.of(3, 3, 115, 117), 1, 3),
          sample(1, 2, 2, Shape.of(3, 2, 61, 57), 1, 3));

  @TestFactory
  Stream<DynamicTest> agreesWithPlainLoops() {
    return Stream.concat(
        onePiece().stream().flatMap(sample -> tests(sample, 1)),
        SEVERAL_PIECES.stream().flatMap(sample -> tests(sample, 2)));
  }

  private static Stream<DynamicTest> tests(ConvolutionCase sample, int launches) {
    return Stream.of(false, true)
        .map(counted ->
            DynamicTest.dynamicTest(
                sample + (counted ? ", wide" : ""),
                () -> check(counted ? wide : narrow, sample, launches)));
  }

  /** @param launches for the weight's gradient: the second sums pieces */
  private static void check(Emulated gpu, ConvolutionCase sample, int launches) {
    List<Set<Kernel>> launched = new ArrayList<>();
    sample.check(gpu, launched::add);
    Set<Kernel> ofWeight = EnumSet.copyOf(launched.get(2));
    assertEquals(launches, ofWeight.size(), () -> "the weight's gradient is of " + ofWeight);
    ofWeight.remove(SUM_FEW_F32);
    assertEquals(
        List.of(
            Set.of(DEPTHWISE_CONV2D_F32),
            Set.of(DEPTHWISE_CONV2D_GRAD_INPUT_F32),
            Set.of(DEPTHWISE_CONV2D_GRAD_WEIGHT_F32)),
        List.of(launched.get(0), launched.get(1), ofWeight));
  }
}
