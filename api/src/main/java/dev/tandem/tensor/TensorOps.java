package dev.tandem.tensor;

import dev.tandem.op.Elementwise;
import dev.tandem.op.Fused;
import dev.tandem.op.Indexing;
import dev.tandem.op.Linear;
import dev.tandem.op.Loss;
import dev.tandem.op.Movement;
import dev.tandem.op.Normalization;
import dev.tandem.op.Pooling;
import dev.tandem.op.Reduction;
import dev.tandem.op.Sequence;
import dev.tandem.op.Stochastic;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.ShapeException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The words for ops: everything that can be computed from a {@link Tensor}, each a new tensor. Numbers that stand for
 * axes may be negative and then count from the end.
 */
public sealed interface TensorOps permits Tensor {
  /** The lengths of the axes. */
  Shape shape();

  /** The type of the elements. */
  DType dtype();

  private Tensor self() {
    return (Tensor) this;
  }

  // ---- elementwise

  /** this + b, elementwise; shapes broadcast. */
  default Tensor add(Tensor b) {
    return Tensor.apply(new Elementwise.Add(), self(), b);
  }

  /** this + b, elementwise. */
  default Tensor add(double b) {
    return Tensor.apply(new Elementwise.Affine(1, b), self());
  }

  /** this - b, elementwise; shapes broadcast. */
  default Tensor sub(Tensor b) {
    return Tensor.apply(new Elementwise.Sub(), self(), b);
  }

  /** this - b, elementwise. */
  default Tensor sub(double b) {
    return add(-b);
  }

  /** this * b, elementwise; shapes broadcast. */
  default Tensor mul(Tensor b) {
    return Tensor.apply(new Elementwise.Mul(), self(), b);
  }

  /** this * b, elementwise. */
  default Tensor mul(double b) {
    return Tensor.apply(new Elementwise.Affine(b, 0), self());
  }

  /** this / b, elementwise; shapes broadcast. */
  default Tensor div(Tensor b) {
    return Tensor.apply(new Elementwise.Div(), self(), b);
  }

  /** Multiplies by 1 / b, rounded: the last bit may differ from a true division. */
  default Tensor div(double b) {
    return mul(1 / b);
  }

  /** -this, elementwise. */
  default Tensor neg() {
    return mul(-1);
  }

  /** The larger of both, elementwise; shapes broadcast: {@link Elementwise.Maximum}. */
  default Tensor maximum(Tensor b) {
    return Tensor.apply(new Elementwise.Maximum(), self(), b);
  }

  /** The smaller of both, elementwise; shapes broadcast: {@link Elementwise.Minimum}. */
  default Tensor minimum(Tensor b) {
    return Tensor.apply(new Elementwise.Minimum(), self(), b);
  }

  /** U8: 1 where this = b. */
  default Tensor equalTo(Tensor b) {
    return Tensor.apply(new Elementwise.Equal(), self(), b);
  }

  /** U8: 1 where {@code this < b}. */
  default Tensor less(Tensor b) {
    return Tensor.apply(new Elementwise.Less(), self(), b);
  }

  /** U8: 1 where {@code this <= b}. */
  default Tensor lessEqual(Tensor b) {
    return Tensor.apply(new Elementwise.LessEqual(), self(), b);
  }

  /** U8: 1 where this > b. */
  default Tensor greater(Tensor b) {
    return b.less(self());
  }

  /** U8: 1 where this >= b. */
  default Tensor greaterEqual(Tensor b) {
    return b.lessEqual(self());
  }

  /** The elements as another type; see {@link Elementwise.Cast}. The tensor itself if it is of that type. */
  default Tensor cast(DType to) {
    return to == dtype() ? self() : Tensor.apply(new Elementwise.Cast(to), self());
  }

  /** e^x, elementwise: {@link Elementwise.Exp}. */
  default Tensor exp() {
    return Tensor.apply(new Elementwise.Exp(), self());
  }

  /** The natural logarithm, elementwise: {@link Elementwise.Log}. */
  default Tensor log() {
    return Tensor.apply(new Elementwise.Log(), self());
  }

  /** The square root, elementwise: {@link Elementwise.Sqrt}. */
  default Tensor sqrt() {
    return Tensor.apply(new Elementwise.Sqrt(), self());
  }

  /** The square root, elementwise: {@link Elementwise.Sqrt}. */
  default Tensor rsqrt() {
    return Tensor.apply(new Elementwise.Rsqrt(), self());
  }

  /** x^exponent, elementwise: {@link Elementwise.Pow}. */
  default Tensor pow(double exponent) {
    return Tensor.apply(new Elementwise.Pow(exponent), self());
  }

  /** x * x, elementwise. */
  default Tensor square() {
    return mul(self());
  }

  /** The absolute value, elementwise: {@link Elementwise.Abs}. */
  default Tensor abs() {
    return Tensor.apply(new Elementwise.Abs(), self());
  }

  /** -1, 0 or 1, elementwise: {@link Elementwise.Sign}. */
  default Tensor sign() {
    return Tensor.apply(new Elementwise.Sign(), self());
  }

  /** Brought into [low, high], elementwise: {@link Elementwise.Clamp}. */
  default Tensor clamp(double low, double high) {
    return Tensor.apply(new Elementwise.Clamp(low, high), self());
  }

  /** max(x, 0), elementwise: {@link Elementwise.Relu}. */
  default Tensor relu() {
    return Tensor.apply(new Elementwise.Relu(), self());
  }

  /** x where positive, slope * x elsewhere: {@link Elementwise.LeakyRelu}. */
  default Tensor leakyRelu(double slope) {
    return Tensor.apply(new Elementwise.LeakyRelu(slope), self());
  }

  /** 1 / (1 + e^-x), elementwise: {@link Elementwise.Sigmoid}. */
  default Tensor sigmoid() {
    return Tensor.apply(new Elementwise.Sigmoid(), self());
  }

  /** The hyperbolic tangent, elementwise: {@link Elementwise.Tanh}. */
  default Tensor tanh() {
    return Tensor.apply(new Elementwise.Tanh(), self());
  }

  /** The tanh form, as in GPT-2. */
  default Tensor geluTanh() {
    return Tensor.apply(new Elementwise.GeluTanh(), self());
  }

  /** The exact form, as in BERT and PyTorch's default. */
  default Tensor geluErf() {
    return Tensor.apply(new Elementwise.GeluErf(), self());
  }

  /** x * sigmoid(x), elementwise: {@link Elementwise.Silu}. */
  default Tensor silu() {
    return Tensor.apply(new Elementwise.Silu(), self());
  }

  /** log(1 + e^x), elementwise: {@link Elementwise.Softplus}. */
  default Tensor softplus() {
    return Tensor.apply(new Elementwise.Softplus(), self());
  }

  // ---- reductions: over the given axes, negative ones counted from the end; over all where none
  // is given

  /** The sum over the axes, all where none is given; they go from the shape. */
  default Tensor sum(int... axes) {
    return Tensor.apply(new Reduction.Sum(axes("sum", axes), false), self());
  }

  /** The mean over the axes, all where none is given; they go from the shape. */
  default Tensor mean(int... axes) {
    return Tensor.apply(new Reduction.Mean(axes("mean", axes), false), self());
  }

  /** The largest element over the axes, all where none is given; they go from the shape. */
  default Tensor max(int... axes) {
    return Tensor.apply(new Reduction.Max(axes("max", axes), false), self());
  }

  /** The smallest element over the axes, all where none is given; they go from the shape. */
  default Tensor min(int... axes) {
    return Tensor.apply(new Reduction.Min(axes("min", axes), false), self());
  }

  /** I32: where along the axis the largest element is. */
  default Tensor argMax(int axis) {
    return Tensor.apply(new Reduction.ArgMax(shape().axis("arg_max", axis), false), self());
  }

  /** Mean over H and W. x: (N, C, H, W); y: (N, C). */
  default Tensor globalAvgPool2d() {
    return mean(2, 3);
  }

  private List<Integer> axes(String op, int... axes) {
    IntStream chosen = axes.length == 0 ? IntStream.range(0, shape().rank()) : IntStream.of(axes);
    return chosen.map(axis -> shape().axis(op, axis)).boxed().toList();
  }

  // ---- linear

  /** The matrix product over the two innermost axes; leading axes broadcast. (..., M, K) x (..., K, N): (..., M, N). */
  default Tensor matmul(Tensor b) {
    return matmul(b, false, false);
  }

  /** The matrix product of operands that may lie transposed; nothing is copied. */
  default Tensor matmul(Tensor b, boolean transposeThis, boolean transposeB) {
    return Tensor.apply(new Linear.Matmul(transposeThis, transposeB), self(), b);
  }

  /** See {@link Linear.Conv2d}. */
  default Tensor conv2d(Tensor weight, Linear.Conv2dGeometry geometry) {
    return Tensor.apply(new Linear.Conv2d(geometry), self(), weight);
  }

  /** The largest element under each place of the window. (N, C, H, W): {@link Pooling.MaxPool2d}. */
  default Tensor maxPool2d(Pooling.Window window) {
    return Tensor.apply(new Pooling.MaxPool2d(window), self());
  }

  /** The mean under each place of the window. (N, C, H, W): {@link Pooling.AvgPool2d}. */
  default Tensor avgPool2d(Pooling.Window window) {
    return Tensor.apply(new Pooling.AvgPool2d(window), self());
  }

  // ---- movement

  /** The same elements under another shape, sharing memory. One length may be -1: it takes what is left. */
  default Tensor reshape(int... lengths) {
    int[] complete = lengths.clone();
    long known = 1;
    int open = -1;
    for (int axis = 0; axis < lengths.length; axis++) {
      if (lengths[axis] == -1 && open == -1) {
        open = axis;
      } else {
        known *= lengths[axis];
      }
    }
    if (open >= 0) {
      if (known <= 0 || shape().elements() % known != 0) {
        throw new ShapeException(
            "reshape: no length fits in place of -1, got "
                + shape()
                + " to "
                + Arrays.toString(lengths)
                + "; keep the product of the lengths");
      }
      complete[open] = Math.toIntExact(shape().elements() / known);
    }
    return reshape(Shape.of(complete));
  }

  /** The same elements, as many, under another shape, sharing memory. */
  default Tensor reshape(Shape to) {
    return Tensor.apply(new Movement.Reshape(to), self());
  }

  /** Folds the axes from the given one on into one. (N, C, H, W).flatten(1): (N, C * H * W). */
  default Tensor flatten(int from) {
    int first = shape().axis("flatten", from);
    return reshape(
        shape()
            .part(0, first)
            .then(Shape.of(Math.toIntExact(shape().elements(first, shape().rank())))));
  }

  /** Axis i of the result is axis order[i] of this. */
  default Tensor permute(int... order) {
    return Tensor.apply(new Movement.Permute(IntStream.of(order).boxed().toList()), self());
  }

  /** Two axes swapped. */
  default Tensor transpose(int a, int b) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, shape().rank()).boxed().toList());
    Collections.swap(order, shape().axis("transpose", a), shape().axis("transpose", b));
    return Tensor.apply(new Movement.Permute(order), self());
  }

  /** Axes of length 1 repeated, and leading axes added, up to this shape: {@link Movement.Expand}. */
  default Tensor expand(Shape to) {
    return to.equals(shape()) ? self() : Tensor.apply(new Movement.Expand(to), self());
  }

  /** The part from start, of the given length, along one axis. */
  default Tensor slice(int axis, int start, int length) {
    List<Integer> starts = new ArrayList<>(Collections.nCopies(shape().rank(), 0));
    starts.set(shape().axis("slice", axis), start);
    List<Integer> lengths = new ArrayList<>(shape().toList());
    lengths.set(shape().axis("slice", axis), length);
    return Tensor.apply(new Movement.Slice(starts, lengths), self());
  }

  /** Elements of the value added along one axis. */
  default Tensor pad(int axis, int before, int after, double value) {
    List<Integer> front = new ArrayList<>(Collections.nCopies(shape().rank(), 0));
    List<Integer> back = new ArrayList<>(front);
    front.set(shape().axis("pad", axis), before);
    back.set(shape().axis("pad", axis), after);
    return Tensor.apply(new Movement.Pad(front, back, value), self());
  }

  // ---- indexing

  /** Rows of this table (V, S) at the I32 indices (I): (I, S). */
  default Tensor embedding(Tensor indices) {
    return Tensor.apply(new Indexing.Embedding(), self(), indices);
  }

  /** One element a place along the axis; see {@link Indexing.Gather}. */
  default Tensor gather(int axis, Tensor indices) {
    return Tensor.apply(new Indexing.Gather(shape().axis("gather", axis)), self(), indices);
  }

  /** I32 (I) to dtype (I, classes). */
  default Tensor oneHot(int classes, DType dtype) {
    return Tensor.apply(new Indexing.OneHot(classes, dtype), self());
  }

  // ---- normalisation, loss, dropout

  /** The largest element over the axes, all where none is given; they go from the shape. */
  default Tensor softmax(int axis) {
    return alongLast(axis, new Normalization.Softmax());
  }

  /** The largest element over the axes, all where none is given; they go from the shape. */
  default Tensor logSoftmax(int axis) {
    return alongLast(axis, new Normalization.LogSoftmax());
  }

  /** The row ops work on the innermost axis; another one is brought there and back. */
  private Tensor alongLast(int axis, Normalization op) {
    int chosen = shape().axis(op.name(), axis);
    int last = shape().rank() - 1;
    return chosen == last
        ? Tensor.apply(op, self())
        : Tensor.apply(op, transpose(chosen, last)).transpose(chosen, last);
  }

  /** Rows of mean 0 and variance 1, times gamma, plus beta. (..., C); gamma, beta: (C): {@link Normalization.LayerNorm}. */
  default Tensor layerNorm(Tensor gamma, Tensor beta, double epsilon) {
    return Tensor.apply(new Normalization.LayerNorm(epsilon), self(), gamma, beta);
  }

  /** Rows of root mean square 1, times gamma. (..., C); gamma: (C): {@link Normalization.RmsNorm}. */
  default Tensor rmsNorm(Tensor gamma, double epsilon) {
    return Tensor.apply(new Normalization.RmsNorm(epsilon), self(), gamma);
  }

  /** x w^T + b, with relu the relu of that, in one pass. x: (M, K); w: (N, K); b: (N); y: (M, N). */
  default Tensor biasedMatmul(Tensor w, Tensor b, boolean relu) {
    return Tensor.apply(new Fused.BiasedMatmul(relu), self(), w, b);
  }

  /** A convolution plus b, with relu the relu of that, in one pass: {@link Fused.BiasedConv2d}. */
  default Tensor biasedConv2d(Tensor w, Tensor b, Linear.Conv2dGeometry geometry, boolean relu) {
    return Tensor.apply(new Fused.BiasedConv2d(geometry, relu), self(), w, b);
  }

  /** gelu_tanh(x + b) in one pass. x, y: (..., C); b: (C). */
  default Tensor biasGeluTanh(Tensor b) {
    return Tensor.apply(new Fused.BiasGeluTanh(), self(), b);
  }

  /**
   * A layer norm of x + delta, and the sum itself, in one pass: {@link Fused.ResidualLayerNorm}.
   *
   * @return the norm, then the sum, both (..., C)
   */
  default List<Tensor> residualLayerNorm(Tensor delta, Tensor gamma, Tensor beta, double epsilon) {
    return Tensor.applyAll(
            new Fused.ResidualLayerNorm(epsilon), List.of(self(), delta, gamma, beta))
        .subList(0, 2);
  }

  /** Attention of these queries (B, T, H, D) to keys and values (B, S, G, D): {@link Sequence.Attention}. */
  default Tensor attention(Tensor k, Tensor v, boolean causal, double scale) {
    return Tensor.apply(new Sequence.Attention(causal, scale), self(), k, v);
  }

  /** Attention of a packed product (B, T, (H + 2 G) D) to itself; y: (B, T, H D): {@link Sequence.PackedAttention}. */
  default Tensor packedAttention(int heads, int keyHeads, boolean causal, double scale) {
    return Tensor.apply(new Sequence.PackedAttention(heads, keyHeads, causal, scale), self());
  }

  /** The first heads of (B, T, heads, D) turned by their position, counted from start: {@link Sequence.Rotary}. */
  default Tensor rotary(int rotated, double base, int start) {
    return Tensor.apply(new Sequence.Rotary(rotated, base, start, false), self());
  }

  /** A loss a row, against class numbers. logits: (N, C); targets: I32 (N); y: (N). */
  default Tensor crossEntropy(Tensor targets, double smoothing) {
    return Tensor.apply(new Loss.CrossEntropy(smoothing), self(), targets);
  }

  /** A loss a row, against probabilities. logits, targets: (N, C); y: (N). */
  default Tensor softCrossEntropy(Tensor targets) {
    return Tensor.apply(new Loss.SoftCrossEntropy(), self(), targets);
  }

  /** Zeroes elements with probability p and scales the rest by 1 / (1 - p). The state moves on by one draw. */
  default Tensor dropout(double p, Tensor state) {
    Tensor y = Tensor.apply(new Stochastic.Dropout(p), self(), state);
    Tensor.update(new Update.NextDraw(), state);
    return y;
  }
}
