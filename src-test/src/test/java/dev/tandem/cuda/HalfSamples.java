package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Operand;
import dev.tandem.conformance.Values;
import dev.tandem.op.Creation.Fill;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Indexing;
import dev.tandem.op.Linear;
import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Loss;
import dev.tandem.op.Movement;
import dev.tandem.op.Normalization;
import dev.tandem.op.Op;
import dev.tandem.op.Pooling;
import dev.tandem.op.Reduction;
import dev.tandem.op.Size2d;
import dev.tandem.op.Stochastic;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;

/**
 * Every op in BF16 and F16, of sizes that 8 divides and others, against the same op in F32 on the same numbers, rounded once by
 * the host: that is what an op of such a type is. F32's own kernels are compared with formulas in double elsewhere.
 */
final class HalfSamples {
  /** Of F32 sums that are formed in another order, for their size and at least 1. */
  private static final double REORDERED = 2e-6;

  private static final double EPSILON = 1e-5;

  private final DType half;
  private final List<Sample> samples = new ArrayList<>();

  /** Operands of {@link #few} so far: two of one shape are to differ. */
  private int drawnSoFar;

  private HalfSamples(DType half) {
    this.half = half;
  }

  /**
   * What is called on which operands.
   *
   * @param call an Op or an Update
   * @param exact whether F32 does the same in the same order, so that all bits agree
   */
  record Sample(Object call, boolean exact, List<Values> operands) {
    @Override
    public String toString() {
      return call + " of " + operands.stream().map(Values::type).toList();
    }
  }

  /** The samples of a type. */
  static List<Sample> of(DType half) {
    HalfSamples all = new HalfSamples(half);
    all.elementwise();
    all.casts();
    all.movement();
    all.reductions();
    all.rows();
    all.indexing();
    all.images();
    all.updates();
    return all.samples;
  }

  static Stream<Sample> all() {
    return Stream.of(DType.BF16, DType.F16).flatMap(half -> of(half).stream());
  }

  /** Runs a sample in both types. */
  static void check(CudaBackend backend, Sample sample) {
    List<Values> wide =
        sample.operands.stream()
            .map(operand -> operand.dtype().half() ? operand.as(DType.F32) : operand)
            .toList();
    switch (sample.call) {
      case Op op ->
          compare(
              sample,
              Emulated.run(backend, inF32(op), wide.toArray(Values[]::new)),
              Emulated.run(backend, op, sample.operands.toArray(Values[]::new)));
      case Update update ->
          compare(sample, after(backend, update, wide), after(backend, update, sample.operands));
      default -> throw new AssertionError("neither op nor update: " + sample.call);
    }
  }

  /** All operands after an update. */
  private static List<Values> after(CudaBackend backend, Update update, List<Values> operands) {
    List<Operand> open = operands.stream().map(operand -> operand.on(backend)).toList();
    try {
      backend.update(update, open);
      return open.stream().map(operand -> Values.from(backend, operand)).toList();
    } finally {
      open.forEach(operand -> operand.buffer().close());
    }
  }

  /** What names an element type names F32 instead. */
  private static Op inF32(Op op) {
    return switch (op) {
      case Elementwise.Cast(DType to) when to.half() -> new Elementwise.Cast(DType.F32);
      case Indexing.OneHot(int classes, DType _) -> new Indexing.OneHot(classes, DType.F32);
      case Fill(TensorType type, double value) -> new Fill(type.withDType(DType.F32), value);
      default -> op;
    };
  }

  private static void compare(Sample sample, List<Values> wide, List<Values> actual) {
    for (int result = 0; result < wide.size(); result++) {
      DType dtype = actual.get(result).dtype();
      double[] exact = wide.get(result).data();
      double[] rounded = wide.get(result).as(dtype).data();
      for (int i = 0; i < exact.length; i++) {
        double found = actual.get(result).data()[i];
        String where = sample + ", result " + result + " at " + i;
        // A sum in another order may round to the other neighbour, where it lies near the middle.
        if (sample.exact || Double.isNaN(exact[i]) || Double.isInfinite(exact[i])) {
          assertEquals(rounded[i], found, where);
        } else {
          double slack = REORDERED * Math.max(1, Math.abs(exact[i]));
          assertEquals(exact[i], found, slack + halfStep(dtype, found), where);
        }
      }
    }
    assertTrue(actual.stream().anyMatch(values -> nonZero(values.data())), sample + ": only zeros");
  }

  private static boolean nonZero(double[] data) {
    for (double x : data) {
      if (x != 0) {
        return true;
      }
    }
    return false;
  }

  /** Half of the distance between neighbours of a type about a number. */
  static double halfStep(DType dtype, double x) {
    int digits = dtype == DType.BF16 ? 8 : 11;
    int least = dtype == DType.BF16 ? -126 : -14;
    return dtype.half() ? Math.scalb(0.5, Math.max(Math.getExponent(x), least) - digits + 1) : 0;
  }

  // ---- operands

  private void exact(Object call, Values... operands) {
    samples.add(new Sample(call, true, List.of(operands)));
  }

  private void reordered(Op op, Values... operands) {
    samples.add(new Sample(op, false, List.of(operands)));
  }

  private Values halves(int... lengths) {
    return drawn(half, -3, 3, lengths);
  }

  private static Values floats(int... lengths) {
    return drawn(DType.F32, -3, 3, lengths);
  }

  private static Values drawn(DType dtype, double low, double high, int... lengths) {
    SplittableRandom random = new SplittableRandom(Shape.of(lengths).elements());
    return KernelRun.drawn(dtype, Shape.of(lengths), () -> random.nextDouble(low, high));
  }

  private static Values indices(int bound, int... lengths) {
    return KernelRun.whole(DType.I32, Shape.of(lengths), 0, bound - 1, 5);
  }

  /** Ordinary numbers, and between them what has no neighbours, no size, or no room for a product with itself. */
  private Values special(int... lengths) {
    double[] odd = {
      Double.NaN,
      Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY,
      -0.0,
      half == DType.BF16 ? 0x1.FEp127 : 65504,
      half == DType.BF16 ? -0x1.FEp127 : -65504,
      half == DType.BF16 ? 0x1p-133 : 0x1p-24,
      half == DType.BF16 ? -0x1p-126 : -0x1p-14
    };
    SplittableRandom random = new SplittableRandom(3);
    DoubleSupplier draw =
        () -> random.nextInt(4) == 0 ? odd[random.nextInt(odd.length)] : random.nextDouble(-9, 9);
    return KernelRun.drawn(half, Shape.of(lengths), draw);
  }

  // ---- families

  private void elementwise() {
    // One element, less than a thread takes, and tails of 1 and 7.
    for (int n : new int[] {1, 6, 201, 263}) {
      Values x = special(n);
      for (Op unary :
          List.of(
              new Elementwise.Affine(1.7, -0.3),
              new Elementwise.Exp(),
              new Elementwise.Log(),
              new Elementwise.Sqrt(),
              new Elementwise.Rsqrt(),
              new Elementwise.Pow(1.5),
              new Elementwise.Abs(),
              new Elementwise.Sign(),
              new Elementwise.Clamp(-1.5, 2),
              new Elementwise.Relu(),
              new Elementwise.LeakyRelu(0.01),
              new Elementwise.Sigmoid(),
              new Elementwise.Tanh(),
              new Elementwise.GeluTanh(),
              new Elementwise.GeluErf(),
              new Elementwise.Silu(),
              new Elementwise.Softplus())) {
        exact(unary, n < 7 ? halvesAbove0(n) : x);
      }
    }
    Values dy = halves(201);
    for (Op chain :
        List.of(
            new Elementwise.ReluGrad(),
            new Elementwise.LeakyReluGrad(0.01),
            new Elementwise.SigmoidGrad(),
            new Elementwise.TanhGrad(),
            new Elementwise.GeluTanhGrad(),
            new Elementwise.GeluErfGrad(),
            new Elementwise.SiluGrad())) {
      exact(chain, special(201), dy);
    }
    for (Op binary :
        List.of(
            new Elementwise.Add(),
            new Elementwise.Sub(),
            new Elementwise.Mul(),
            new Elementwise.Div(),
            new Elementwise.Maximum(),
            new Elementwise.Minimum())) {
      exact(binary, special(201), halves(201));
      exact(binary, special(5, 1, 3, 8), special(4, 3, 1));
      exact(binary, special(9, 7), halves(7));
      exact(binary, special(6, 16), special(16));
    }
    for (Op comparison :
        List.of(new Elementwise.Equal(), new Elementwise.Less(), new Elementwise.LessEqual())) {
      exact(comparison, few(203), few(203));
      exact(comparison, few(9, 7), few(7));
      exact(comparison, few(6, 16), few(16));
    }
    Values mask = KernelRun.whole(DType.U8, Shape.of(3, 24), 0, 1, 4);
    exact(new Elementwise.Select(), mask, special(3, 24), special(24));
    exact(
        new Elementwise.Select(),
        KernelRun.whole(DType.U8, Shape.of(9, 1), 0, 1, 4),
        special(7),
        special(9, 7));
    Values state = Values.of(DType.I32, Shape.of(4), 7, -9, 3, 0);
    Values dropped = KernelRun.whole(DType.U8, Shape.of(203), 0, 1, 4);
    exact(new Stochastic.Dropout(0.3), halves(203), state);
    exact(new Stochastic.DropoutGrad(0.3), halves(203), dropped);
    exact(new Fill(new TensorType(half, Shape.of(13)), 1.0039215));
    exact(new Fill(new TensorType(half, Shape.of(3)), -3.3e38));
    exact(new Fill(new TensorType(half, Shape.of(2)), Double.NaN));
  }

  /** Numbers of which some are equal, and some are none. */
  private Values few(int... lengths) {
    SplittableRandom random = new SplittableRandom(drawnSoFar++);
    return KernelRun.drawn(
        half, Shape.of(lengths), () -> random.nextInt(9) == 0 ? Double.NaN : random.nextInt(-2, 3));
  }

  private Values halvesAbove0(int n) {
    return drawn(half, 0.1, 3, n);
  }

  private void casts() {
    Values x = special(205);
    Values ints =
        KernelRun.drawn(
            DType.I32,
            Shape.of(205),
            new SplittableRandom(9).ints().asDoubleStream().iterator()::next);
    Values bytes = KernelRun.whole(DType.U8, Shape.of(205), 0, 255, 3);
    for (DType to : List.of(DType.F32, DType.I32, DType.U8)) {
      exact(new Elementwise.Cast(to), x);
    }
    exact(new Elementwise.Cast(half), drawn(DType.F32, -1e5, 1e5, 205));
    exact(new Elementwise.Cast(half), ints);
    exact(new Elementwise.Cast(half), bytes);
    exact(new Elementwise.Cast(half == DType.BF16 ? DType.F16 : DType.BF16), x);
    exact(new Elementwise.Cast(half), x);
  }

  private void movement() {
    exact(new Movement.Reshape(Shape.of(6, 4)), halves(3, 8));
    exact(new Movement.Expand(Shape.of(3, 5, 8)), halves(5, 1));
    exact(new Movement.Permute(List.of(1, 0)), halves(40, 50));
    exact(new Movement.Permute(List.of(2, 0, 1)), halves(5, 3, 4));
    exact(new Movement.Permute(List.of(0, 2, 1, 3)), halves(2, 3, 5, 16));
    exact(new Movement.Slice(List.of(1, 8), List.of(3, 16)), halves(5, 32));
    exact(new Movement.Slice(List.of(0, 4), List.of(5, 17)), halves(5, 32));
    exact(new Movement.Pad(List.of(1, 8), List.of(0, 8), -0.7), halves(3, 16));
    exact(new Movement.Pad(List.of(0, 3), List.of(2, 0), 0), halves(3, 11));
    exact(new Movement.Concat(1), halves(4, 8), halves(4, 16), halves(4, 3));
  }

  private void reductions() {
    for (int[] shape :
        new int[][] {
          {4, 7, 16}, {9, 130, 1}, {3, 5003, 1}, {1, 300, 40}, {2, 300, 37}, {1, 5000, 24}
        }) {
      reordered(new Reduction.Sum(List.of(1), false), drawn(half, 0, 1, shape));
      reordered(new Reduction.Mean(List.of(0, 1), true), halves(shape));
    }
    reordered(new Reduction.Sum(List.of(0, 2), false), halves(5, 6, 7));
    exact(new Reduction.Sum(List.of(1), false), halves(5, 1));
    exact(new Reduction.Mean(List.of(0), false), halves(0, 3));
    exact(new Reduction.Max(List.of(1), false), special(4, 37));
    exact(new Reduction.Min(List.of(0), false), halves(4, 37));
    exact(new Reduction.ArgMax(1, false), halves(4, 37));
  }

  private void rows() {
    for (int[] shape : new int[][] {{5, 130}, {6, 136}, {3, 2055}, {3, 2056}, {2, 16_390}}) {
      Values x = halves(shape);
      Values dy = drawn(half, -2, 2, shape);
      Values p = drawn(half, 0, 1.0 / shape[1], shape);
      Values gamma = halves(shape[1]);
      Values mean = drawn(DType.F32, -0.1, 0.1, shape[0]);
      Values rstd = drawn(DType.F32, 0.3, 0.9, shape[0]);
      reordered(new Normalization.Softmax(), x);
      reordered(new Normalization.SoftmaxGrad(), p, dy);
      reordered(new Normalization.LogSoftmax(), x);
      reordered(new Normalization.LogSoftmaxGrad(), drawn(half, -9, -5, shape), dy);
      reordered(new Normalization.LayerNorm(EPSILON), x, gamma, drawn(half, -2, 2, shape[1]));
      reordered(new Normalization.LayerNormGrad(), x, gamma, mean, rstd, dy);
      reordered(new Normalization.RmsNorm(EPSILON), x, gamma);
      reordered(new Normalization.RmsNormGrad(), x, gamma, rstd, dy);
      Values labels = indices(shape[1], shape[0]);
      Values lse = drawn(DType.F32, 7, 10, shape[0]);
      Values slopes = drawn(DType.F32, -2, 2, shape[0]);
      reordered(new Loss.CrossEntropy(0.1), x, labels);
      exact(new Loss.CrossEntropyGrad(0.1), x, labels, lse, slopes);
      exact(new Loss.SoftCrossEntropy(), x, p);
      exact(new Loss.SoftCrossEntropyGrad(), x, p, lse, slopes);
    }
    // More rows than a block of gradients takes.
    reordered(
        new Normalization.LayerNormGrad(),
        halves(2100, 8),
        halves(8),
        drawn(DType.F32, -0.1, 0.1, 2100),
        drawn(DType.F32, 0.3, 0.9, 2100),
        drawn(half, -0.05, 0.05, 2100, 8));
    Values scores = halves(4, 6, 5);
    exact(new Normalization.BatchNorm(EPSILON), scores, halves(6), halves(6));
    exact(
        new Normalization.BatchNormGrad(EPSILON),
        scores,
        halves(6),
        floats(6),
        drawn(DType.F32, 0.5, 2, 6),
        drawn(half, -2, 2, 4, 6, 5));
    exact(
        new Normalization.BatchNormInference(EPSILON),
        scores,
        halves(6),
        halves(6),
        floats(6),
        drawn(DType.F32, 0.5, 2, 6));
  }

  private void indexing() {
    for (int width : new int[] {16, 5}) {
      exact(new Indexing.Embedding(), special(11, width), indices(11, 3, 7));
      exact(new Indexing.EmbeddingGrad(3), halves(200, width), indices(3, 200));
      exact(new Indexing.EmbeddingGrad(150), halves(200, width), indices(150, 200));
    }
    exact(new Indexing.Gather(1), special(3, 9, 5), indices(9, 3, 4, 5));
    exact(new Indexing.GatherGrad(1, 9), halves(3, 40, 5), indices(9, 3, 40, 5));
    exact(new Indexing.GatherGrad(1, 9), halves(3, 4, 5), indices(9, 3, 4, 5));
    exact(new Indexing.OneHot(9, half), indices(9, 13));
  }

  private void images() {
    Pooling.Window window = new Pooling.Window(Size2d.of(3), Size2d.of(2), Size2d.of(1));
    Values x = halves(2, 4, 7, 9);
    exact(new Pooling.MaxPool2d(window), x);
    exact(
        new Pooling.MaxPool2dGrad(window, x.shape()),
        halves(2, 4, 4, 5),
        Values.of(DType.I32, Shape.of(2, 4, 4, 5), new double[160]));
    exact(new Pooling.AvgPool2d(window), x);
    exact(new Pooling.AvgPool2dGrad(window, x.shape()), halves(2, 4, 4, 5));
    Conv2dGeometry padded = new Conv2dGeometry(Size2d.of(1), Size2d.of(1), Size2d.of(1), 1);
    Conv2dGeometry depthwise = new Conv2dGeometry(Size2d.of(1), Size2d.of(1), Size2d.of(1), 4);
    Shape w = Shape.of(5, 4, 3, 3);
    exact(new Linear.Conv2d(padded), x, halves(5, 4, 3, 3));
    exact(new Linear.Conv2dGradInput(padded, x.shape()), halves(5, 4, 3, 3), halves(2, 5, 7, 9));
    exact(new Linear.Conv2dGradWeight(padded, w), x, halves(2, 5, 7, 9));
    exact(new Linear.Conv2d(depthwise), x, halves(4, 1, 3, 3));
    reordered(new Linear.Matmul(false, true), halves(5, 24), halves(7, 24));
  }

  private void updates() {
    Values w = halves(205);
    Values dw = drawn(half, -1, 1, 205);
    Values rate = Values.scalar(half, 0.3);
    Values positive = drawn(half, 0.1, 1, 205);
    exact(new Update.Assign(), w, dw);
    exact(new Update.Accumulate(), special(205), dw);
    exact(new Update.Scale(), special(205), rate);
    exact(new Update.RunningAverage(0.1), w, dw);
    exact(new Update.ClampInPlace(-0.3, 0.7), w);
    exact(new Update.Sgd(0.01), w, dw, rate);
    exact(
        new Update.Adam(0.9, 0.999, 1e-8, 0.01, true),
        w,
        dw,
        positive,
        dw,
        rate,
        Values.scalar(DType.I32, 3));
  }
}
