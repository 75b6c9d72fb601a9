package dev.tandem.tensor;

import dev.tandem.op.Creation;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Fused;
import dev.tandem.op.Indexing;
import dev.tandem.op.Linear;
import dev.tandem.op.Loss;
import dev.tandem.op.Movement;
import dev.tandem.op.Normalization;
import dev.tandem.op.Op;
import dev.tandem.op.Pooling;
import dev.tandem.op.Reduction;
import dev.tandem.op.Sequence;
import dev.tandem.op.Stochastic;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The table of derivatives: from the gradients of an op's first outputs, of most ops of one, to those of its inputs. One row an op;
 * null where an input has none (integers, masks). A gradient may still have the broadcast shape: the tape sums it down. Further
 * outputs are statistics for the backward op and carry no gradient.
 */
final class Gradients {
  private Gradients() {}

  /**
   * Gradients of the inputs in their order; fewer entries mean none for the rest.
   *
   * @param dys of the results that carry gradients, in their order; null for one that none reached, but not for all
   * @param spare whether nobody needs the first input any more, so that its gradient may take its memory
   */
  static List<Tensor> of(
      Op op, List<Tensor> in, List<Tensor> out, List<Tensor> dys, boolean spare) {
    Tensor dy = dys.getFirst();
    return switch (op) {
      case Creation.Fill _ -> List.of();
      case Elementwise e -> elementwise(e, in, out.getFirst(), dy);
      case Reduction r -> reduction(r, in.getFirst(), out.getFirst(), dy);
      case Linear l -> linear(l, in, dy);
      case Pooling p -> pooling(p, in, out, dy);
      case Movement m -> movement(m, in, dy);
      case Indexing i -> indexing(i, in, dy);
      case Normalization n -> normalization(n, in, out, dy);
      case Loss l -> loss(l, in, out, dy, spare);
      case Sequence s -> sequence(s, in, out, dy);
      case Fused f -> fused(f, in, out, dys);
      case Stochastic s -> stochastic(s, out, dy);
    };
  }

  private static List<Tensor> elementwise(Elementwise op, List<Tensor> in, Tensor y, Tensor dy) {
    Tensor x = in.getFirst();
    return switch (op) {
      case Elementwise.Add _ -> List.of(dy, dy);
      case Elementwise.Sub _ -> row(dy, needs(in, 1) ? dy.neg() : null);
      case Elementwise.Mul _ ->
          row(needs(in, 0) ? dy.mul(in.get(1)) : null, needs(in, 1) ? dy.mul(x) : null);
      case Elementwise.Div _ ->
          row(
              needs(in, 0) ? dy.div(in.get(1)) : null,
              needs(in, 1) ? dy.mul(y).div(in.get(1)).neg() : null);
      case Elementwise.Maximum _ -> split(dy, in.get(1).less(x), x.less(in.get(1)));
      case Elementwise.Minimum _ -> split(dy, x.less(in.get(1)), in.get(1).less(x));
      case Elementwise.Equal _ -> throw none(op, "a comparison is flat; weigh with select instead");
      case Elementwise.Less _ -> throw none(op, "a comparison is flat; weigh with select instead");
      case Elementwise.LessEqual _ ->
          throw none(op, "a comparison is flat; weigh with select instead");
      case Elementwise.Select _ -> {
        Tensor zero = Tensor.scalar(dy.backend(), dy.dtype(), 0);
        yield row(null, Tensor.select(x, dy, zero), Tensor.select(x, zero, dy));
      }
      case Elementwise.Cast _ -> List.of(dy.cast(x.dtype()));
      case Elementwise.Affine a -> List.of(dy.mul(a.scale()));
      case Elementwise.Exp _ -> List.of(dy.mul(y));
      case Elementwise.Log _ -> List.of(dy.div(x));
      case Elementwise.Sqrt _ -> List.of(dy.div(y).mul(0.5));
      case Elementwise.Rsqrt _ -> List.of(dy.mul(y).mul(y).mul(y).mul(-0.5));
      case Elementwise.Pow p ->
          List.of(
              p.exponent() == 0 ? dy.mul(0) : dy.mul(x.pow(p.exponent() - 1)).mul(p.exponent()));
      case Elementwise.Abs _ -> List.of(dy.mul(x.sign()));
      case Elementwise.Sign _ -> List.of(dy.mul(0)); // flat but at 0, as PyTorch has it
      case Elementwise.Clamp _ ->
          List.of(Tensor.select(x.equalTo(y), dy, Tensor.scalar(dy.backend(), dy.dtype(), 0)));
      case Elementwise.Relu _ -> List.of(Tensor.apply(new Elementwise.ReluGrad(), y, dy));
      case Elementwise.LeakyRelu l ->
          List.of(Tensor.apply(new Elementwise.LeakyReluGrad(l.slope()), x, dy));
      case Elementwise.Sigmoid _ -> List.of(Tensor.apply(new Elementwise.SigmoidGrad(), y, dy));
      case Elementwise.Tanh _ -> List.of(Tensor.apply(new Elementwise.TanhGrad(), y, dy));
      case Elementwise.GeluTanh _ -> List.of(Tensor.apply(new Elementwise.GeluTanhGrad(), x, dy));
      case Elementwise.GeluErf _ -> List.of(Tensor.apply(new Elementwise.GeluErfGrad(), x, dy));
      case Elementwise.Silu _ -> List.of(Tensor.apply(new Elementwise.SiluGrad(), x, dy));
      case Elementwise.Softplus _ -> List.of(dy.mul(x.sigmoid()));
      case Elementwise.ReluGrad _ -> throw secondOrder(op);
      case Elementwise.LeakyReluGrad _ -> throw secondOrder(op);
      case Elementwise.SigmoidGrad _ -> throw secondOrder(op);
      case Elementwise.TanhGrad _ -> throw secondOrder(op);
      case Elementwise.GeluTanhGrad _ -> throw secondOrder(op);
      case Elementwise.GeluErfGrad _ -> throw secondOrder(op);
      case Elementwise.SiluGrad _ -> throw secondOrder(op);
    };
  }

  /** dy where one operand wins, half of it to each at a tie. */
  private static List<Tensor> split(Tensor dy, Tensor firstWins, Tensor secondWins) {
    Tensor first = firstWins.cast(dy.dtype());
    Tensor second = secondWins.cast(dy.dtype());
    return List.of(
        dy.mul(first.sub(second).mul(0.5).add(0.5)), dy.mul(second.sub(first).mul(0.5).add(0.5)));
  }

  private static List<Tensor> reduction(Reduction op, Tensor x, Tensor y, Tensor dy) {
    return switch (op) {
      case Reduction.Sum s -> List.of(stretch(dy, x, s));
      case Reduction.Mean m ->
          List.of(stretch(dy.mul((double) y.shape().elements() / x.shape().elements()), x, m));
      case Reduction.Max m -> List.of(toExtremes(dy, x, y, m));
      case Reduction.Min m -> List.of(toExtremes(dy, x, y, m));
      case Reduction.ArgMax _ ->
          throw none(op, "an index is flat; use max, or softmax for a soft choice");
      case Reduction.GlobalNorm _ ->
          throw none(
              op, "it measures gradients; compose a norm to learn from of mul, sum and sqrt");
    };
  }

  private static Tensor stretch(Tensor small, Tensor x, Reduction.OverAxes op) {
    return small.reshape(kept(x.shape(), op.axes())).expand(x.shape());
  }

  private static Tensor toExtremes(Tensor dy, Tensor x, Tensor y, Reduction.OverAxes op) {
    Shape kept = kept(x.shape(), op.axes());
    Tensor hit = x.equalTo(y.reshape(kept)).cast(dy.dtype());
    Tensor count = Tensor.apply(new Reduction.Sum(op.axes(), true), hit);
    return hit.mul(dy.reshape(kept).div(count));
  }

  private static Shape kept(Shape x, List<Integer> axes) {
    Shape shape = x;
    for (int axis : axes) {
      shape = shape.with(axis, 1);
    }
    return shape;
  }

  private static List<Tensor> linear(Linear op, List<Tensor> in, Tensor dy) {
    Tensor x = in.get(0);
    Tensor w = in.get(1);
    return switch (op) {
      // y = AB: dA = dy B^T, dB = A^T dy; for an operand given transposed, the transpose of that.
      case Linear.Matmul m ->
          row(
              !needs(in, 0)
                  ? null
                  : m.transposeA()
                      ? w.matmul(dy, m.transposeB(), true)
                      : dy.matmul(w, false, !m.transposeB()),
              needs(in, 1) ? matmulRight(m, x, w, dy) : null);
      case Linear.Conv2d c ->
          row(
              needs(in, 0)
                  ? Tensor.apply(new Linear.Conv2dGradInput(c.geometry(), x.shape()), w, dy)
                  : null,
              needs(in, 1)
                  ? Tensor.apply(new Linear.Conv2dGradWeight(c.geometry(), w.shape()), x, dy)
                  : null);
      case Linear.Conv2dGradInput _ -> throw secondOrder(op);
      case Linear.Conv2dGradWeight _ -> throw secondOrder(op);
    };
  }

  /** dB of y = AB. Of a B that all products share: one long product over all rows, for a batch of them would be summed up. */
  private static Tensor matmulRight(Linear.Matmul op, Tensor a, Tensor b, Tensor dy) {
    int rank = a.shape().rank();
    boolean shared =
        b.shape().rank() == 2
            && rank > 2
            && !op.transposeA()
            && a.shape().elements(0, rank - 1) <= Integer.MAX_VALUE;
    Tensor rows = shared ? flatRows(a) : a;
    Tensor slopes = shared ? flatRows(dy) : dy;
    return op.transposeB()
        ? slopes.matmul(rows, true, op.transposeA())
        : rows.matmul(slopes, !op.transposeA(), false);
  }

  /** (..., M, C) as (all of these, C). */
  private static Tensor flatRows(Tensor x) {
    int rows = Math.toIntExact(x.shape().elements(0, x.shape().rank() - 1));
    return x.reshape(rows, x.shape().length(-1));
  }

  private static List<Tensor> pooling(Pooling op, List<Tensor> in, List<Tensor> out, Tensor dy) {
    Shape input = in.getFirst().shape();
    return switch (op) {
      case Pooling.MaxPool2d p ->
          List.of(Tensor.apply(new Pooling.MaxPool2dGrad(p.window(), input), dy, out.get(1)));
      case Pooling.AvgPool2d p ->
          List.of(Tensor.apply(new Pooling.AvgPool2dGrad(p.window(), input), dy));
      case Pooling.MaxPool2dGrad _ -> throw secondOrder(op);
      case Pooling.AvgPool2dGrad _ -> throw secondOrder(op);
    };
  }

  private static List<Tensor> movement(Movement op, List<Tensor> in, Tensor dy) {
    Shape x = in.getFirst().shape();
    return switch (op) {
      case Movement.Reshape _ -> List.of(dy.reshape(x));
      case Movement.Permute p -> {
        int[] inverse = new int[x.rank()];
        for (int axis = 0; axis < inverse.length; axis++) {
          inverse[p.order().get(axis)] = axis;
        }
        yield List.of(dy.permute(inverse));
      }
      case Movement.Expand _ -> List.of(dy); // summed down by the tape
      case Movement.Slice s ->
          List.of(
              Tensor.apply(
                  new Movement.Pad(
                      s.start(),
                      IntStream.range(0, x.rank())
                          .mapToObj(
                              axis -> x.length(axis) - s.start().get(axis) - s.length().get(axis))
                          .toList(),
                      0),
                  dy));
      case Movement.Pad p -> List.of(Tensor.apply(new Movement.Slice(p.before(), x.toList()), dy));
      case Movement.Concat c -> {
        List<Tensor> parts = new ArrayList<>();
        List<Integer> start = new ArrayList<>(Collections.nCopies(x.rank(), 0));
        for (Tensor part : in) {
          parts.add(Tensor.apply(new Movement.Slice(start, part.shape().toList()), dy));
          start.set(c.axis(), start.get(c.axis()) + part.shape().length(c.axis()));
        }
        yield parts;
      }
    };
  }

  private static List<Tensor> indexing(Indexing op, List<Tensor> in, Tensor dy) {
    return switch (op) {
      case Indexing.Embedding _ ->
          List.of(
              Tensor.apply(
                  new Indexing.EmbeddingGrad(in.getFirst().shape().length(0)), dy, in.get(1)));
      case Indexing.Gather g ->
          List.of(
              Tensor.apply(
                  new Indexing.GatherGrad(g.axis(), in.getFirst().shape().length(g.axis())),
                  dy,
                  in.get(1)));
      case Indexing.EmbeddingGrad _ -> throw secondOrder(op);
      case Indexing.GatherGrad _ -> throw secondOrder(op);
      case Indexing.OneHot _ ->
          throw none(op, "indices are integers; use embedding to learn from them");
    };
  }

  private static List<Tensor> normalization(
      Normalization op, List<Tensor> in, List<Tensor> out, Tensor dy) {
    Tensor x = in.getFirst();
    Tensor y = out.getFirst();
    return switch (op) {
      case Normalization.Softmax _ -> List.of(Tensor.apply(new Normalization.SoftmaxGrad(), y, dy));
      case Normalization.LogSoftmax _ ->
          List.of(Tensor.apply(new Normalization.LogSoftmaxGrad(), y, dy));
      case Normalization.LayerNorm _ ->
          Tensor.applyAll(
              new Normalization.LayerNormGrad(), List.of(x, in.get(1), out.get(1), out.get(2), dy));
      case Normalization.RmsNorm _ ->
          Tensor.applyAll(new Normalization.RmsNormGrad(), List.of(x, in.get(1), out.get(1), dy));
      case Normalization.BatchNorm b ->
          Tensor.applyAll(
              new Normalization.BatchNormGrad(b.epsilon()),
              List.of(x, in.get(1), out.get(1), out.get(2), dy));
      case Normalization.BatchNormInference b -> batchNormInference(b, in, dy);
      case Normalization.SoftmaxGrad _ -> throw secondOrder(op);
      case Normalization.LogSoftmaxGrad _ -> throw secondOrder(op);
      case Normalization.LayerNormGrad _ -> throw secondOrder(op);
      case Normalization.RmsNormGrad _ -> throw secondOrder(op);
      case Normalization.BatchNormGrad _ -> throw secondOrder(op);
    };
  }

  /** With fixed statistics the op is affine in x, gamma and beta: fine-tuning with frozen statistics needs no kernel. */
  private static List<Tensor> batchNormInference(
      Normalization.BatchNormInference op, List<Tensor> in, Tensor dy) {
    if (needs(in, 3) || needs(in, 4)) {
      throw none(op, "its statistics are given, not learned; use batch_norm to train");
    }
    Tensor x = in.getFirst();
    int[] lengths = new int[x.shape().rank()];
    Arrays.fill(lengths, 1);
    lengths[1] = x.shape().length(1);
    Shape channel = Shape.of(lengths);
    int[] others = IntStream.range(0, lengths.length).filter(axis -> axis != 1).toArray();
    // In the statistics' type, rounded at the end: that of BF16 x is F32.
    DType wide = x.dtype().statistics();
    Tensor slope = dy.cast(wide);
    Tensor rstd = in.get(4).add(op.epsilon()).rsqrt().reshape(channel);
    Tensor gamma = in.get(1).cast(wide).reshape(channel);
    Tensor normal = x.cast(wide).sub(in.get(3).reshape(channel)).mul(rstd);
    return row(
        needs(in, 0) ? slope.mul(rstd.mul(gamma)).cast(x.dtype()) : null,
        needs(in, 1) ? slope.mul(normal).sum(others).cast(x.dtype()) : null,
        needs(in, 2) ? dy.sum(others) : null);
  }

  private static List<Tensor> loss(
      Loss op, List<Tensor> in, List<Tensor> out, Tensor dy, boolean spare) {
    return switch (op) {
      case Loss.CrossEntropy c -> {
        Op grad = new Loss.CrossEntropyGrad(c.smoothing());
        List<Tensor> operands = List.of(in.get(0), in.get(1), out.get(1), dy);
        yield List.of(
            spare
                ? Tensor.overwriteFirst(grad, operands)
                : Tensor.applyAll(grad, operands).getFirst());
      }
      case Loss.SoftCrossEntropy _ -> {
        if (needs(in, 1)) {
          throw none(
              op, "its targets are given, not learned; compose it from log_softmax, mul and sum");
        }
        yield List.of(
            Tensor.apply(new Loss.SoftCrossEntropyGrad(), in.get(0), in.get(1), out.get(1), dy));
      }
      case Loss.CrossEntropyGrad _ -> throw secondOrder(op);
      case Loss.SoftCrossEntropyGrad _ -> throw secondOrder(op);
    };
  }

  private static List<Tensor> sequence(Sequence op, List<Tensor> in, List<Tensor> out, Tensor dy) {
    return switch (op) {
      case Sequence.Attention a ->
          Tensor.applyAll(
              new Sequence.AttentionGrad(a.causal(), a.scale()),
              List.of(in.get(0), in.get(1), in.get(2), out.get(0), out.get(1), dy));
      case Sequence.PackedAttention p ->
          List.of(
              Tensor.apply(
                  new Sequence.PackedAttentionGrad(p.heads(), p.keyHeads(), p.causal(), p.scale()),
                  in.getFirst(),
                  out.get(0),
                  out.get(1),
                  dy));
      case Sequence.Rotary r ->
          List.of(
              Tensor.apply(
                  new Sequence.Rotary(r.rotated(), r.base(), r.start(), !r.inverse()), dy));
      case Sequence.AttentionGrad _ -> throw secondOrder(op);
      case Sequence.PackedAttentionGrad _ -> throw secondOrder(op);
    };
  }

  private static List<Tensor> fused(Fused op, List<Tensor> in, List<Tensor> out, List<Tensor> dys) {
    Tensor dy = dys.getFirst();
    return switch (op) {
      case Fused.BiasedMatmul m -> {
        List<Tensor> sloped = beforeBias(m.relu(), out.getFirst(), dy);
        yield biased(new Linear.Matmul(false, true), in, sloped);
      }
      case Fused.BiasedConv2d c -> {
        List<Tensor> sloped = beforeBias(c.relu(), out.getFirst(), dy);
        yield biased(new Linear.Conv2d(c.geometry()), in, sloped);
      }
      case Fused.ReluGradSum _ -> throw secondOrder(op);
      case Fused.BiasGeluTanh _ -> {
        Tensor dx = Tensor.apply(new Fused.BiasGeluTanhGrad(), in.get(0), in.get(1), dy);
        yield List.of(dx, dx); // the bias's is summed down by the tape
      }
      case Fused.ResidualLayerNorm _ -> residualLayerNorm(in, out, dy, dys.get(1));
      case Fused.BiasGeluTanhGrad _ -> throw secondOrder(op);
      case Fused.ResidualLayerNormGrad _ -> throw secondOrder(op);
    };
  }

  /** The gradients of what the bias is added to, and of the bias. */
  private static List<Tensor> beforeBias(boolean relu, Tensor y, Tensor dy) {
    if (relu) {
      return Tensor.applyAll(new Fused.ReluGradSum(), List.of(y, dy));
    }
    int[] others = IntStream.range(0, dy.shape().rank()).filter(axis -> axis != 1).toArray();
    return List.of(dy, dy.sum(others));
  }

  private static List<Tensor> biased(Linear op, List<Tensor> in, List<Tensor> sloped) {
    List<Tensor> gradients = linear(op, in, sloped.getFirst());
    return row(gradients.get(0), gradients.get(1), sloped.get(1));
  }

  private static List<Tensor> residualLayerNorm(
      List<Tensor> in, List<Tensor> out, Tensor dy, Tensor dsum) {
    if (dy == null) {
      return List.of(dsum, dsum);
    }
    Tensor gamma = in.get(2);
    Tensor sum = out.get(1);
    Tensor mean = out.get(2);
    Tensor rstd = out.get(3);
    List<Tensor> gradients =
        dsum == null
            ? Tensor.applyAll(
                new Normalization.LayerNormGrad(), List.of(sum, gamma, mean, rstd, dy))
            : Tensor.applyAll(
                new Fused.ResidualLayerNormGrad(), List.of(sum, gamma, mean, rstd, dy, dsum));
    Tensor dx = gradients.getFirst();
    return List.of(dx, dx, gradients.get(1), gradients.get(2));
  }

  private static List<Tensor> stochastic(Stochastic op, List<Tensor> out, Tensor dy) {
    return switch (op) {
      case Stochastic.Dropout d ->
          List.of(Tensor.apply(new Stochastic.DropoutGrad(d.p()), dy, out.get(1)));
      case Stochastic.DropoutGrad _ -> throw secondOrder(op);
    };
  }

  private static boolean needs(List<Tensor> in, int index) {
    return in.get(index).node != null;
  }

  /** A row with nulls, which List.of refuses. */
  private static List<Tensor> row(Tensor... gradients) {
    return Arrays.asList(gradients);
  }

  private static UnsupportedOperationException secondOrder(Op op) {
    return none(
        op, "second-order gradients are not recorded; compose the forward from simpler ops");
  }

  private static UnsupportedOperationException none(Op op, String instead) {
    return new UnsupportedOperationException(
        op.name() + ": has no gradient, got one to pass on; " + instead);
  }
}
