package dev.tandem.data;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;

/**
 * Windows of a sequence of tokens. A sample's input is I32 (T), its target the token after each, I32 (T):
 * the same window one place later.
 *
 * @param length T, tokens a window
 * @param starts where windows begin
 */
public record TokenWindows(String name, TokenSequence tokens, int length, Starts starts)
    implements Dataset {

  /** Where windows begin. */
  public sealed interface Starts {
    /**
     * Every so many tokens, as often as a window fits; with the length for stride, windows adjoin and no
     * token is an input twice.
     */
    record Every(int stride) implements Starts {}

    /** So many, as evenly spread as whole tokens allow; they overlap where there are too few tokens. */
    record Spread(int count) implements Starts {}

    /** So many anywhere, drawn anew in each epoch; until then spread evenly. */
    record Anew(int count) implements Starts {}

    /** So many anywhere, each as likely as any other, drawn from seed, epoch and number alone. */
    record Drawn(int count, long seed, int epoch) implements Starts {}
  }

  /** Throws {@link DataException} when the sequence is too short for one window, or has too many. */
  public TokenWindows {
    long windows =
        switch (starts) {
          case Starts.Every(int stride) ->
              stride < 1 || length < 1 ? 0 : (tokens.size() - 1 - length) / stride + 1;
          case Starts.Spread(int count) -> count;
          case Starts.Anew(int count) -> count;
          case Starts.Drawn(int count, _, _) -> count;
        };
    if (length < 1 || tokens.size() > length && windows < 1) {
      throw new DataException(
          "windows: length, stride and number must be at least 1, got length "
              + length
              + " and "
              + starts
              + "; lengths of 64 to 1024 tokens are usual");
    }
    if (tokens.size() <= length) {
      throw new DataException(
          "windows: shorter than one window and the token after it, got "
              + tokens.size()
              + " tokens in "
              + name
              + " for windows of "
              + length
              + "; use shorter windows or a longer text");
    }
    if (windows > Integer.MAX_VALUE) {
      throw new DataException(
          "windows: too many for one data set, got "
              + windows
              + " in "
              + name
              + "; use longer windows, or draw a number of them at random");
    }
  }

  /** Windows that adjoin. */
  public static TokenWindows adjoining(String name, TokenSequence tokens, int length) {
    return new TokenWindows(name, tokens, length, new Starts.Every(length));
  }

  /** The same tokens with a window every so many. */
  public TokenWindows every(int stride) {
    return new TokenWindows(name, tokens, length, new Starts.Every(stride));
  }

  /** So many windows, evenly spread. */
  public TokenWindows spread(int count) {
    return new TokenWindows(name, tokens, length, new Starts.Spread(count));
  }

  /** So many windows an epoch, anywhere. */
  public TokenWindows random(int count) {
    return new TokenWindows(name, tokens, length, new Starts.Anew(count));
  }

  /** As many random windows an epoch as would adjoin: an epoch then reads each token once on average. */
  public TokenWindows random() {
    return random(adjoining(name, tokens, length).size());
  }

  @Override
  public int size() {
    return switch (starts) {
      case Starts.Every(int stride) -> (int) ((tokens.size() - 1 - length) / stride + 1);
      case Starts.Spread(int count) -> count;
      case Starts.Anew(int count) -> count;
      case Starts.Drawn(int count, _, _) -> count;
    };
  }

  @Override
  public TensorType input() {
    return new TensorType(DType.I32, Shape.of(length));
  }

  @Override
  public Target.Tokens target() {
    return new Target.Tokens(tokens.vocabulary());
  }

  @Override
  public Dataset drawn(long seed, int epoch) {
    return starts instanceof Starts.Anew(int count)
        ? new TokenWindows(name, tokens, length, new Starts.Drawn(count, seed, epoch))
        : this;
  }

  /** {@code 1742 windows of 64 in 111540 tokens, Anew[count=1742]}. */
  @Override
  public String identity() {
    return size() + " windows of " + length + " in " + tokens.size() + " tokens, " + starts;
  }

  @Override
  public void readInputs(int[] indices, int from, int count, Values rows) {
    copyWindows(0, indices, from, count, rows);
  }

  @Override
  public void readTargets(int[] indices, int from, int count, Values rows) {
    copyWindows(1, indices, from, count, rows);
  }

  private void copyWindows(int offset, int[] indices, int from, int count, Values rows) {
    int[] into = ((Values.Ints) rows).data();
    for (int i = 0; i < count; i++) {
      tokens.copy(start(indices[from + i]) + offset, into, i * length, length);
    }
  }

  private long start(int window) {
    return switch (starts) {
      case Starts.Every(int stride) -> (long) window * stride;
      case Starts.Spread(int count) -> spread(window, count);
      case Starts.Anew(int count) -> spread(window, count);
      case Starts.Drawn(_, long seed, int epoch) ->
          Draws.ofWindow(seed, epoch, window).below(places());
    };
  }

  /** How many places there are for a window with the token after it. */
  private long places() {
    return tokens.size() - length;
  }

  /** The first at the beginning, the last at the end, in whole numbers so that no machine rounds otherwise. */
  private long spread(int window, int count) {
    if (count == 1) {
      return 0;
    }
    long steps = count - 1L;
    long last = places() - 1;
    return last / steps * window + last % steps * window / steps;
  }
}
