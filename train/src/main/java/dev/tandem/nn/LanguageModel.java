package dev.tandem.nn;

import dev.tandem.shape.Shape;
import dev.tandem.tensor.Tensor;

/**
 * A model of what comes next: from tokens I32 (B, T) to logits (B, T, padded vocabulary), each position's from the tokens up to it.
 * Logits beyond the vocabulary belong to no token; they are there because products of round sizes are faster.
 */
public abstract class LanguageModel extends Module {
  /** Tables are padded to a multiple of this, as tensor cores like it. */
  public static final int PADDING = 128;

  /** How many tokens there are. */
  public abstract int vocabulary();

  /** How many positions the model can look at. */
  public abstract int context();

  /** The logits a position has: {@link #vocabulary}, rounded up where tables are padded. */
  public int paddedVocabulary() {
    return padded(vocabulary());
  }

  /**
   * The logits (B, padded vocabulary) after the last of tokens I32 (B, T) that follow those of the cache, which takes them in. Not
   * recorded on tapes: for generating.
   *
   * @throws IllegalArgumentException when cache and tokens exceed the context
   */
  public abstract Tensor next(Tensor tokens, KeyValueCache cache);

  /** Rounded up to a multiple of {@link #PADDING}. */
  public static int padded(int vocabulary) {
    return Math.multiplyExact(Math.ceilDiv(vocabulary, PADDING), PADDING);
  }

  /** Refuses tokens that are not (B, T), or too many. @param read positions read before */
  final void requireFits(Tensor tokens, int read) {
    Shape shape = tokens.shape();
    if (shape.rank() != 2 || shape.length(1) < 1 || read + shape.length(1) > context()) {
      throw new IllegalArgumentException(
          describe()
              + ": tokens must be (B, T) with T from 1 to "
              + context()
              + ", got "
              + tokens.type()
              + (read == 0 ? "" : " after " + read)
              + "; cut the sequence");
    }
  }

  /** The last position of (B, T, C), as (B, 1, C). */
  static Tensor last(Tensor x) {
    int length = x.shape().length(1);
    return length == 1 ? x : x.slice(1, length - 1, 1);
  }
}
