package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.CapturedStep;
import dev.tandem.backend.Operand;
import dev.tandem.conformance.OracleBackend;
import dev.tandem.conformance.Values;
import dev.tandem.cuda.HalfSamples.Sample;
import dev.tandem.op.Indexing;
import dev.tandem.op.Loss.CrossEntropyGrad;
import dev.tandem.op.Normalization.LayerNorm;
import dev.tandem.op.Normalization.RmsNorm;
import dev.tandem.op.Normalization.Softmax;
import dev.tandem.op.Op;
import dev.tandem.op.Pooling;
import dev.tandem.op.Reduction.Min;
import dev.tandem.op.Reduction.Sum;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Ops in BF16 and F16, counted in 32 bits and in 64, on a software GPU whose sanitizer sees each tensor's memory. */
final class HalfKernelsTest {
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

  @TestFactory
  Stream<DynamicTest> isF32RoundedOnce() {
    return HalfSamples.all()
        .map(sample -> DynamicTest.dynamicTest(sample.toString(), () -> check(sample)));
  }

  private static void check(Sample sample) {
    HalfSamples.check(narrow.backend(), sample);
    HalfSamples.check(wide.backend(), sample);
  }

  /** Kernels of their own, and not F32's by way of casts. */
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"BF16", "F16"})
  void whatATransformerRunsIsNotWidened(DType half) {
    Values x = drawn(half, Shape.of(4, 136));
    Values gamma = drawn(half, Shape.of(136));
    for (Op op : List.of(new LayerNorm(1e-5), new RmsNorm(1e-5), new Softmax())) {
      Values[] inputs =
          switch (op) {
            case LayerNorm _ -> new Values[] {x, gamma, gamma};
            case RmsNorm _ -> new Values[] {x, gamma};
            default -> new Values[] {x};
          };
      KernelRun run = KernelRun.of(narrow, op, inputs);
      assertEquals(1, run.kernels().size(), run.kernels().toString());
      assertTrue(run.kernels().iterator().next().name().endsWith("_" + half));
    }
    assertEquals(
        EnumSet.of(Kernel.SUM_COLUMNS_F32.in(half)),
        KernelRun.of(narrow, new Sum(List.of(0), false), drawn(half, Shape.of(200, 40))).kernels());
  }

  /** Against the definition in double: no further off than one rounding to the type, and F32's error before it. */
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"BF16", "F16"})
  void agreesWithTheOracle(DType half) {
    Values x = drawn(half, Shape.of(3, 2056));
    Values gamma = drawn(half, Shape.of(2056));
    close(half, new Softmax(), x);
    close(half, new LayerNorm(1e-5), x, gamma, gamma);
    close(half, new RmsNorm(1e-5), x, gamma);
    close(half, new Sum(List.of(0), false), drawn(half, Shape.of(700, 24)));
    close(
        half,
        new Indexing.EmbeddingGrad(4),
        drawn(half, Shape.of(300, 24)),
        KernelRun.whole(DType.I32, Shape.of(300), 0, 3, 1));
  }

  private static void close(DType half, Op op, Values... inputs) {
    double[] actual = KernelRun.of(narrow, op, inputs).first();
    Values[] exact =
        Arrays.stream(inputs)
            .map(input -> input.dtype() == half ? input.as(DType.F64) : input)
            .toArray(Values[]::new);
    try (OracleBackend oracle = new OracleBackend()) {
      double[] expected = Emulated.run(oracle, op, exact).getFirst().data();
      // But for softmax's, results are sums of terms up to 9, whose last digits in F32 stay where
      // they cancel.
      double cancelled = op instanceof Softmax ? 0 : 4e-6;
      for (int i = 0; i < expected.length; i++) {
        double size = Math.abs(expected[i]);
        double rounding = HalfSamples.halfStep(half, Math.max(size, Math.abs(actual[i])));
        assertEquals(expected[i], actual[i], rounding + 1e-5 * size + cancelled, op + " at " + i);
      }
    }
  }

  /** dlogits where the logits lay, by a warp a row, by a block, and by several blocks, beginning on 16 bytes and elsewhere. */
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16", "F16"})
  void slopesMayReplaceTheLogits(DType dtype) {
    for (Shape shape : List.of(Shape.of(9, 37), Shape.of(3, 2056), Shape.of(2, 20_003))) {
      Values logits = drawn(dtype, shape);
      Shape rows = Shape.of(shape.length(0));
      Values labels = KernelRun.whole(DType.I32, rows, 0, shape.length(1) - 1, 3);
      Values lse = KernelRun.whole(DType.F32, rows, 5, 9, 3);
      Values dy = KernelRun.whole(DType.F32, rows, -2, 2, 3);
      CrossEntropyGrad op = new CrossEntropyGrad(0.1);
      double[] apart = KernelRun.of(narrow, op, logits, labels, lse, dy).first();
      CudaBackend backend = narrow.backend();
      Operand x = logits.on(backend);
      List<Operand> others = Stream.of(labels, lse, dy).map(v -> v.on(backend)).toList();
      backend.run(op, List.of(x, others.get(0), others.get(1), others.get(2)), List.of(x));
      assertArrayEquals(apart, Values.from(backend, x).data());
      x.buffer().close();
      others.forEach(other -> other.buffer().close());
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"BF16", "F16"})
  void indicesOutOfRangeAreReported(DType half) {
    Values index = Values.of(DType.I32, Shape.of(3), 0, 11, 4);
    Values one = Values.of(DType.F32, Shape.of(3), 1, 1, 1);
    for (int width : new int[] {16, 5}) {
      Values table = drawn(half, Shape.of(11, width));
      Values rows = drawn(half, Shape.of(3, width));
      refused(new Indexing.Embedding(), table, index);
      refused(new Indexing.EmbeddingGrad(11), rows, index);
      refused(new Indexing.OneHot(11, half), index);
      refused(new CrossEntropyGrad(0), drawn(half, Shape.of(3, 11)), index, one, one);
    }
    refused(new Indexing.Gather(0), drawn(half, Shape.of(11)), index);
    refused(new Indexing.GatherGrad(0, 11), drawn(half, Shape.of(3)), index);
  }

  private static void refused(Op op, Values... inputs) {
    BackendException refusal =
        assertThrows(BackendException.class, () -> KernelRun.of(narrow, op, inputs));
    assertTrue(refusal.getMessage().contains("got 11 at element 1"), refusal.getMessage());
  }

  /** What was taken for operands in F32 is given back. */
  @Test
  void wideningLeavesNoMemoryInUse() {
    CudaBackend backend = narrow.backend();
    long before = backend.memory().used();
    for (Sample sample : HalfSamples.of(DType.BF16)) {
      if (sample.call() instanceof Pooling) {
        HalfSamples.check(backend, sample);
      }
    }
    assertEquals(before, backend.memory().used());
  }

  /** Memory for operands in F32 is the graph's own. */
  @Test
  void widenedStepsCanBeCaptured() {
    try (Emulated gpu = Emulated.open()) {
      CudaBackend backend = gpu.backend();
      Operand x = drawn(DType.BF16, Shape.of(5, 40)).on(backend);
      Operand low = Values.zeros(new TensorType(DType.BF16, Shape.of(40))).on(backend);
      Runnable step =
          () -> {
            backend.update(new Update.ClampInPlace(-1, 1), List.of(x));
            backend.run(new Min(List.of(0), false), List.of(x), List.of(low));
          };
      try (CapturedStep captured = backend.capture(step)) {
        Values next = drawn(DType.BF16, Shape.of(5, 40));
        backend.write(x.buffer(), next.bytes());
        captured.replay();
        double[] found = Values.from(backend, low).data();
        for (int column = 0; column < 40; column++) {
          int at = column;
          double least =
              IntStream.range(0, 5)
                  .mapToDouble(row -> Math.clamp(next.data()[row * 40 + at], -1, 1))
                  .min()
                  .orElseThrow();
          assertEquals(least, found[column]);
        }
      }
      x.buffer().close();
      low.buffer().close();
    }
  }

  private static Values drawn(DType dtype, Shape shape) {
    SplittableRandom random = new SplittableRandom(shape.elements());
    return KernelRun.drawn(dtype, shape, () -> random.nextDouble(-3, 3));
  }
}
