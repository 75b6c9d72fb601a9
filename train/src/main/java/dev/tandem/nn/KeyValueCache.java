package dev.tandem.nn;

import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The keys and values of the positions that a language model has read, so that the next is computed from itself alone: generating T
 * tokens costs T passes over one position instead of T passes over all. Belongs to one model and one batch of sequences.
 */
public final class KeyValueCache implements AutoCloseable {
  private final List<Entry> layers = new ArrayList<>();
  private int length;

  /** Of one layer: keys and values (B, S, G, D). */
  record Entry(Tensor keys, Tensor values) {
    Entry released() {
      keys.release();
      values.release();
      return this;
    }

    void close() {
      keys.close();
      values.close();
    }
  }

  /** How many positions have been read. */
  public int length() {
    return length;
  }

  /** Adds keys and values (B, T, G, D) of a layer; layers come in order. Returns those of all positions. */
  Entry append(int layer, Tensor keys, Tensor values) {
    try (Scope _ = Scope.open()) { // frees the first where there is no room for the second
      if (layer == layers.size()) {
        Entry first = new Entry(keys.copy(), values.copy());
        layers.add(first.released());
      } else {
        Entry old = layers.get(layer);
        Entry grown =
            new Entry(Tensor.concat(1, old.keys, keys), Tensor.concat(1, old.values, values));
        layers.set(layer, grown.released());
        old.close();
      }
    }
    return layers.get(layer);
  }

  /** Counts positions whose keys and values all layers have taken in. */
  void advance(int positions) {
    length += positions;
  }

  /** Forgets everything: the next position is the first. */
  public void clear() {
    layers.forEach(Entry::close);
    layers.clear();
    length = 0;
  }

  @Override
  public void close() {
    clear();
  }
}
