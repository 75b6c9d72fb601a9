package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.BackendException;
import dev.tandem.conformance.Values;
import dev.tandem.op.Loss.CrossEntropy;
import dev.tandem.op.Loss.CrossEntropyGrad;
import dev.tandem.op.Loss.SoftCrossEntropy;
import dev.tandem.op.Loss.SoftCrossEntropyGrad;
import dev.tandem.op.Normalization.LogSoftmax;
import dev.tandem.op.Normalization.LogSoftmaxGrad;
import dev.tandem.op.Normalization.Softmax;
import dev.tandem.op.Normalization.SoftmaxGrad;
import dev.tandem.op.Op;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Softmaxes and cross-entropies of rows for a warp, for a block and for a large block, more of them than a grid holds, beginning
 * on 16 bytes and elsewhere, against their formulas in double.
 */
final class RowKernelsTest {
  private static final List<Shape> SHAPES =
      List.of(
          Shape.of(600, 130),
          Shape.of(300, 37),
          Shape.of(40, 1025),
          Shape.of(5, 5002),
          Shape.of(2, 16_384),
          Shape.of(9, 20_003));

  private static Emulated gpu;

  @BeforeAll
  static void open() {
    gpu = KernelRun.gpu(false);
  }

  @AfterAll
  static void close() {
    gpu.close();
  }

  /** Rows of logits, and what goes with them: a label, probabilities (that do not sum to 1), and slopes. */
  private record Rows(Values x, Values labels, Values targets, Values dy, Values dyOfRows) {
    static Rows of(Shape shape) {
      SplittableRandom random = new SplittableRandom(13);
      Shape rows = Shape.of(shape.length(0));
      return new Rows(
          KernelRun.drawn(DType.F32, shape, () -> random.nextDouble(-8, 8)),
          KernelRun.drawn(DType.I32, rows, () -> random.nextInt(shape.length(1))),
          KernelRun.drawn(DType.F32, shape, () -> random.nextDouble(2.0 / shape.length(1))),
          KernelRun.drawn(DType.F32, shape, () -> random.nextDouble(-2, 2)),
          KernelRun.drawn(DType.F32, rows, () -> random.nextDouble(-2, 2)));
    }

    int count() {
      return x.shape().length(0);
    }

    int length() {
      return x.shape().length(1);
    }

    double lse(int row) {
      return Math.log(
          Arrays.stream(x.data(), row * length(), (row + 1) * length()).map(Math::exp).sum());
    }

    double sum(Values of, int row) {
      return Arrays.stream(of.data(), row * length(), (row + 1) * length()).sum();
    }
  }

  private static void close(
      String what, double[] expected, double[] actual, double relative, double absolute) {
    assertEquals(expected.length, actual.length, what);
    for (int i = 0; i < expected.length; i++) {
      double allowed = 0x1p-24 * (relative * Math.abs(expected[i]) + absolute);
      assertEquals(expected[i], actual[i], allowed, what + " at " + i);
    }
  }

  private static double[] run(Op op, Values... inputs) {
    return KernelRun.of(gpu, op, inputs).first();
  }

  @TestFactory
  Stream<DynamicTest> softmaxes() {
    return SHAPES.stream()
        .map(shape -> DynamicTest.dynamicTest("softmax " + shape, () -> softmax(Rows.of(shape))));
  }

  private static void softmax(Rows rows) {
    int n = rows.length();
    double[] p = new double[rows.x.data().length];
    double[] log = new double[p.length];
    double[] lse = IntStream.range(0, rows.count()).mapToDouble(rows::lse).toArray();
    for (int i = 0; i < p.length; i++) {
      log[i] = rows.x.data()[i] - lse[i / n];
      p[i] = Math.exp(log[i]);
    }
    // The difference to the largest, up to 16, is rounded, and the exponential makes a factor of
    // that.
    close("softmax", p, run(new Softmax(), rows.x), 64, 0);
    close("log softmax", log, run(new LogSoftmax(), rows.x), 4, 16);
    Values y = Values.of(DType.F32, rows.x.shape(), p);
    Values logs = Values.of(DType.F32, rows.x.shape(), log);
    double[] dx = new double[p.length];
    double[] dlog = new double[p.length];
    for (int row = 0; row < rows.count(); row++) {
      double dot = 0;
      double sum = rows.sum(rows.dy, row);
      for (int i = row * n; i < (row + 1) * n; i++) {
        dot += y.data()[i] * rows.dy.data()[i];
      }
      for (int i = row * n; i < (row + 1) * n; i++) {
        dx[i] = y.data()[i] * (rows.dy.data()[i] - dot);
        dlog[i] = rows.dy.data()[i] - Math.exp(logs.data()[i]) * sum;
      }
    }
    close("softmax grad", dx, run(new SoftmaxGrad(), y, rows.dy), 8, 8);
    // Sums of up to 20,000 slopes of 2, of which 1% at most counts.
    close("log softmax grad", dlog, run(new LogSoftmaxGrad(), logs, rows.dy), 16, 64);
  }

  @TestFactory
  Stream<DynamicTest> crossEntropies() {
    return SHAPES.stream()
        .flatMap(shape ->
            Stream.of(0.0, 0.1, 1.0)
                .map(smoothing ->
                    DynamicTest.dynamicTest(
                        "cross entropy " + shape + " " + smoothing,
                        () -> crossEntropy(Rows.of(shape), smoothing))));
  }

  private static void crossEntropy(Rows rows, double smoothing) {
    int n = rows.length();
    double[] loss = new double[rows.count()];
    double[] lse = new double[rows.count()];
    double[] dx = new double[rows.x.data().length];
    for (int row = 0; row < rows.count(); row++) {
      int hit = row * n + (int) rows.labels.data()[row];
      lse[row] = rows.lse(row);
      loss[row] =
          lse[row] - (1 - smoothing) * rows.x.data()[hit] - smoothing * rows.sum(rows.x, row) / n;
      for (int i = row * n; i < (row + 1) * n; i++) {
        double target = (i == hit ? 1 - smoothing : 0) + smoothing / n;
        dx[i] = rows.dyOfRows.data()[row] * (Math.exp(rows.x.data()[i] - lse[row]) - target);
      }
    }
    KernelRun forward = KernelRun.of(gpu, new CrossEntropy(smoothing), rows.x, rows.labels);
    close("loss", loss, forward.first(), 8, 32);
    close("lse", lse, forward.results().get(1).data(), 4, 8);
    close(
        "grad",
        dx,
        run(
            new CrossEntropyGrad(smoothing),
            rows.x,
            rows.labels,
            Values.of(DType.F32, Shape.of(rows.count()), lse),
            rows.dyOfRows),
        64,
        4);
  }

  @TestFactory
  Stream<DynamicTest> softCrossEntropies() {
    return SHAPES.stream()
        .map(shape ->
            DynamicTest.dynamicTest("soft cross entropy " + shape, () -> soft(Rows.of(shape))));
  }

  private static void soft(Rows rows) {
    int n = rows.length();
    double[] loss = new double[rows.count()];
    double[] lse = new double[rows.count()];
    double[] dx = new double[rows.x.data().length];
    for (int row = 0; row < rows.count(); row++) {
      lse[row] = rows.lse(row);
      double sum = rows.sum(rows.targets, row);
      for (int i = row * n; i < (row + 1) * n; i++) {
        loss[row] += rows.targets.data()[i] * (lse[row] - rows.x.data()[i]);
        dx[i] =
            rows.dyOfRows.data()[row]
                * (Math.exp(rows.x.data()[i] - lse[row]) * sum - rows.targets.data()[i]);
      }
    }
    KernelRun forward = KernelRun.of(gpu, new SoftCrossEntropy(), rows.x, rows.targets);
    close("loss", loss, forward.first(), 16, 64);
    close("lse", lse, forward.results().get(1).data(), 4, 8);
    close(
        "grad",
        dx,
        run(
            new SoftCrossEntropyGrad(),
            rows.x,
            rows.targets,
            Values.of(DType.F32, Shape.of(rows.count()), lse),
            rows.dyOfRows),
        64,
        4);
  }

  /** A mask may cover all that some thread sees, and a row but for its last. */
  @Test
  void maskedRowsKeepTheirRest() {
    for (int length : new int[] {130, 5002, 20_003}) {
      double[] row = new double[length];
      Arrays.fill(row, Double.NEGATIVE_INFINITY);
      row[length - 1] = 3;
      double[] expected = new double[length];
      expected[length - 1] = 1;
      Values x = Values.of(DType.F32, Shape.of(1, length), row);
      close("softmax", expected, run(new Softmax(), x), 0, 0);
      Values label = Values.of(DType.I32, Shape.of(1), length - 1);
      KernelRun loss = KernelRun.of(gpu, new CrossEntropy(0), x, label);
      assertEquals(0, loss.first()[0]);
      assertEquals(3, loss.results().get(1).data()[0]);
    }
  }

  /** What a thread has seen beside it may be nothing but a mask, and others may have seen numbers. */
  @Test
  void noNumberAmongMaskedOnesIsNotLost() {
    for (int length : new int[] {130, 5002}) {
      double[] row = new double[length];
      Arrays.fill(row, Double.NEGATIVE_INFINITY);
      row[0] = 3;
      row[length / 2] = Double.NaN;
      Values x = Values.of(DType.F32, Shape.of(1, length), row);
      assertTrue(Arrays.stream(run(new Softmax(), x)).allMatch(Double::isNaN));
      assertTrue(Arrays.stream(run(new LogSoftmax(), x)).allMatch(Double::isNaN));
      KernelRun loss =
          KernelRun.of(gpu, new CrossEntropy(0), x, Values.of(DType.I32, Shape.of(1), 0));
      assertEquals(Double.NaN, loss.first()[0]);
      assertEquals(Double.NaN, loss.results().get(1).data()[0]);
    }
  }

  /** Also where a row has several blocks, and the label would point into the next row or before the first. */
  @Test
  void labelsOutsideAreReportedAndReadNothing() {
    for (int length : new int[] {37, 20_003}) {
      for (int label : new int[] {-1, length, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
        Values x = Values.of(DType.F32, Shape.of(2, length), new double[2 * length]);
        Values labels = Values.of(DType.I32, Shape.of(2), 0, label);
        Values of = Values.of(DType.F32, Shape.of(2), 1, 1);
        for (BackendException refusal :
            List.of(
                assertThrows(BackendException.class, () -> run(new CrossEntropy(0.1), x, labels)),
                assertThrows(
                    BackendException.class,
                    () -> run(new CrossEntropyGrad(0.1), x, labels, of, of)))) {
          assertTrue(refusal.getMessage().contains("got " + label + " at element 1"));
        }
      }
    }
  }
}
