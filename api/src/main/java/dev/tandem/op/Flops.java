package dev.tandem.op;

import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;

/**
 * How many floating-point operations ops are, as is usual to count them: a product of (M, K) and (K, N) is 2 M N K, causal attention
 * is its products over the pairs of positions that it looks at, and the rest counts one for each element of its largest operand.
 */
public final class Flops {
  /** Products of forward attention a pair of positions: q k^T and p v. */
  private static final int FORWARD = 2;

  /** Of its gradient, which recomputes q k^T: that, dy v^T, and those that give dq, dk and dv. */
  private static final int BACKWARD = 5;

  private Flops() {}

  /** What kind of work an op is. */
  public enum Kind {
    /** Matrix products and convolutions. */
    PRODUCTS,
    /** Scores, softmax and weighted sums of attention. */
    ATTENTION,
    /** What reads and writes more than it computes. */
    ELEMENTS
  }

  /** Which kind of work the op is. */
  public static Kind kind(Op op) {
    return switch (op) {
      case Linear _, Fused.BiasedMatmul _, Fused.BiasedConv2d _ -> Kind.PRODUCTS;
      case Sequence.Attention _,
          Sequence.AttentionGrad _,
          Sequence.PackedAttention _,
          Sequence.PackedAttentionGrad _ ->
          Kind.ATTENTION;
      case Sequence.Rotary _,
          Creation _,
          Elementwise _,
          Reduction _,
          Pooling _,
          Movement _,
          Indexing _,
          Normalization _,
          Loss _,
          Fused _,
          Stochastic _ ->
          Kind.ELEMENTS;
    };
  }

  /** For an op on these inputs with these results. */
  public static long of(Op op, List<TensorType> inputs, List<TensorType> outputs) {
    return switch (op) {
      case Linear linear -> product(linear, inputs, outputs.getFirst().shape());
      case Fused.BiasedMatmul _ ->
          product(new Linear.Matmul(false, true), inputs, outputs.getFirst().shape());
      case Fused.BiasedConv2d conv ->
          product(new Linear.Conv2d(conv.geometry()), inputs, outputs.getFirst().shape());
      case Sequence sequence ->
          switch (sequence) {
            case Sequence.Attention attention -> attention(inputs, attention.causal(), FORWARD);
            case Sequence.AttentionGrad attention ->
                attention(inputs, attention.causal(), BACKWARD);
            case Sequence.PackedAttention a ->
                packed(inputs, a.heads(), a.keyHeads(), a.causal(), FORWARD);
            case Sequence.PackedAttentionGrad a ->
                packed(inputs, a.heads(), a.keyHeads(), a.causal(), BACKWARD);
            case Sequence.Rotary _ -> elements(inputs, outputs);
          };
      case Creation _,
          Elementwise _,
          Reduction _,
          Pooling _,
          Movement _,
          Indexing _,
          Normalization _,
          Loss _,
          Fused _,
          Stochastic _ ->
          elements(inputs, outputs);
    };
  }

  private static long product(Linear linear, List<TensorType> inputs, Shape y) {
    return switch (linear) {
      case Linear.Matmul matmul ->
          2 * y.elements() * inputs.getFirst().shape().length(matmul.transposeA() ? -2 : -1);
      case Linear.Conv2d _ -> convolution(inputs.get(1).shape(), y);
      case Linear.Conv2dGradInput _ -> convolution(inputs.get(0).shape(), inputs.get(1).shape());
      case Linear.Conv2dGradWeight gradient ->
          convolution(gradient.weight(), inputs.get(1).shape());
    };
  }

  /** Each element of y is a sum over the channels and pixels that one filter looks at. The gradients are as many products. */
  private static long convolution(Shape weight, Shape y) {
    return 2 * y.elements() * weight.elements(1, weight.rank());
  }

  private static long attention(List<TensorType> qkv, boolean causal, int products) {
    Shape q = qkv.get(0).shape();
    long pairs = pairs(q.length(1), qkv.get(1).shape().length(1), causal);
    return 2L * products * q.length(0) * q.length(2) * q.length(3) * pairs;
  }

  private static long packed(
      List<TensorType> inputs, int heads, int keyHeads, boolean causal, int products) {
    Shape qkv = inputs.getFirst().shape();
    long length = qkv.length(2) / (heads + 2L * keyHeads);
    long pairs = pairs(qkv.length(1), qkv.length(1), causal);
    return 2L * products * qkv.length(0) * heads * length * pairs;
  }

  /** Query t of T sees S - T + t + 1 keys of S, or all. */
  private static long pairs(long queries, long keys, boolean causal) {
    return causal ? queries * keys - queries * (queries - 1) / 2 : queries * keys;
  }

  private static long elements(List<TensorType> inputs, List<TensorType> outputs) {
    long most = 0;
    for (TensorType type : inputs) {
      most = Math.max(most, type.elements());
    }
    for (TensorType type : outputs) {
      most = Math.max(most, type.elements());
    }
    return most;
  }
}
