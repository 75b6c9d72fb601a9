package dev.tandem.cuda;

import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Size2d;
import dev.tandem.shape.Shape;
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

  /** Bytes of so many images' columns. */
  private static long columns(ConvolutionCase sample, long images) {
    Shape w = sample.w();
    Shape y = sample.y();
    return images
        * sample.x().length(1)
        * w.length(2)
        * w.length(3)
        * y.length(2)
        * y.length(3)
        * 4;
  }

  private static ConvolutionCase sample(
      int stride, int padding, int dilation, int groups, Shape x, Shape w) {
    return new ConvolutionCase(
        new Conv2dGeometry(Size2d.of(stride), Size2d.of(padding), Size2d.of(dilation), groups),
        x,
        w);
  }

  private static final List<ConvolutionCase> CASES =
      List.of(
          sample(1, 1, 1, 1, Shape.of(7, 5, 12, 14), Shape.of(3, 5, 3, 3)),
          sample(1, 1, 1, 1, Shape.of(7, 5, 13, 11), Shape.of(3, 5, 3, 3)),
          sample(2, 3, 1, 1, Shape.of(5, 3, 24, 16), Shape.of(4, 3, 7, 7)),
          sample(2, 1, 1, 1, Shape.of(5, 3, 17, 15), Shape.of(4, 3, 3, 3)),
          sample(3, 4, 2, 2, Shape.of(4, 4, 19, 21), Shape.of(6, 2, 3, 3)),
          sample(2, 2, 3, 3, Shape.of(4, 6, 20, 20), Shape.of(3, 2, 3, 3)),
          sample(2, 0, 5, 1, Shape.of(2, 3, 22, 14), Shape.of(2, 3, 3, 2)),
          sample(2, 0, 1, 1, Shape.of(4, 5, 16, 16), Shape.of(3, 5, 1, 1)));

  @TestFactory
  Stream<DynamicTest> agreesWithPlainLoops() {
    return CASES.stream()
        .flatMap(sample ->
            Stream.of(false, true)
                .map(wide ->
                    DynamicTest.dynamicTest(
                        sample + (wide ? ", wide" : ""), () -> check(sample, wide))));
  }

  private static void check(ConvolutionCase sample, boolean wide) {
    for (long images : PORTIONS) {
      CudaOptions options =
          CudaOptions.standard("cuda-emulated")
              .withCaching(false)
              .withColumns(columns(sample, Math.min(images, sample.x().length(0))));
      try (Emulated gpu = Emulated.open(wide ? options.withWideFrom(1) : options, 1L << 30)) {
        sample.check(gpu, _ -> {});
      }
    }
  }
}
