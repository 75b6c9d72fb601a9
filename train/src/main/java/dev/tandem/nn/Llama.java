package dev.tandem.nn;

import dev.tandem.shape.Shape;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * A transformer of Llama's kind: RMS norms before each part, rotary positions, grouped keys, gated networks, no biases, a head of its
 * own. Touvron et al. 2023, arXiv:2302.13971, section 2.2, and arXiv:2307.09288. Parameters have the names of the published weights
 * (Hugging Face, LlamaForCausalLM), but that q_proj, k_proj and v_proj are the rows of one matrix, qkv_proj.
 *
 * <pre>
 *   x = embed_tokens[tokens]
 *   for each layer:  x = x + self_attn(input_layernorm(x));  x = x + mlp(post_attention_layernorm(x))
 *   logits = lm_head(norm(x))
 * </pre>
 */
public final class Llama extends LanguageModel {
  private final Config config;
  private final Body model;
  private final Linear head;

  /**
   * @param vocabulary tokens
   * @param context positions at most
   * @param keyHeads heads of keys and values; must divide heads
   * @param hidden numbers inside a layer's gated network
   * @param base of the rotary positions; 10,000 in Llama 2, 500,000 in Llama 3
   * @param epsilon of the norms
   * @param tied whether the head shares the embedding's weights
   * @param recompute whether backward computes each layer again instead of keeping its activations; see {@link Tape#recompute}
   * @param padded whether tables have rows up to a multiple of {@link #PADDING}. Logits of such rows count in the loss, so that
   *     training learns to make them small; published weights have none
   */
  public record Config(
      int vocabulary,
      int context,
      int layers,
      int heads,
      int keyHeads,
      int channels,
      int hidden,
      double base,
      double epsilon,
      boolean tied,
      boolean recompute,
      boolean padded) {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public Config {
      positive("Llama", "the number of layers", layers);
      positive("Llama", "the context", context);
    }

    /** With padded tables. */
    public Config(
        int vocabulary,
        int context,
        int layers,
        int heads,
        int keyHeads,
        int channels,
        int hidden,
        double base,
        double epsilon,
        boolean tied,
        boolean recompute) {
      this(
          vocabulary,
          context,
          layers,
          heads,
          keyHeads,
          channels,
          hidden,
          base,
          epsilon,
          tied,
          recompute,
          true);
    }

    /** The same with blocks computed anew in backward, or not. */
    public Config recomputing(boolean on) {
      return new Config(
          vocabulary,
          context,
          layers,
          heads,
          keyHeads,
          channels,
          hidden,
          base,
          epsilon,
          tied,
          on,
          padded);
    }
  }

  /** With fresh weights. */
  public Llama(Init init, Config config) {
    this.config = config;
    Initializer weights = new Initializer.Normal(0, 0.02);
    model = child("model", new Body(init, config, paddedVocabulary(), weights));
    head =
        config.tied()
            ? null
            : child(
                "lm_head",
                new Linear(
                    init,
                    config.channels(),
                    paddedVocabulary(),
                    new Linear.Options(weights, false)));
  }

  /** What it was made with. */
  public Config config() {
    return config;
  }

  @Override
  public int vocabulary() {
    return config.vocabulary();
  }

  @Override
  public int paddedVocabulary() {
    return config.padded() ? super.paddedVocabulary() : vocabulary();
  }

  @Override
  public int context() {
    return config.context();
  }

  @Override
  public Tensor forward(Tensor ids) {
    requireFits(ids, 0);
    Tensor x = model.tokens.forward(ids);
    for (Layer layer : model.layers) {
      x =
          config.recompute() || !Tape.recording()
              ? Tape.recompute(
                      inputs -> List.of(layer.forward(inputs.getFirst())), List.of(), List.of(x))
                  .getFirst()
              : layer.forward(x);
    }
    return logits(model.norm.forward(x));
  }

  @Override
  public Tensor next(Tensor ids, KeyValueCache cache) {
    requireFits(ids, cache.length());
    try (Tape.Pause _ = Tape.noGrad()) {
      Tensor x = model.tokens.forward(ids);
      for (int i = 0; i < model.layers.size(); i++) {
        Layer layer = model.layers.get(i);
        Tensor attended = layer.attention.forward(layer.firstNorm.forward(x), cache, i);
        x = layer.mixed(x, attended);
      }
      cache.advance(ids.shape().length(1));
      Tensor logits = logits(model.norm.forward(last(x)));
      return logits.reshape(Shape.of(ids.shape().length(0), paddedVocabulary()));
    }
  }

  private Tensor logits(Tensor y) {
    return head == null ? model.tokens.head(y) : head.forward(y);
  }

  @Override
  public String describe() {
    return "Llama(layers "
        + config.layers()
        + ", heads "
        + config.heads()
        + ", key heads "
        + config.keyHeads()
        + ", channels "
        + config.channels()
        + ", hidden "
        + config.hidden()
        + ", context "
        + config.context()
        + ", vocabulary "
        + config.vocabulary()
        + ")";
  }

  /** All but the head, which the published weights name apart. */
  private static final class Body extends Module {
    private final Embedding tokens;
    private final List<Layer> layers = new ArrayList<>();
    private final RmsNorm norm;

    Body(Init init, Config config, int vocabulary, Initializer weights) {
      tokens = child("embed_tokens", new Embedding(init, vocabulary, config.channels(), weights));
      Initializer residual = new Initializer.Normal(0, 0.02 / Math.sqrt(2.0 * config.layers()));
      for (int i = 0; i < config.layers(); i++) {
        layers.add(new Layer(init, config, weights, residual));
      }
      child("layers", new Sequential(layers));
      norm = child("norm", new RmsNorm(init, config.channels(), config.epsilon()));
    }

    @Override
    public Tensor forward(Tensor ids) {
      Tensor x = tokens.forward(ids);
      for (Layer layer : layers) {
        x = layer.forward(x);
      }
      return norm.forward(x);
    }
  }

  private static final class Layer extends Module {
    private final RmsNorm firstNorm;
    private final SelfAttention attention;
    private final RmsNorm secondNorm;
    private final SwiGlu mlp;

    Layer(Init init, Config config, Initializer weights, Initializer residual) {
      int channels = config.channels();
      attention =
          child(
              "self_attn",
              new SelfAttention(
                  init,
                  channels,
                  new SelfAttention.Options(
                      config.heads(),
                      config.keyHeads(),
                      false,
                      OptionalDouble.of(config.base()),
                      weights,
                      residual,
                      new SelfAttention.Names("qkv_proj", "o_proj"))));
      mlp = child("mlp", new SwiGlu(init, channels, config.hidden(), weights, residual));
      firstNorm = child("input_layernorm", new RmsNorm(init, channels, config.epsilon()));
      secondNorm = child("post_attention_layernorm", new RmsNorm(init, channels, config.epsilon()));
    }

    @Override
    public Tensor forward(Tensor x) {
      return mixed(x, attention.forward(firstNorm.forward(x)));
    }

    private Tensor mixed(Tensor x, Tensor attended) {
      Tensor middle = x.add(attended);
      return middle.add(mlp.forward(secondNorm.forward(middle)));
    }
  }
}
