package dev.tandem.op;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;

/**
 * Ops over positions of a sequence. B sequences, T queries and S keys each; H query heads, G key heads, which H is a multiple of:
 * query head h looks at key head h / (H / G) (Ainslie et al. 2023, arXiv:2305.13245; with G = H as in Vaswani et al. 2017,
 * arXiv:1706.03762); D numbers a head.
 */
public sealed interface Sequence extends Op {
  /** The longest head: what the kernels' tiles hold. */
  int LONGEST_HEAD = 128;

  /**
   * y[t] = sum over s of softmax(scale * q[t] . k[s]) v[s], a head at a time, without a matrix of all scores. causal: query t looks
   * at keys {@code s <= t + S - T}, so that the last query sees them all. q: (B, T, H, D); k, v: (B, S, G, D). Results: y (B, T, H, D), and
   * lse (B, H, T), the logarithms of the sums of exponentials. Dao et al. 2022, arXiv:2205.14135; Dao 2023, arXiv:2307.08691.
   */
  record Attention(boolean causal, double scale) implements Sequence {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 3, "q, k, v");
      return List.of(inputs.getFirst(), lse(name(), inputs, causal));
    }
  }

  /** Gradients of {@link Attention}. inputs: q, k, v, y, lse, dy; results: dq, dk, dv. */
  record AttentionGrad(boolean causal, double scale) implements Sequence {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 6, "q, k, v, y, lse, dy");
      TensorType q = inputs.getFirst();
      Check.sameType(name(), "lse", inputs.get(4), lse(name(), inputs, causal));
      Check.sameType(name(), "y", inputs.get(3), q);
      Check.sameType(name(), "dy", inputs.get(5), q);
      return inputs.subList(0, 3);
    }
  }

  /**
   * {@link Attention} of a sequence to itself, whose q, k and v lie side by side as one product made them: no copies to take them
   * apart. qkv: (B, T, (H + 2 G) D), in each row first the queries of all heads, then the keys, then the values. Results: y (B, T,
   * H D), lse (B, H, T).
   */
  record PackedAttention(int heads, int keyHeads, boolean causal, double scale)
      implements Sequence {
    /** Throws {@link dev.tandem.shape.ShapeException} when a component is out of its range; the message names it. */
    public PackedAttention {
      checkHeads("packed_attention", heads, keyHeads);
    }

    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 1, "qkv");
      return packed(name(), inputs.getFirst(), heads, keyHeads);
    }
  }

  /** Gradient of {@link PackedAttention}. inputs: qkv, y, lse, dy; dqkv: as qkv. */
  record PackedAttentionGrad(int heads, int keyHeads, boolean causal, double scale)
      implements Sequence {
    /** Throws {@link dev.tandem.shape.ShapeException} when a component is out of its range; the message names it. */
    public PackedAttentionGrad {
      checkHeads("packed_attention_grad", heads, keyHeads);
    }

    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 4, "qkv, y, lse, dy");
      List<TensorType> forward = packed(name(), inputs.getFirst(), heads, keyHeads);
      Check.sameType(name(), "y", inputs.get(1), forward.get(0));
      Check.sameType(name(), "lse", inputs.get(2), forward.get(1));
      Check.sameType(name(), "dy", inputs.get(3), forward.get(0));
      return List.of(inputs.getFirst());
    }
  }

  /**
   * Turns pairs of numbers by their position: of the heads below rotated, (x[i], x[i + D/2]) becomes (x[i] cos a - x[i + D/2] sin a,
   * x[i + D/2] cos a + x[i] sin a) with a = (start + t) * base^(-2i/D); the other heads are copied. inverse turns the other way,
   * which is the gradient too. x, y: (B, T, heads, D), D even. Su et al. 2021, arXiv:2104.09864; the pairs are those of Llama's
   * weights as published, half a head apart, not neighbours.
   */
  record Rotary(int rotated, double base, int start, boolean inverse) implements Sequence {
    /** Throws {@link dev.tandem.shape.ShapeException} when a component is out of its range; the message names it. */
    public Rotary {
      Check.attribute(
          rotated >= 0,
          "rotary",
          "heads to rotate must not be negative",
          rotated,
          "use 0 for none");
      Check.attribute(base > 0, "rotary", "the base must be positive", base, "10000 is usual");
      Check.attribute(
          start >= 0, "rotary", "the first position must not be negative", start, "0 is usual");
    }

    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 1, "x");
      TensorType x = inputs.getFirst();
      Check.floating(name(), x);
      Check.rank(name(), "x", x, 4, "(B, T, heads, D)");
      Check.attribute(
          x.shape().length(3) % 2 == 0,
          name(),
          "a head needs an even length, for numbers turn in pairs",
          x.shape(),
          "change D");
      Check.attribute(
          rotated <= x.shape().length(2),
          name(),
          "more heads to rotate than there are",
          rotated + " of " + x.shape(),
          "give at most the length of axis 2");
      return List.of(x);
    }
  }

  private static void checkHeads(String op, int heads, int keyHeads) {
    Check.attribute(
        heads >= 1 && keyHeads >= 1 && heads % keyHeads == 0,
        op,
        "query heads must be a multiple of key heads",
        heads + " and " + keyHeads,
        "change either");
  }

  private static void checkHead(String op, TensorType type, int length) {
    Check.attribute(
        length >= 1 && length <= LONGEST_HEAD,
        op,
        "a head's length must lie from 1 to " + LONGEST_HEAD,
        length + " in " + type,
        "use more heads");
  }

  private static TensorType lse(String op, List<TensorType> qkv, boolean causal) {
    TensorType q = qkv.get(0);
    TensorType k = qkv.get(1);
    Check.floating(op, q);
    Check.rank(op, "q", q, 4, "(B, T, H, D)");
    Check.rank(op, "k", k, 4, "(B, S, G, D)");
    Check.sameDType(op, q, k);
    Check.sameType(op, "v", qkv.get(2), k);
    Shape s = q.shape();
    Check.attribute(
        k.shape().length(0) == s.length(0) && k.shape().length(3) == s.length(3),
        op,
        "q and k differ in batch or head length",
        q + " and " + k,
        "axes 0 and 3 must be equal");
    checkHeads(op, s.length(2), k.shape().length(2));
    checkHead(op, q, s.length(3));
    Check.attribute(
        k.shape().length(1) >= (causal ? Math.max(1, s.length(1)) : 1),
        op,
        causal ? "causal attention needs a key for each query" : "there are no keys",
        q + " and " + k,
        "give at least as many keys");
    return statistics(q, Shape.of(s.length(0), s.length(2), s.length(1)));
  }

  private static List<TensorType> packed(String op, TensorType qkv, int heads, int keyHeads) {
    Check.floating(op, qkv);
    Check.rank(op, "qkv", qkv, 3, "(B, T, (H + 2 G) D)");
    int parts = Math.addExact(heads, Math.multiplyExact(2, keyHeads));
    int width = qkv.shape().length(2);
    Check.attribute(
        width % parts == 0,
        op,
        "the row does not hold whole heads",
        qkv + " for " + heads + " query heads and twice " + keyHeads + " key heads",
        "its length must be a multiple of " + parts);
    int length = width / parts;
    checkHead(op, qkv, length);
    Check.attribute(
        qkv.shape().length(1) >= 1, op, "there are no positions", qkv, "give a longer sequence");
    int batch = qkv.shape().length(0);
    int positions = qkv.shape().length(1);
    return List.of(
        qkv.withShape(Shape.of(batch, positions, heads * length)),
        statistics(qkv, Shape.of(batch, heads, positions)));
  }

  private static TensorType statistics(TensorType x, Shape shape) {
    DType dtype = x.dtype().statistics();
    return new TensorType(dtype, shape);
  }
}
