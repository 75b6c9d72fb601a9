package dev.tandem.nn;

import dev.tandem.shape.Shape;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * GPT-2: a transformer that reads left to right, normalised before each part, with learned positions and a head that shares the
 * embedding's weights. Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.3. Parameters have the
 * names of the published weights (Hugging Face, gpt2), matrices being (out, in).
 *
 * <pre>
 *   x = wte[tokens] + wpe[0 .. T)
 *   for each block:  x = x + attn(ln_1(x));  x = x + mlp(ln_2(x))
 *   logits = ln_f(x) wte^T
 * </pre>
 *
 * <p>Each sum is made together with the norm that follows it.
 */
public final class Gpt extends LanguageModel {
  private final Config config;
  private final Embedding tokens;
  private final Embedding positions;
  private final Dropout dropout;
  private final List<Block> blocks = new ArrayList<>();
  private final LayerNorm norm;

  /**
   * @param vocabulary tokens
   * @param context positions at most
   * @param channels the width of the residual stream; heads must divide it
   * @param dropout of the embeddings and of what each part adds
   * @param recompute whether backward computes each block again instead of keeping its activations; see {@link Tape#recompute}
   * @param padded whether the table has rows up to a multiple of {@link #PADDING}. Logits of such rows count in the loss, so that
   *     training learns to make them small; published weights have none
   */
  public record Config(
      int vocabulary,
      int context,
      int layers,
      int heads,
      int channels,
      double dropout,
      boolean recompute,
      boolean padded) {
    private static final int GPT2_VOCABULARY = 50257;
    private static final int GPT2_CONTEXT = 1024;

    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public Config {
      positive("Gpt", "the number of layers", layers);
      positive("Gpt", "the context", context);
    }

    /** With a padded table. */
    public Config(
        int vocabulary,
        int context,
        int layers,
        int heads,
        int channels,
        double dropout,
        boolean recompute) {
      this(vocabulary, context, layers, heads, channels, dropout, recompute, true);
    }

    private static Config gpt2(int layers, int heads, int channels) {
      return new Config(GPT2_VOCABULARY, GPT2_CONTEXT, layers, heads, channels, 0, false);
    }

    /** GPT-2 small: 124 million parameters. */
    public static Config gpt2() {
      return gpt2(12, 12, 768);
    }

    /** GPT-2 medium: 355 million. */
    public static Config gpt2Medium() {
      return gpt2(24, 16, 1024);
    }

    /** GPT-2 large: 774 million. */
    public static Config gpt2Large() {
      return gpt2(36, 20, 1280);
    }

    /** GPT-2 XL: 1558 million. */
    public static Config gpt2Xl() {
      return gpt2(48, 25, 1600);
    }

    /** The same with blocks computed anew in backward, or not. */
    public Config recomputing(boolean on) {
      return new Config(vocabulary, context, layers, heads, channels, dropout, on, padded);
    }
  }

  /** With fresh weights, drawn as GPT-2's were. */
  public Gpt(Init init, Config config) {
    this.config = config;
    Initializer weights = new Initializer.Normal(0, 0.02);
    // Every block adds twice to the stream: with these its variance does not grow with depth.
    Initializer residual = new Initializer.Normal(0, 0.02 / Math.sqrt(2.0 * config.layers()));
    tokens = child("wte", new Embedding(init, paddedVocabulary(), config.channels(), weights));
    positions = child("wpe", new Embedding(init, config.context(), config.channels(), weights));
    dropout = child("drop", new Dropout(init, config.dropout()));
    for (int i = 0; i < config.layers(); i++) {
      blocks.add(new Block(init, config, weights, residual));
    }
    child("h", new Sequential(blocks));
    norm = child("ln_f", new LayerNorm(init, config.channels()));
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
    Tensor x = embed(ids, 0);
    List<Tensor> stream = List.of(blocks.getFirst().firstNorm.forward(x), x);
    for (int i = 0; i < blocks.size(); i++) {
      Block block = blocks.get(i);
      LayerNorm next = i + 1 < blocks.size() ? blocks.get(i + 1).firstNorm : norm;
      stream =
          config.recompute() || !Tape.recording()
              ? Tape.recompute(inputs -> block.forward(inputs, next), block.generators(), stream)
              : block.forward(stream, next);
    }
    return tokens.head(stream.getFirst());
  }

  @Override
  public Tensor next(Tensor ids, KeyValueCache cache) {
    requireFits(ids, cache.length());
    try (Tape.Pause _ = Tape.noGrad()) {
      Tensor x = embed(ids, cache.length());
      Tensor y = blocks.getFirst().firstNorm.forward(x);
      for (int i = 0; i < blocks.size(); i++) {
        Block block = blocks.get(i);
        LayerNorm next = i + 1 < blocks.size() ? blocks.get(i + 1).firstNorm : norm;
        List<Tensor> stream =
            block.mixed(List.of(y, x), block.attention.forward(y, cache, i), next);
        y = stream.get(0);
        x = stream.get(1);
      }
      cache.advance(ids.shape().length(1));
      Tensor logits = tokens.head(last(y));
      return logits.reshape(Shape.of(ids.shape().length(0), paddedVocabulary()));
    }
  }

  private Tensor embed(Tensor ids, int start) {
    int length = ids.shape().length(1);
    return dropout.forward(tokens.forward(ids).add(positions.rows(start, length)));
  }

  @Override
  public String describe() {
    return "Gpt(layers "
        + config.layers()
        + ", heads "
        + config.heads()
        + ", channels "
        + config.channels()
        + ", context "
        + config.context()
        + ", vocabulary "
        + config.vocabulary()
        + ")";
  }

  /** Attention, then a network for each position alone, each of the normalised stream and added to it. */
  private static final class Block extends Module {
    private final LayerNorm firstNorm;
    private final SelfAttention attention;
    private final LayerNorm secondNorm;
    private final GeluMlp mlp;
    private final Dropout dropout;

    Block(Init init, Config config, Initializer weights, Initializer residual) {
      int channels = config.channels();
      firstNorm = child("ln_1", new LayerNorm(init, channels));
      attention =
          child(
              "attn",
              new SelfAttention(
                  init,
                  channels,
                  new SelfAttention.Options(
                      config.heads(),
                      config.heads(),
                      true,
                      OptionalDouble.empty(),
                      weights,
                      residual,
                      new SelfAttention.Names("c_attn", "c_proj"))));
      secondNorm = child("ln_2", new LayerNorm(init, channels));
      mlp = child("mlp", new GeluMlp(init, channels, 4 * channels, weights, residual));
      dropout = child("drop", new Dropout(init, config.dropout()));
    }

    List<Tensor> generators() {
      return List.copyOf(randomStates().values());
    }

    /** From the stream and its norm to the stream after this block and its norm. @param stream the norm, then the stream */
    List<Tensor> forward(List<Tensor> stream, LayerNorm next) {
      return mixed(stream, attention.forward(stream.getFirst()), next);
    }

    private List<Tensor> mixed(List<Tensor> stream, Tensor attended, LayerNorm next) {
      List<Tensor> middle = secondNorm.ofSum(stream.getLast(), dropout.forward(attended));
      return next.ofSum(middle.getLast(), dropout.forward(mlp.forward(middle.getFirst())));
    }

    @Override
    public Tensor forward(Tensor x) {
      Tensor middle = x.add(dropout.forward(attention.forward(firstNorm.forward(x))));
      return middle.add(dropout.forward(mlp.forward(secondNorm.forward(middle))));
    }
  }
}
