package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.conformance.Values;
import dev.tandem.op.Sequence.Rotary;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Rotations far out, where an angle of F32 would be off by hundredths, against sine and cosine of double. */
final class RotaryKernelsTest {
  private static Emulated gpu;

  @BeforeAll
  static void open() {
    gpu = KernelRun.gpu(false);
  }

  @AfterAll
  static void close() {
    gpu.close();
  }

  /** Heads in groups and left over, turned and copied, pairs by packs and one by one, more of them than a launch takes. */
  @TestFactory
  Stream<DynamicTest> turnsByTheAngle() {
    return Stream.of(
            new Sample(Shape.of(2, 7, 6, 64), new Rotary(5, 10_000, 0, false)),
            new Sample(Shape.of(1, 9, 4, 128), new Rotary(4, 500_000, 99_991, false)),
            new Sample(Shape.of(1, 9, 4, 128), new Rotary(4, 500_000, 99_991, true)),
            new Sample(Shape.of(3, 5, 9, 6), new Rotary(7, 10_000, 100_000, true)),
            new Sample(Shape.of(2, 3, 1, 2), new Rotary(1, 10_000, 1_000_000_000, false)),
            new Sample(Shape.of(1, 3, 2, 300), new Rotary(1, 10_000, 5, false)),
            new Sample(Shape.of(1, 2, 2, 528), new Rotary(2, 10_000, 77_777, false)),
            new Sample(Shape.of(2, 6, 3, 16), new Rotary(3, 0.5, 3000, false)),
            new Sample(Shape.of(2, 6, 5, 16), new Rotary(0, 10_000, 3, false)),
            new Sample(Shape.of(40, 30, 5, 16), new Rotary(5, 10_000, 3, false)),
            new Sample(Shape.of(2, 0, 5, 16), new Rotary(5, 10_000, 3, false)))
        .flatMap(sample ->
            Stream.of(DType.F32, DType.BF16, DType.F16)
                .map(dtype ->
                    DynamicTest.dynamicTest(dtype + " " + sample, () -> check(dtype, sample))));
  }

  private record Sample(Shape shape, Rotary op) {}

  private static void check(DType dtype, Sample sample) {
    SplittableRandom random = new SplittableRandom(5);
    Values x = KernelRun.drawn(dtype, sample.shape, () -> random.nextDouble(-2, 2)).as(dtype);
    double[] y = KernelRun.of(gpu, sample.op, x).first();
    int length = sample.shape.length(3);
    int half = length / 2;
    for (int i = 0; i < y.length; i++) {
      int d = i % length;
      int head = i / length % sample.shape.length(2);
      int t = i / length / sample.shape.length(2) % sample.shape.length(1);
      double expected = x.data()[i];
      if (head < sample.op.rotated()) {
        double angle =
            (sample.op.start() + (double) t)
                * Math.pow(sample.op.base(), -2.0 * (d % half) / length);
        double sin = sample.op.inverse() ? -Math.sin(angle) : Math.sin(angle);
        double other = d < half ? -x.data()[i + half] : x.data()[i - half];
        expected = x.data()[i] * Math.cos(angle) + other * sin;
      }
      // Sine, cosine, two products and a sum of numbers up to 2, each off by a unit or half a one.
      // A
      // frequency of double has lost 2^-53 of itself, which counts from billions of turns on.
      double lost = 4 * (sample.op.start() + (double) t) * 0x1p-52;
      double allowed = 0x1p-24 * 12 + lost + unit(dtype);
      assertEquals(
          dtype.half() && head >= sample.op.rotated() ? x.data()[i] : expected,
          y[i],
          head < sample.op.rotated() ? allowed : 0,
          "at " + i);
    }
  }

  /** Half the distance between neighbours of numbers up to 4. */
  private static double unit(DType dtype) {
    return switch (dtype) {
      case BF16 -> 0x1p-7;
      case F16 -> 0x1p-10;
      default -> 0;
    };
  }
}
