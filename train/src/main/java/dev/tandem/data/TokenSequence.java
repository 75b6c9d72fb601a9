package dev.tandem.data;

import java.util.Objects;

/**
 * A long row of tokens, wherever it lies, read in parts. Does not change, so any number of threads may
 * read.
 */
public sealed interface TokenSequence
    permits TokenSequence.InMemory, TokenSequence.Part, TokenShards {
  /** How many tokens there are. */
  long size();

  /** How many different tokens there may be: each is from 0 to vocabulary - 1. */
  int vocabulary();

  /**
   * Copies the count tokens from a place on into an array at an index. Throws {@link DataException} at a
   * token outside the vocabulary.
   */
  void copy(long from, int[] into, int at, int count);

  /** The tokens from one place, inclusive, to another, exclusive; a view. */
  default TokenSequence part(long from, long to) {
    return new Part(this, from, to);
  }

  /** Tokens in an array. */
  record InMemory(int vocabulary, int[] tokens) implements TokenSequence {
    /** Throws {@link DataException} at a token outside the vocabulary. */
    public InMemory {
      for (int i = 0; i < tokens.length; i++) {
        if (tokens[i] < 0 || tokens[i] >= vocabulary) {
          throw new DataException(
              "tokens: a token outside the vocabulary, got "
                  + tokens[i]
                  + " at position "
                  + i
                  + "; tokens run from 0 to "
                  + (vocabulary - 1));
        }
      }
    }

    @Override
    public long size() {
      return tokens.length;
    }

    @Override
    public void copy(long from, int[] into, int at, int count) {
      System.arraycopy(tokens, Math.toIntExact(from), into, at, count);
    }
  }

  /** Some tokens of another sequence. */
  record Part(TokenSequence whole, long from, long to) implements TokenSequence {
    /** Throws IndexOutOfBoundsException where the places are not within the whole. */
    public Part {
      Objects.checkFromToIndex(from, to, whole.size());
    }

    @Override
    public long size() {
      return to - from;
    }

    @Override
    public int vocabulary() {
      return whole.vocabulary();
    }

    @Override
    public void copy(long first, int[] into, int at, int count) {
      Objects.checkFromIndexSize(first, count, size());
      whole.copy(from + first, into, at, count);
    }
  }
}
