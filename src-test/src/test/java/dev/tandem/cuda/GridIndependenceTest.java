package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.conformance.Values;
import dev.tandem.op.Fused.ResidualLayerNorm;
import dev.tandem.op.Fused.ResidualLayerNormGrad;
import dev.tandem.op.Indexing.EmbeddingGrad;
import dev.tandem.op.Indexing.GatherGrad;
import dev.tandem.op.Linear.Conv2d;
import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Linear.Conv2dGradInput;
import dev.tandem.op.Linear.Conv2dGradWeight;
import dev.tandem.op.Loss.CrossEntropy;
import dev.tandem.op.Loss.CrossEntropyGrad;
import dev.tandem.op.Loss.SoftCrossEntropy;
import dev.tandem.op.Loss.SoftCrossEntropyGrad;
import dev.tandem.op.Normalization.BatchNorm;
import dev.tandem.op.Normalization.BatchNormGrad;
import dev.tandem.op.Normalization.LayerNorm;
import dev.tandem.op.Normalization.LayerNormGrad;
import dev.tandem.op.Normalization.LogSoftmax;
import dev.tandem.op.Normalization.RmsNorm;
import dev.tandem.op.Normalization.RmsNormGrad;
import dev.tandem.op.Normalization.Softmax;
import dev.tandem.op.Normalization.SoftmaxGrad;
import dev.tandem.op.Op;
import dev.tandem.op.Reduction.ArgMax;
import dev.tandem.op.Reduction.GlobalNorm;
import dev.tandem.op.Reduction.Max;
import dev.tandem.op.Reduction.Mean;
import dev.tandem.op.Reduction.Sum;
import dev.tandem.op.Sequence.PackedAttention;
import dev.tandem.op.Sequence.PackedAttentionGrad;
import dev.tandem.op.Size2d;
import dev.tandem.ptx.machine.EmulatorOptions;
import dev.tandem.ptx.machine.EmulatorOptions.Sanitizer;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * A grid is as large as the device is full with, and what is added in which order must not follow it: a large card and a small
 * one give the same bits. The shapes need more blocks than the smallest device holds, and several pieces.
 */
final class GridIndependenceTest {
  private static final List<Integer> MULTIPROCESSORS = List.of(1, 3, 40);
  private static final double EPSILON = 1e-5;

  private static final List<Emulated> GPUS = new ArrayList<>();

  @BeforeAll
  static void open() {
    for (int count : MULTIPROCESSORS) {
      EmulatorOptions device =
          EmulatorOptions.standard().withMultiprocessors(count).withSanitizer(Sanitizer.MEMORY);
      GPUS.add(Emulated.open(CudaOptions.standard("cuda-emulated"), device));
    }
  }

  @AfterAll
  static void close() {
    GPUS.forEach(Emulated::close);
    GPUS.clear();
  }

  /** An op on inputs whose sums round differently in another order. */
  private record Sample(Op op, Values... inputs) {
    @Override
    public String toString() {
      return op + " of " + Arrays.stream(inputs).map(Values::shape).toList();
    }
  }

  @TestFactory
  Stream<DynamicTest> sameBitsOnEveryDevice() {
    return Stream.of(
            reductions(),
            rows(),
            losses(),
            channels(),
            indexing(),
            images(),
            attention(),
            halves(DType.BF16),
            halves(DType.F16),
            fused())
        .flatMap(List::stream)
        .map(sample -> DynamicTest.dynamicTest(sample.toString(), () -> check(sample)));
  }

  private static void check(Sample sample) {
    List<List<MemorySegment>> results = new ArrayList<>();
    for (Emulated gpu : GPUS) {
      results.add(
          Emulated.run(gpu.backend(), sample.op, sample.inputs).stream()
              .map(Values::bytes)
              .toList());
    }
    for (int device = 1; device < results.size(); device++) {
      for (int result = 0; result < results.getFirst().size(); result++) {
        long at = results.getFirst().get(result).mismatch(results.get(device).get(result));
        String what = "result " + result + " on " + MULTIPROCESSORS.get(device);
        assertEquals(-1, at, what + " multiprocessors differs from that on 1, first at byte");
      }
    }
    assertTrue(
        results.getFirst().stream().anyMatch(bytes -> bytes.mismatch(zeros(bytes)) >= 0),
        "nothing but zeros");
  }

  private static MemorySegment zeros(MemorySegment like) {
    return MemorySegment.ofArray(new byte[(int) like.byteSize()]);
  }

  private static List<Sample> reductions() {
    List<Sample> samples = new ArrayList<>();
    for (Shape shape :
        List.of(
            Shape.of(1, 300_003, 1),
            Shape.of(3, 20_001, 1),
            Shape.of(9000, 35, 1),
            Shape.of(1, 5000, 36),
            Shape.of(2, 3001, 130),
            Shape.of(40, 30, 66))) {
      Values x = floats(shape);
      samples.add(new Sample(new Sum(List.of(1), false), x));
      samples.add(new Sample(new Mean(List.of(0, 1, 2), false), x));
      samples.add(new Sample(new Max(List.of(1), false), x));
      samples.add(new Sample(new ArgMax(1, false), x));
    }
    return samples;
  }

  private static List<Sample> rows() {
    List<Sample> samples = new ArrayList<>();
    for (Shape shape : List.of(Shape.of(600, 130), Shape.of(90, 1025), Shape.of(9, 20_003))) {
      Values x = floats(shape);
      Values dy = floats(shape);
      Values gamma = floats(Shape.of(shape.length(1)));
      Values statistic = positive(Shape.of(shape.length(0)));
      samples.add(new Sample(new Softmax(), x));
      samples.add(new Sample(new SoftmaxGrad(), x, dy));
      samples.add(new Sample(new LogSoftmax(), x));
      samples.add(new Sample(new LayerNorm(EPSILON), x, gamma, gamma));
      samples.add(new Sample(new LayerNormGrad(), x, gamma, statistic, statistic, dy));
      samples.add(new Sample(new RmsNorm(EPSILON), x, gamma));
      samples.add(new Sample(new RmsNormGrad(), x, gamma, statistic, dy));
    }
    Shape many = Shape.of(2100, 60); // norms' gradients in more pieces than a small device holds
    Values statistic = positive(Shape.of(2100));
    samples.add(
        new Sample(
            new LayerNormGrad(),
            floats(many),
            floats(Shape.of(60)),
            statistic,
            statistic,
            floats(many)));
    return samples;
  }

  private static List<Sample> fused() {
    List<Sample> samples = new ArrayList<>();
    for (DType dtype : List.of(DType.F32, DType.BF16)) {
      for (Shape shape : List.of(Shape.of(300, 136), Shape.of(30, 1025), Shape.of(2100, 12))) {
        Values x = floats(shape).as(dtype);
        Values row = floats(Shape.of(shape.length(1))).as(dtype);
        Values statistic = positive(Shape.of(shape.length(0)));
        samples.add(new Sample(new ResidualLayerNorm(EPSILON), x, x, row, row));
        samples.add(new Sample(new ResidualLayerNormGrad(), x, row, statistic, statistic, x, x));
      }
      Values many = floats(Shape.of(200_003)).as(dtype);
      samples.add(new Sample(new GlobalNorm(), many, floats(Shape.of(7)).as(dtype), many));
    }
    return samples;
  }

  private static List<Sample> losses() {
    List<Sample> samples = new ArrayList<>();
    for (Shape shape : List.of(Shape.of(600, 130), Shape.of(90, 1025), Shape.of(9, 20_003))) {
      Values x = floats(shape);
      Values p = positive(shape);
      Values labels = indices(shape.length(1), Shape.of(shape.length(0)));
      Values lse = positive(Shape.of(shape.length(0)));
      samples.add(new Sample(new CrossEntropy(0.1), x, labels));
      samples.add(new Sample(new CrossEntropyGrad(0.1), x, labels, lse, lse));
      samples.add(new Sample(new SoftCrossEntropy(), x, p));
      samples.add(new Sample(new SoftCrossEntropyGrad(), x, p, lse, lse));
    }
    return samples;
  }

  private static List<Sample> channels() {
    List<Sample> samples = new ArrayList<>();
    for (Shape shape :
        List.of(
            Shape.of(4, 50, 8, 8),
            Shape.of(8, 3, 60, 60),
            Shape.of(2, 2, 50_001),
            Shape.of(5000, 6),
            Shape.of(700, 5, 3, 3),
            Shape.of(90, 1300))) {
      Values x = floats(shape);
      Values gamma = floats(Shape.of(shape.length(1)));
      Values statistic = positive(Shape.of(shape.length(1)));
      samples.add(new Sample(new BatchNorm(EPSILON), x, gamma, gamma));
      samples.add(
          new Sample(new BatchNormGrad(EPSILON), x, gamma, statistic, statistic, floats(shape)));
    }
    return samples;
  }

  private static List<Sample> indexing() {
    return List.of(
        new Sample(new EmbeddingGrad(97), floats(Shape.of(5000, 30)), indices(97, Shape.of(5000))),
        new Sample(new EmbeddingGrad(3), floats(Shape.of(6000, 8)), indices(3, Shape.of(6000))),
        new Sample(
            new EmbeddingGrad(70_000), floats(Shape.of(9000, 5)), indices(70_000, Shape.of(9000))),
        new Sample(
            new GatherGrad(0, 50), floats(Shape.of(9000, 3)), indices(50, Shape.of(9000, 3))),
        new Sample(new GatherGrad(1, 5), floats(Shape.of(9000, 7)), indices(5, Shape.of(9000, 7))));
  }

  private static List<Sample> images() {
    Conv2dGeometry padded = new Conv2dGeometry(Size2d.of(1), Size2d.of(1), Size2d.of(1), 1);
    Shape x = Shape.of(3, 4, 30, 31);
    Shape w = Shape.of(5, 4, 3, 3);
    Values dy = floats(Shape.of(3, 5, 30, 31));
    Conv2dGeometry depthwise = new Conv2dGeometry(Size2d.of(1), Size2d.of(1), Size2d.of(1), 5);
    Shape many = Shape.of(6, 5, 50, 50);
    Shape windows = Shape.of(5, 1, 3, 3);
    return List.of(
        new Sample(new Conv2d(depthwise), floats(many), floats(windows)),
        new Sample(new Conv2dGradWeight(depthwise, windows), floats(many), floats(many)),
        new Sample(new Conv2dGradInput(depthwise, many), floats(windows), floats(many)),
        new Sample(new Conv2dGradWeight(padded, w), floats(x), dy),
        new Sample(new Conv2dGradInput(padded, x), floats(w), dy));
  }

  /** More tiles than a small device has blocks for at a time. */
  private static List<Sample> attention() {
    List<Sample> samples = new ArrayList<>();
    for (DType dtype : List.of(DType.F32, DType.BF16)) {
      Values qkv = floats(Shape.of(18, 65, 4 * 2)).as(dtype);
      Values y = floats(Shape.of(18, 65, 2 * 2)).as(dtype);
      Values lse = positive(Shape.of(18, 2, 65));
      samples.add(new Sample(new PackedAttention(2, 1, true, 0.7), qkv));
      samples.add(new Sample(new PackedAttentionGrad(2, 1, true, 0.7), qkv, y, lse, y));
    }
    return samples;
  }

  /** By the code that F32 has, too: of each kind of work the shape that has most pieces. */
  private static List<Sample> halves(DType half) {
    List<Sample> samples = new ArrayList<>();
    for (Shape shape :
        List.of(Shape.of(1, 300_003, 1), Shape.of(9000, 35, 1), Shape.of(2, 3001, 136))) {
      samples.add(new Sample(new Sum(List.of(1), false), floats(half, shape)));
    }
    Shape logits = Shape.of(9, 20_003);
    Values labels = indices(20_003, Shape.of(9));
    samples.add(new Sample(new Softmax(), floats(half, logits)));
    samples.add(new Sample(new CrossEntropy(0.1), floats(half, logits), labels));
    Values lse = positive(Shape.of(9));
    samples.add(new Sample(new CrossEntropyGrad(0.1), floats(half, logits), labels, lse, lse));
    Values x = floats(half, Shape.of(2100, 64));
    Values gamma = floats(half, Shape.of(64));
    Values statistic = positive(Shape.of(2100));
    samples.add(new Sample(new LayerNorm(EPSILON), x, gamma, gamma));
    samples.add(new Sample(new LayerNormGrad(), x, gamma, statistic, statistic, x));
    samples.add(new Sample(new RmsNormGrad(), x, gamma, statistic, x));
    samples.add(
        new Sample(
            new EmbeddingGrad(3), floats(half, Shape.of(6000, 8)), indices(3, Shape.of(6000))));
    return samples;
  }

  private static Values floats(Shape shape) {
    return floats(DType.F32, shape);
  }

  private static Values floats(DType dtype, Shape shape) {
    SplittableRandom random = new SplittableRandom(shape.elements());
    return KernelRun.drawn(dtype, shape, () -> random.nextDouble(-4, 4));
  }

  private static Values positive(Shape shape) {
    SplittableRandom random = new SplittableRandom(shape.elements());
    return KernelRun.drawn(DType.F32, shape, () -> random.nextDouble(0.1, 2));
  }

  private static Values indices(int bound, Shape shape) {
    return KernelRun.whole(DType.I32, shape, 0, bound - 1, 7);
  }
}
