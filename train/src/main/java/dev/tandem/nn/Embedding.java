package dev.tandem.nn;

import dev.tandem.shape.Shape;
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

  /** A table of so many rows, each of this width. */
  public Embedding(Init init, int vocabulary, int width, Initializer initializer) {
    this.vocabulary = positive("Embedding", "the vocabulary", vocabulary);
    this.width = positive("Embedding", "the width", width);
    weight = parameter("weight", init.draw(initializer, vocabulary, width));
  }

  @Override
  public Tensor forward(Tensor x) {
    return weight.embedding(x);
  }

  /** The rows of tokens start to start + count, (count, width): learned positions are read so. */
  public Tensor rows(int start, int count) {
    return start == 0 && count == vocabulary ? weight : weight.slice(0, start, count);
  }

  /** Logits of the tokens: x W^T with the rows as they embed, as in Press and Wolf 2017, arXiv:1608.05859. x: (..., width). */
  public Tensor head(Tensor x) {
    requireLength(x, -1, width, "(..., " + width + ")");
    Shape leading = x.shape().without(-1);
    Tensor rows = x.reshape(Math.toIntExact(leading.elements()), width);
    return rows.matmul(weight, false, true).reshape(leading.then(Shape.of(vocabulary)));
  }

  @Override
  public String describe() {
    return "Embedding(" + vocabulary + " -> " + width + ")";
  }
}
