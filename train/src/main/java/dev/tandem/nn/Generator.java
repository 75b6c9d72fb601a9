package dev.tandem.nn;

import dev.tandem.shape.DType;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tensor;
import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * Continues sequences by a language model, one token at a time, from keys and values kept of the tokens before. Where the model's
 * context is full, it goes on from the last half of it.
 */
public final class Generator {
  private final LanguageModel model;
  private final Sampler sampler;
  private final Random random;

  /** @param random what is drawn from; one seed gives one text */
  public Generator(LanguageModel model, Sampler sampler, Random random) {
    this.model = model;
    this.sampler = sampler;
    this.random = random;
  }

  /**
   * Generates until enough, or until the taker says so. The model is switched to evaluation.
   *
   * @param prompt at least one token; of more than the context holds the last are read
   * @param most tokens at most
   * @param taker is given each token as it comes; false ends it
   */
  public void generate(int[] prompt, int most, IntPredicate taker) {
    if (prompt.length == 0) {
      throw new IllegalArgumentException(
          "generate: there is nothing to continue, got an empty prompt; give one token at least");
    }
    for (int token : prompt) {
      if (token < 0 || token >= model.vocabulary()) {
        throw new IllegalArgumentException(
            "generate: no such token, got "
                + token
                + " in the prompt; tokens run from 0 to "
                + (model.vocabulary() - 1));
      }
    }
    model.training(false);
    History history = new History(prompt, model.context());
    try (KeyValueCache cache = new KeyValueCache()) {
      int[] unread = history.last(model.context());
      for (int i = 0; i < most; i++) {
        if (cache.length() + unread.length > model.context()) {
          cache.clear();
          unread = history.last(Math.max(1, model.context() / 2));
        }
        int token = sampler.draw(logits(unread, cache), model.vocabulary(), draw());
        history.add(token);
        unread = new int[] {token};
        if (!taker.test(token)) {
          return;
        }
      }
    }
  }

  private float[] logits(int[] tokens, KeyValueCache cache) {
    try (Scope _ = Scope.open()) {
      Tensor input =
          Tensor.of(
              model.parameters().values().iterator().next().backend(), tokens, 1, tokens.length);
      return model.next(input, cache).cast(DType.F32).toFloats();
    }
  }

  private double draw() {
    // From 32 bits; the float that Random gives may round up to 1 itself.
    return Math.min(random.uniform(1, 0, 1)[0], Math.nextDown(1f));
  }

  /** The last tokens, as many as a context holds. */
  private static final class History {
    private final int[] tokens;
    private int count;

    History(int[] prompt, int context) {
      int kept = Math.min(prompt.length, context);
      tokens =
          Arrays.copyOf(
              Arrays.copyOfRange(prompt, prompt.length - kept, prompt.length), 2 * context);
      count = kept;
    }

    void add(int token) {
      if (count == tokens.length) {
        count = tokens.length / 2;
        System.arraycopy(tokens, tokens.length - count, tokens, 0, count);
      }
      tokens[count++] = token;
    }

    int[] last(int most) {
      return Arrays.copyOfRange(tokens, Math.max(0, count - most), count);
    }
  }
}
