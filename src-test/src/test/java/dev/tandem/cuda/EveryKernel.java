package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.backend.Operand;
import dev.tandem.conformance.Conformance;
import dev.tandem.conformance.ConformanceResult;
import dev.tandem.conformance.OracleBackend;
import dev.tandem.conformance.Values;
import dev.tandem.op.Fused.ResidualLayerNorm;
import dev.tandem.op.Loss.CrossEntropy;
import dev.tandem.op.Loss.CrossEntropyGrad;
import dev.tandem.op.Loss.SoftCrossEntropy;
import dev.tandem.op.Loss.SoftCrossEntropyGrad;
import dev.tandem.op.Normalization.LayerNorm;
import dev.tandem.op.Normalization.LogSoftmax;
import dev.tandem.op.Normalization.LogSoftmaxGrad;
import dev.tandem.op.Normalization.RmsNorm;
import dev.tandem.op.Normalization.Softmax;
import dev.tandem.op.Normalization.SoftmaxGrad;
import dev.tandem.op.Op;
import dev.tandem.op.Reduction.ArgMax;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** The conformance cases, and what they leave out, so that each of the catalogue's kernels is launched and compared. */
public final class EveryKernel {
  /** Every element is counted in 64 bits. */
  public static final CudaOptions OPTIONS = CudaOptions.standard("cuda-emulated").withWideFrom(1);

  /** Of F32 results near 1 that were summed over rows of thousands. */
  private static final double TOLERANCE = 1e-5;

  private static final double EPSILON = 1e-5;

  private EveryKernel() {}

  /** Runs them on a backend of {@link #OPTIONS}, on which nothing has run. */
  public static void run(CudaBackend backend) {
    ConformanceResult result = new Conformance(_ -> true).run(backend, _ -> {});
    assertEquals(List.of(), result.ops().stream().flatMap(op -> op.failure().stream()).toList());
    beyondTheCases(backend);
    Set<Kernel> never = EnumSet.allOf(Kernel.class);
    never.removeAll(backend.launches().keySet());
    assertEquals(Set.of(), never, "kernels that were never launched");
  }

  /** What takes more elements than a case has: rows for a block each, and the largest of many. */
  private static void beyondTheCases(CudaBackend backend) {
    Shape shape = Shape.of(3, 1030);
    Values x = floats(shape, -4, 4);
    Values dy = floats(shape, -2, 2);
    Values probabilities = floats(shape, 0, 0.002);
    Values gamma = floats(Shape.of(1030), -2, 2);
    Values labels = Values.of(DType.I32, Shape.of(3), 0, 1029, 77);
    Values slopes = floats(Shape.of(3), -2, 2);
    // Backward takes what forward gave: the oracle finds slopes by going forward anew.
    Values softmax = compare(backend, new Softmax(), x).getFirst();
    compare(backend, new SoftmaxGrad(), softmax, dy);
    Values logSoftmax = compare(backend, new LogSoftmax(), x).getFirst();
    compare(backend, new LogSoftmaxGrad(), logSoftmax, dy);
    compare(backend, new LayerNorm(EPSILON), x, gamma, gamma);
    compare(backend, new RmsNorm(EPSILON), x, gamma);
    Values lse = compare(backend, new CrossEntropy(0.1), x, labels).get(1);
    compare(backend, new CrossEntropyGrad(0.1), x, labels, lse, slopes);
    compare(backend, new SoftCrossEntropy(), x, probabilities);
    compare(backend, new SoftCrossEntropyGrad(), x, probabilities, lse, slopes);
    compare(backend, new ArgMax(1, false), x);
    compare(backend, new ArgMax(0, false), floats(Shape.of(20_001), -4, 4));
    compare(backend, new ArgMax(1, false), floats(Shape.of(40, 100, 5), -4, 4));
    accumulate(backend);
    HalfSamples.all().forEach(sample -> HalfSamples.check(backend, sample));
    residualLayerNorms(backend);
    attention(backend);
  }

  /** Heads of each length that has kernels of its own. */
  private static void attention(CudaBackend backend) {
    AttentionCheck.check(backend, new AttentionCase(DType.F32, 1, 5, 70, 2, 1, 20, true, 1));
    for (DType dtype : List.of(DType.BF16, DType.F16)) {
      for (int columns : new int[] {20, 40, 72}) {
        AttentionCheck.check(backend, new AttentionCase(dtype, 1, 5, 70, 2, 1, columns, true, 1));
      }
    }
  }

  /** Rows for a block each, of halves too. */
  private static void residualLayerNorms(CudaBackend backend) {
    Values x = floats(Shape.of(2, 2056), -4, 4);
    Values row = floats(Shape.of(2056), -2, 2);
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16)) {
      // Half a unit of a half type's last place, and F32's own besides.
      compare(
          backend,
          dtype == DType.F32 ? TOLERANCE : dtype == DType.BF16 ? 0x1p-8 : 0x1p-11,
          new ResidualLayerNorm(EPSILON),
          x.as(dtype),
          x.as(dtype),
          row.as(dtype),
          row.as(dtype));
    }
  }

  private static List<Values> compare(CudaBackend backend, Op op, Values... inputs) {
    return compare(backend, TOLERANCE, op, inputs);
  }

  private static List<Values> compare(
      CudaBackend backend, double tolerance, Op op, Values... inputs) {
    List<Values> actual = Emulated.run(backend, op, inputs);
    try (OracleBackend oracle = new OracleBackend()) {
      List<Values> expected = Emulated.run(oracle, op, inputs);
      for (int result = 0; result < expected.size(); result++) {
        double[] numbers = expected.get(result).data();
        for (int i = 0; i < numbers.length; i++) {
          assertEquals(
              numbers[i],
              actual.get(result).data()[i],
              tolerance * (1 + Math.abs(numbers[i])),
              op + ", result " + result + " at " + i);
        }
      }
    }
    return actual;
  }

  /** Counts, as a confusion matrix gathers them. */
  private static void accumulate(CudaBackend backend) {
    Operand counts = Values.of(DType.I32, Shape.of(5), 1, -2, 3, 4, 1 << 30).on(backend);
    Operand more = Values.of(DType.I32, Shape.of(5), 9, 8, -7, 6, 5).on(backend);
    try (var _ = counts.buffer();
        var _ = more.buffer()) {
      backend.update(new Update.Accumulate(), List.of(counts, more));
      assertArrayEquals(
          new double[] {10, 6, -4, 10, (1 << 30) + 5}, Values.from(backend, counts).data());
    }
  }

  private static Values floats(Shape shape, double low, double high) {
    SplittableRandom random = new SplittableRandom(17);
    return KernelRun.drawn(DType.F32, shape, () -> random.nextDouble(low, high));
  }
}
