package dev.tandem.jmh;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Operand;
import dev.tandem.nn.Activation;
import dev.tandem.nn.Init;
import dev.tandem.nn.Linear;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.Sequential;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Fused;
import dev.tandem.op.Linear.Conv2d;
import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Linear.Conv2dGradInput;
import dev.tandem.op.Linear.Conv2dGradWeight;
import dev.tandem.op.Linear.Matmul;
import dev.tandem.op.Normalization;
import dev.tandem.op.Op;
import dev.tandem.op.Pooling;
import dev.tandem.op.Reduction;
import dev.tandem.op.Sequence;
import dev.tandem.op.Size2d;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.Rule;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/**
 * A training step of an MLP, 784-512-512-10, in a JVM that has done nothing else, and in one whose compiler has seen many other ops,
 * shapes and element types before. The second must not be slower.
 */
public class PollutionBenchmark extends CallBenchmark {
  private static final long OTHERS_NANOS = 6_000_000_000L;
  private static final int[] WIDTHS = {784, 512, 512, 10};
  private static final DType[] DTYPES = {DType.F32, DType.F64, DType.BF16};

  @Param({"alone", "after_many_ops"})
  public String where;

  @Param({"32", "128"})
  public int batch;

  @Override
  Call call(Operands operands) {
    if (where.equals("after_many_ops")) {
      doOthers(operands.backend());
    }
    Backend backend = operands.backend();
    Init init = new Init(backend, DType.F32, new Random(1));
    Sequential model =
        Sequential.of(
            new Linear(init, WIDTHS[0], WIDTHS[1]),
            Activation.of("relu"),
            new Linear(init, WIDTHS[1], WIDTHS[2]),
            Activation.of("relu"),
            new Linear(init, WIDTHS[2], WIDTHS[3]));
    model.training(true);
    Optimizer optimizer = new Optimizer(new Rule.Momentum(0.9, 0).update(), model.parameters());
    optimizer.learningRate(0.01);
    float[] pixels = new Random(2).uniform(batch * WIDTHS[0], 0, 1);
    Tensor x = Tensor.of(backend, TensorType.f32(batch, WIDTHS[0]), MemorySegment.ofArray(pixels));
    Tensor y = Tensor.zeros(backend, new TensorType(DType.I32, Shape.of(batch)));
    LossFunction loss = new LossFunction.CrossEntropy(0);
    return new Call(() -> step(model, optimizer, loss, x, y), megaflops(), 0);
  }

  private static void step(
      Sequential model, Optimizer optimizer, LossFunction loss, Tensor x, Tensor y) {
    try (Tape _ = Tape.open()) {
      Tensor mean = loss.mean(model.forward(x), y);
      mean.backward();
      optimizer.step();
      mean.item();
    } finally {
      optimizer.clearGradients();
    }
  }

  /** Products: forward, dw, and but for the first layer dx. */
  private double megaflops() {
    double sum = 0;
    for (int i = 1; i < WIDTHS.length; i++) {
      sum += (i == 1 ? 2 : 3) * 2.0 * batch * WIDTHS[i - 1] * WIDTHS[i];
    }
    return sum / 1e6;
  }

  private static void doOthers(Backend backend) {
    try (Operands operands = new Operands(backend)) {
      List<Call> calls = new ArrayList<>();
      for (DType dtype : DTYPES) {
        products(operands, dtype, calls);
        convolutions(operands, dtype, calls);
        elements(operands, dtype, calls);
        rows(operands, dtype, calls);
      }
      long start = System.nanoTime();
      while (System.nanoTime() - start < OTHERS_NANOS) {
        calls.forEach(call -> call.work().run());
      }
    }
  }

  private static void products(Operands operands, DType dtype, List<Call> calls) {
    for (int[] mkn :
        new int[][] {
          {7, 5, 3}, {64, 64, 64}, {1, 300, 100}, {129, 65, 257}, {500, 9, 32}, {33, 700, 10}
        }) {
      for (int transposed = 0; transposed < 4; transposed++) {
        boolean ta = (transposed & 1) != 0;
        boolean tb = (transposed & 2) != 0;
        Shape a = ta ? Shape.of(mkn[1], mkn[0]) : Shape.of(mkn[0], mkn[1]);
        Shape b = tb ? Shape.of(mkn[2], mkn[1]) : Shape.of(mkn[1], mkn[2]);
        calls.add(
            operands.call(new Matmul(ta, tb), of(operands, dtype, a), of(operands, dtype, b)));
      }
    }
  }

  private static void convolutions(Operands operands, DType dtype, List<Call> calls) {
    for (int kernel : new int[] {1, 3, 5}) {
      for (int stride = 1; stride <= 2; stride++) {
        Conv2dGeometry geometry =
            new Conv2dGeometry(Size2d.of(stride), Size2d.of(kernel / 2), Size2d.of(1), 1);
        Operand x = of(operands, dtype, Shape.of(4, 3, 14, 14));
        Operand w = of(operands, dtype, Shape.of(20, 3, kernel, kernel));
        Operand y = operands.results(new Conv2d(geometry), x, w).getFirst();
        calls.add(operands.call(new Conv2d(geometry), x, w));
        calls.add(operands.call(new Conv2dGradWeight(geometry, w.shape()), x, y));
        calls.add(operands.call(new Conv2dGradInput(geometry, x.shape()), w, y));
      }
    }
    Operand image = of(operands, dtype, Shape.of(4, 8, 13, 13));
    calls.add(operands.call(new Pooling.MaxPool2d(Pooling.Window.of(2)), image));
    calls.add(operands.call(new Pooling.AvgPool2d(Pooling.Window.of(3)), image));
  }

  private static void elements(Operands operands, DType dtype, List<Call> calls) {
    Operand x = of(operands, dtype, Shape.of(33, 65));
    for (Op op :
        List.of(
            new Elementwise.Relu(),
            new Elementwise.GeluTanh(),
            new Elementwise.Exp(),
            new Elementwise.Tanh(),
            new Elementwise.Sigmoid(),
            new Elementwise.Abs(),
            new Elementwise.Affine(2, 1),
            new Elementwise.Silu())) {
      calls.add(operands.call(op, x));
    }
    for (Op op :
        List.of(
            new Elementwise.Add(),
            new Elementwise.Sub(),
            new Elementwise.Mul(),
            new Elementwise.Maximum())) {
      for (Shape other : List.of(Shape.of(33, 65), Shape.of(65), Shape.of(33, 1), Shape.scalar())) {
        calls.add(operands.call(op, x, of(operands, dtype, other)));
      }
    }
    for (Op op :
        List.of(
            new Elementwise.ReluGrad(),
            new Elementwise.GeluTanhGrad(),
            new Elementwise.TanhGrad())) {
      calls.add(operands.call(op, x, x));
    }
  }

  private static void rows(Operands operands, DType dtype, List<Call> calls) {
    Operand x = of(operands, dtype, Shape.of(33, 65));
    for (List<Integer> axes : List.of(List.of(0), List.of(1), List.of(0, 1))) {
      calls.add(operands.call(new Reduction.Sum(axes, false), x));
      calls.add(operands.call(new Reduction.Max(axes, true), x));
    }
    Operand gamma = of(operands, dtype, Shape.of(65));
    calls.add(operands.call(new Normalization.Softmax(), x));
    calls.add(operands.call(new Normalization.SoftmaxGrad(), x, x));
    calls.add(operands.call(new Normalization.LayerNorm(1e-5), x, gamma, gamma));
    calls.add(operands.call(new Normalization.BatchNorm(1e-5), x, gamma, gamma));
    calls.add(operands.call(new Fused.BiasGeluTanh(), x, gamma));
    calls.add(
        operands.call(
            new Sequence.PackedAttention(2, 2, true, 0.25),
            of(operands, dtype, Shape.of(2, 40, 96))));
  }

  private static Operand of(Operands operands, DType dtype, Shape shape) {
    return operands.uniform(new TensorType(dtype, shape));
  }
}
