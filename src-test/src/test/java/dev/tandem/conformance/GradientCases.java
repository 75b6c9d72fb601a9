package dev.tandem.conformance;

import static dev.tandem.conformance.Source.fixed;
import static dev.tandem.conformance.Source.indices;
import static dev.tandem.conformance.Source.mask;
import static dev.tandem.conformance.Source.repeating;
import static dev.tandem.conformance.Source.uniform;

import dev.tandem.op.Elementwise.*;
import dev.tandem.op.Fused.BiasGeluTanh;
import dev.tandem.op.Fused.BiasedConv2d;
import dev.tandem.op.Fused.BiasedMatmul;
import dev.tandem.op.Fused.ResidualLayerNorm;
import dev.tandem.op.Indexing.Embedding;
import dev.tandem.op.Indexing.Gather;
import dev.tandem.op.Linear.Conv2d;
import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Linear.Matmul;
import dev.tandem.op.Loss.CrossEntropy;
import dev.tandem.op.Loss.SoftCrossEntropy;
import dev.tandem.op.Movement.Concat;
import dev.tandem.op.Movement.Expand;
import dev.tandem.op.Movement.Pad;
import dev.tandem.op.Movement.Permute;
import dev.tandem.op.Movement.Reshape;
import dev.tandem.op.Movement.Slice;
import dev.tandem.op.Normalization.BatchNorm;
import dev.tandem.op.Normalization.BatchNormInference;
import dev.tandem.op.Normalization.LayerNorm;
import dev.tandem.op.Normalization.LogSoftmax;
import dev.tandem.op.Normalization.RmsNorm;
import dev.tandem.op.Normalization.Softmax;
import dev.tandem.op.Op;
import dev.tandem.op.Pooling.AvgPool2d;
import dev.tandem.op.Pooling.MaxPool2d;
import dev.tandem.op.Pooling.Window;
import dev.tandem.op.Reduction.Max;
import dev.tandem.op.Reduction.Mean;
import dev.tandem.op.Reduction.Min;
import dev.tandem.op.Reduction.Sum;
import dev.tandem.op.Sequence.Attention;
import dev.tandem.op.Sequence.PackedAttention;
import dev.tandem.op.Sequence.Rotary;
import dev.tandem.op.Size2d;
import dev.tandem.op.Stochastic;
import dev.tandem.op.Stochastic.Dropout;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Samples of every differentiable op, small, and away from kinks: a central difference across one shows
 * nothing. Which side of a kink counts is held by the golden files and by {@link OpCases}.
 */
final class GradientCases {
  /**
   * An op at a point.
   *
   * @param learned how many of the inputs, from the first, can require a gradient
   */
  record Sample(Op op, int learned, List<Source> sources) {}

  private static final Shape S = Shape.of(2, 3);

  private final List<Sample> samples = new ArrayList<>();

  private GradientCases() {}

  static List<Sample> all() {
    GradientCases cases = new GradientCases();
    cases.elementwise();
    cases.reductions();
    cases.linear();
    cases.movement();
    cases.rest();
    cases.sequences();
    cases.fused();
    return List.copyOf(cases.samples);
  }

  private void add(Op op, int learned, Source... sources) {
    samples.add(new Sample(op, learned, List.of(sources)));
  }

  private void elementwise() {
    for (Op op :
        List.of(new Add(), new Sub(), new Mul(), new Div(), new Maximum(), new Minimum())) {
      add(op, 2, uniform(S, -2, 2), uniform(S, 1, 3));
      add(op, 2, uniform(S, -2, 2), uniform(Shape.of(3), 1, 3));
      add(op, 2, uniform(Shape.scalar(), -2, 2), uniform(S, 1, 3));
      add(op, 2, uniform(Shape.of(2, 1, 3), -2, 2), uniform(Shape.of(4, 1), 1, 3));
      add(op, 2, uniform(Shape.of(1, 2, 1, 1), -2, 2), uniform(Shape.of(2, 2, 1, 3), 1, 3));
    }
    for (Op op :
        List.of(
            new Affine(-2.5, 3),
            new Exp(),
            new Sigmoid(),
            new Tanh(),
            new GeluTanh(),
            new GeluErf(),
            new Silu(),
            new Softplus(),
            new Pow(3),
            new Pow(0),
            new Cast(DType.F64))) {
      add(op, 1, uniform(S, -2, 2));
    }
    for (Op op : List.of(new Log(), new Sqrt(), new Rsqrt(), new Pow(1.7), new Pow(-0.5))) {
      add(op, 1, uniform(S, 0.5, 3));
    }
    Source apart = repeating("apart", Shape.of(2, 4), -2, 0.5, 1, -0.25, 3, -0.7, 0.1, 0.9);
    for (Op op :
        List.of(
            new Abs(),
            new Sign(),
            new Clamp(-0.5, 0.8),
            new Relu(),
            new LeakyRelu(0.1),
            new LeakyRelu(-0.5))) {
      add(op, 1, apart);
    }
    samples.add(selection(S, S, S));
    samples.add(selection(Shape.of(3), Shape.of(2, 1), Shape.scalar()));
  }

  /** The condition comes first and is not learned; a and b are, which the test knows by their type. */
  private static Sample selection(Shape condition, Shape a, Shape b) {
    return new Sample(
        new Select(), 3, List.of(mask(condition), uniform(a, -2, 2), uniform(b, -2, 2)));
  }

  private void reductions() {
    Source x = uniform(Shape.of(2, 3, 4), -2, 2);
    for (boolean keep : new boolean[] {false, true}) {
      for (List<Integer> axes :
          List.of(List.of(0, 1, 2), List.of(1), List.of(0, 2), List.<Integer>of())) {
        add(new Sum(axes, keep), 1, x);
        add(new Mean(axes, keep), 1, x);
        add(new Max(axes, keep), 1, x);
        add(new Min(axes, keep), 1, x);
      }
    }
  }

  private void linear() {
    for (boolean transposeA : new boolean[] {false, true}) {
      for (boolean transposeB : new boolean[] {false, true}) {
        Matmul op = new Matmul(transposeA, transposeB);
        add(
            op,
            2,
            uniform(transposeA ? Shape.of(4, 3) : Shape.of(3, 4), -2, 2),
            uniform(transposeB ? Shape.of(2, 4) : Shape.of(4, 2), -2, 2));
        add(
            op,
            2,
            uniform(transposeA ? Shape.of(2, 1, 4, 3) : Shape.of(2, 1, 3, 4), -2, 2),
            uniform(transposeB ? Shape.of(3, 2, 4) : Shape.of(3, 4, 2), -2, 2));
        add(
            op,
            2,
            uniform(transposeA ? Shape.of(2, 4, 3) : Shape.of(2, 3, 4), -2, 2),
            uniform(transposeB ? Shape.of(2, 4) : Shape.of(4, 2), -2, 2));
      }
    }
    Conv2dGeometry uneven =
        new Conv2dGeometry(new Size2d(2, 1), new Size2d(1, 0), new Size2d(1, 2), 1);
    Conv2dGeometry grouped = new Conv2dGeometry(Size2d.of(1), Size2d.of(1), Size2d.of(1), 2);
    add(
        new Conv2d(Conv2dGeometry.plain()),
        2,
        uniform(Shape.of(2, 2, 4, 3), -2, 2),
        uniform(Shape.of(3, 2, 2, 2), -1, 1));
    add(
        new Conv2d(uneven),
        2,
        uniform(Shape.of(1, 2, 5, 4), -2, 2),
        uniform(Shape.of(2, 2, 3, 2), -1, 1));
    add(
        new Conv2d(grouped),
        2,
        uniform(Shape.of(1, 4, 3, 3), -2, 2),
        uniform(Shape.of(2, 2, 3, 3), -1, 1));
    Window padded = new Window(new Size2d(3, 2), new Size2d(2, 1), new Size2d(1, 1));
    for (Window window : List.of(Window.of(2), padded)) {
      add(new MaxPool2d(window), 1, uniform(Shape.of(2, 1, 5, 4), -2, 2));
      add(new AvgPool2d(window), 1, uniform(Shape.of(2, 1, 5, 4), -2, 2));
    }
  }

  private void movement() {
    Source x = uniform(S, -2, 2);
    add(new Reshape(Shape.of(3, 1, 2)), 1, x);
    add(new Permute(List.of(2, 0, 1)), 1, uniform(Shape.of(2, 3, 4), -2, 2));
    add(new Expand(Shape.of(4, 2, 3)), 1, x);
    add(new Expand(Shape.of(2, 2, 3)), 1, uniform(Shape.of(2, 1, 1), -2, 2));
    add(new Slice(List.of(1, 0), List.of(1, 2)), 1, x);
    add(new Pad(List.of(1, 0), List.of(0, 2), 7), 1, x);
    add(new Concat(1), 3, x, uniform(Shape.of(2, 1), -2, 2), uniform(Shape.of(2, 4), -2, 2));
    add(new Concat(0), 2, x, uniform(Shape.of(1, 3), -2, 2));
  }

  private void sequences() {
    for (boolean causal : new boolean[] {false, true}) {
      attention(new Attention(causal, 0.7), Shape.of(2, 3, 2, 2), Shape.of(2, 3, 1, 2));
      attention(new Attention(causal, 1.3), Shape.of(1, 2, 4, 3), Shape.of(1, 4, 2, 3));
      add(new PackedAttention(2, 1, causal, 0.7), 1, uniform(Shape.of(2, 3, 8), -2, 2));
      add(new PackedAttention(2, 2, causal, 0.5), 1, uniform(Shape.of(1, 4, 18), -2, 2));
    }
    for (boolean inverse : new boolean[] {false, true}) {
      add(new Rotary(2, 100, 3, inverse), 1, uniform(Shape.of(2, 3, 3, 4), -2, 2));
    }
  }

  private void attention(Attention op, Shape queries, Shape keys) {
    add(op, 3, uniform(queries, -2, 2), uniform(keys, -2, 2), uniform(keys, -2, 2));
  }

  private void fused() {
    Source x = uniform(Shape.of(2, 2, 5), -2, 2);
    Source channel = uniform(Shape.of(5), -2, 2);
    add(new BiasGeluTanh(), 2, x, channel);
    for (boolean relu : new boolean[] {false, true}) {
      add(
          new BiasedMatmul(relu),
          3,
          uniform(Shape.of(4, 3), -2, 2),
          uniform(Shape.of(5, 3), -2, 2),
          channel);
      add(
          new BiasedConv2d(new Conv2dGeometry(Size2d.of(2), Size2d.of(1), Size2d.of(1), 1), relu),
          3,
          uniform(Shape.of(2, 2, 4, 5), -2, 2),
          uniform(Shape.of(5, 2, 3, 2), -2, 2),
          channel);
    }
    add(new ResidualLayerNorm(1e-5), 4, x, uniform(Shape.of(2, 2, 5), -1, 1), channel, channel);
  }

  private void rest() {
    add(
        new Embedding(),
        1,
        uniform(Shape.of(4, 3), -2, 2),
        fixed(Values.of(DType.I32, Shape.of(2, 3), 1, 1, 3, 0, 1, 3)));
    add(new Gather(1), 1, uniform(Shape.of(2, 3), -2, 2), indices(Shape.of(2, 5), 3));
    add(new Gather(0), 1, uniform(Shape.of(4, 3), -2, 2), indices(Shape.of(2, 3), 4));
    Source x = uniform(Shape.of(3, 5), -2, 2);
    Source gamma = uniform(Shape.of(5), -2, 2);
    Source beta = uniform(Shape.of(5), -1, 1);
    add(new Softmax(), 1, x);
    add(new LogSoftmax(), 1, x);
    add(new LayerNorm(1e-5), 3, x, gamma, beta);
    add(new RmsNorm(1e-5), 2, x, gamma);
    add(new BatchNorm(1e-5), 3, x, gamma, beta);
    Shape c = Shape.of(3);
    add(
        new BatchNorm(1e-5),
        3,
        uniform(Shape.of(2, 3, 2, 2), -2, 2),
        uniform(c, -2, 2),
        uniform(c, -1, 1));
    add(
        new BatchNormInference(1e-5),
        3,
        uniform(Shape.of(2, 3, 2, 2), -2, 2),
        uniform(c, -2, 2),
        uniform(c, -1, 1),
        uniform(c, -1, 1),
        uniform(c, 0.1, 2));
    add(
        new BatchNormInference(1e-5),
        3,
        x,
        gamma,
        beta,
        uniform(Shape.of(5), -1, 1),
        uniform(Shape.of(5), 0.1, 2));
    for (double smoothing : new double[] {0, 0.1}) {
      add(new CrossEntropy(smoothing), 1, x, indices(Shape.of(3), 5));
    }
    add(new SoftCrossEntropy(), 1, x, uniform(Shape.of(3, 5), 0, 1));
    add(new Dropout(0.4), 1, x, fixed(Values.of(DType.I32, Stochastic.STATE.shape(), 7, -8, 9, 0)));
  }
}
