package dev.tandem.nn;

import dev.tandem.tensor.Tensor;

/**
 * A learned row for each of a vocabulary's tokens. x: I32 (...), each in [0, vocabulary); weight:
 * (vocabulary, width); y: (..., width).
 */
public final class Embedding extends Module {
  private final int vocabulary;
  private final int width;
  private final Tensor weight;

  /** Rows of the standard normal distribution, PyTorch's default. */
  public Embedding(Init init, int vocabulary, int width) {
    this(init, vocabulary, width, new Initializer.Normal(0, 1));
  }

  public Embedding(Init init, int vocabulary, int width, Initializer initializer) {
    this.vocabulary = positive("Embedding", "the vocabulary", vocabulary);
    this.width = positive("Embedding", "the width", width);
    weight = parameter("weight", init.draw(initializer, vocabulary, width));
  }

  @Override
  public Tensor forward(Tensor x) {
    return weight.embedding(x);
  }

  @Override
  public String describe() {
    return "Embedding(" + vocabulary + " -> " + width + ")";
  }
}
