package dev.tandem.cuda;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Linear;
import dev.tandem.op.Normalization;
import dev.tandem.op.Op;
import dev.tandem.op.Philox;
import dev.tandem.op.Reduction;
import dev.tandem.op.Update;
import dev.tandem.shape.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A quick look whether a device computes at all, and computes right: one op of each kind, compared with plain loops. What
 * compares every op is {@code tandem conformance}.
 */
final class SelfTest {
  private static final int M = 61;
  private static final int K = 200;
  private static final int N = 132;

  /** Sums of some hundred F32 products of order 1, and functions of them. */
  private static final double TOLERANCE = 1e-4;

  private static final double LR = 0.5;

  private final CudaBackend backend;
  private double worst;

  private SelfTest(CudaBackend backend) {
    this.backend = backend;
  }

  /** {@code self-test: 5 ops agree with plain loops to 2.4e-06, in 0.1 s}. @throws BackendException naming what is wrong */
  static String of(CudaBackend backend) {
    long begin = System.nanoTime();
    SelfTest test = new SelfTest(backend);
    int ops = test.run();
    return String.format(
        Locale.ROOT,
        "self-test: %d ops agree with plain loops to %.1e, in %.1f s",
        ops,
        test.worst,
        (System.nanoTime() - begin) / 1e9);
  }

  private int run() {
    float[] a = numbers(1, M * K);
    float[] b = numbers(2, K * N);
    List<Operand> open = new ArrayList<>();
    try {
      Operand x = upload(open, a, M, K);
      Operand w = upload(open, b, K, N);
      double[] product = product(a, b);
      Operand y = apply(open, new Linear.Matmul(false, false), List.of(x, w), M, N);
      compare("matmul", product, y);
      double[] activated = new double[M * N];
      for (int i = 0; i < activated.length; i++) {
        activated[i] = Math.max(product[i], 0);
      }
      Operand relu = apply(open, new Elementwise.Relu(), List.of(y), M, N);
      compare("relu", activated, relu);
      Operand softmax = apply(open, new Normalization.Softmax(), List.of(relu), M, N);
      compare("softmax", softmax(activated), softmax);
      Operand sum = apply(open, new Reduction.Sum(List.of(0), false), List.of(relu), N);
      compare("sum", sum(activated), sum);
      Operand rate = upload(open, new float[] {(float) LR});
      backend.update(new Update.Sgd(0), List.of(y, relu, rate));
      double[] stepped = new double[M * N];
      for (int i = 0; i < stepped.length; i++) {
        stepped[i] = product[i] - LR * activated[i];
      }
      compare("sgd", stepped, y);
      return 5;
    } finally {
      open.forEach(operand -> operand.buffer().close());
    }
  }

  private static float[] numbers(long key, int count) {
    float[] numbers = new float[count];
    int[] words = new int[4];
    for (int i = 0; i < count; i++) {
      Philox.block(key, i, 0, words);
      numbers[i] = 2 * Philox.uniform(words[0]) - 1;
    }
    return numbers;
  }

  private static double[] product(float[] a, float[] b) {
    double[] product = new double[M * N];
    for (int i = 0; i < M; i++) {
      for (int p = 0; p < K; p++) {
        for (int j = 0; j < N; j++) {
          product[i * N + j] += (double) a[i * K + p] * b[p * N + j];
        }
      }
    }
    return product;
  }

  private static double[] softmax(double[] x) {
    double[] y = new double[x.length];
    for (int row = 0; row < x.length; row += N) {
      double sum = 0;
      for (int j = row; j < row + N; j++) {
        y[j] = Math.exp(x[j]);
        sum += y[j];
      }
      for (int j = row; j < row + N; j++) {
        y[j] /= sum;
      }
    }
    return y;
  }

  private static double[] sum(double[] x) {
    double[] sum = new double[N];
    for (int i = 0; i < x.length; i++) {
      sum[i % N] += x[i];
    }
    return sum;
  }

  private Operand upload(List<Operand> open, float[] numbers, int... lengths) {
    Operand operand = allocate(open, lengths);
    backend.write(operand.buffer(), MemorySegment.ofArray(numbers));
    return operand;
  }

  private Operand apply(List<Operand> open, Op op, List<Operand> inputs, int... lengths) {
    Operand y = allocate(open, lengths);
    backend.run(op, inputs, List.of(y));
    return y;
  }

  private Operand allocate(List<Operand> open, int... lengths) {
    TensorType type = TensorType.f32(lengths);
    Operand operand = new Operand(type, backend.allocate(type));
    open.add(operand);
    return operand;
  }

  private void compare(String op, double[] expected, Operand actual) {
    float[] found = new float[expected.length];
    backend.read(actual.buffer(), MemorySegment.ofArray(found));
    for (int i = 0; i < found.length; i++) {
      double error = Math.abs(found[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
      if (!(error <= TOLERANCE)) {
        throw new BackendException(
            backend.name()
                + ": self-test: "
                + op
                + " is wrong, got "
                + found[i]
                + " and not "
                + expected[i]
                + " at element "
                + i
                + "; run tandem conformance --backend "
                + backend.name());
      }
      worst = Math.max(worst, error);
    }
  }
}
