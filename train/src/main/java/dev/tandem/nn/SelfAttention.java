package dev.tandem.nn;

import dev.tandem.shape.Shape;
import dev.tandem.tensor.Tensor;
import java.util.OptionalDouble;

/**
 * Each position gathers from those up to it what resembles its query: multi-head causal self-attention. One product makes queries,
 * keys and values, {@link dev.tandem.op.Sequence.PackedAttention} gathers, a second product mixes the heads. x, y: (B, T, channels).
 * Vaswani et al. 2017, arXiv:1706.03762, section 3.2; grouped keys: Ainslie et al. 2023, arXiv:2305.13245.
 *
 * <p>Attention weights are not dropped out: they are never stored.
 */
public final class SelfAttention extends Module {
  private final Options options;
  private final int channels;
  private final int headLength;
  private final Linear qkv;
  private final Linear out;

  /**
   * @param heads query heads, of channels / heads numbers each
   * @param keyHeads heads of keys and values, which queries share evenly; equal to heads for the plain form
   * @param rotary the base of rotary positions ({@link dev.tandem.op.Sequence.Rotary}); empty for none
   * @param names of the two products, as weights are published
   */
  public record Options(
      int heads,
      int keyHeads,
      boolean bias,
      OptionalDouble rotary,
      Initializer in,
      Initializer out,
      Names names) {}

  /** @param qkv of the first product, whose rows are all heads' queries, then keys, then values; out: of the second */
  public record Names(String qkv, String out) {}

  /** Over so many channels, which the heads share. */
  public SelfAttention(Init init, int channels, Options options) {
    this.channels = positive("SelfAttention", "the number of channels", channels);
    this.options = options;
    int heads = positive("SelfAttention", "the number of heads", options.heads());
    int keyHeads = positive("SelfAttention", "the number of key heads", options.keyHeads());
    if (channels % heads != 0 || heads % keyHeads != 0) {
      throw new IllegalArgumentException(
          "SelfAttention: heads must divide the channels, and key heads the heads, got "
              + channels
              + " channels, "
              + heads
              + " heads, "
              + keyHeads
              + " key heads; change one");
    }
    headLength = channels / heads;
    qkv =
        child(
            options.names().qkv(),
            new Linear(
                init,
                channels,
                (heads + 2 * keyHeads) * headLength,
                new Linear.Options(options.in(), options.bias())));
    out =
        child(
            options.names().out(),
            new Linear(
                init, channels, channels, new Linear.Options(options.out(), options.bias())));
  }

  @Override
  public Tensor forward(Tensor x) {
    requireLength(x, -1, channels, "(B, T, " + channels + ")");
    Tensor packed = turned(qkv.forward(x), 0);
    Tensor y = packed.packedAttention(options.heads(), options.keyHeads(), true, scale());
    return out.forward(y);
  }

  /** The same for positions that follow those of the cache, which takes their keys and values in. */
  Tensor forward(Tensor x, KeyValueCache cache, int layer) {
    requireLength(x, -1, channels, "(B, T, " + channels + ")");
    int heads = options.heads();
    int keyHeads = options.keyHeads();
    Tensor packed = byHead(turned(qkv.forward(x), cache.length()));
    Tensor q = packed.slice(2, 0, heads);
    KeyValueCache.Entry entry =
        cache.append(
            layer, packed.slice(2, heads, keyHeads), packed.slice(2, heads + keyHeads, keyHeads));
    Tensor y = q.attention(entry.keys(), entry.values(), true, scale());
    return out.forward(y.reshape(x.shape()));
  }

  private double scale() {
    return 1 / Math.sqrt(headLength);
  }

  private Tensor turned(Tensor packed, int start) {
    return options.rotary().isEmpty()
        ? packed
        : byHead(packed)
            .rotary(options.heads() + options.keyHeads(), options.rotary().getAsDouble(), start)
            .reshape(packed.shape());
  }

  /** (B, T, (H + 2 G) D) as (B, T, H + 2 G, D). */
  private Tensor byHead(Tensor packed) {
    Shape shape = packed.shape();
    return packed.reshape(
        shape.length(0), shape.length(1), options.heads() + 2 * options.keyHeads(), headLength);
  }

  @Override
  public String describe() {
    return "SelfAttention("
        + channels
        + ", heads "
        + options.heads()
        + (options.keyHeads() == options.heads() ? "" : ", key heads " + options.keyHeads())
        + (options.rotary().isEmpty() ? "" : ", rotary")
        + ")";
  }
}
