package dev.tandem.data;

import dev.tandem.shape.TensorType;
import java.util.Arrays;

/**
 * Random-access samples, each an input and a target. Implementations do not change after construction,
 * so any number of threads may read at once.
 */
public interface Dataset {
  /** What messages and reports call it. */
  String name();

  /** How many samples there are; at least one. */
  int size();

  /** The type of one sample's input: F32 (C, H, W) or (features), or I32 (T). */
  TensorType input();

  /** What is to be predicted. */
  Target target();

  /**
   * Writes the inputs of the samples indices[from] to indices[from + count - 1] to the first count rows.
   *
   * @param rows (at least count, sample...), of the input's dtype
   */
  void readInputs(int[] indices, int from, int count, Values rows);

  /**
   * Writes the targets of the samples indices[from] to indices[from + count - 1] to the first count
   * rows.
   *
   * @param rows (at least count, target...), of the target's dtype
   */
  void readTargets(int[] indices, int from, int count, Values rows);

  /**
   * The samples of an epoch under a seed: the data set itself, unless its samples are drawn anew in every
   * epoch. Always as many, of the same types.
   */
  default Dataset drawn(long seed, int epoch) {
    return this;
  }

  /** What decides which samples these are, in words; a run goes on only where it is the same as before. */
  default String identity() {
    return size() + " samples";
  }

  /** The type of one sample's target. */
  default TensorType targetType() {
    return target().type(input());
  }

  /** The samples indices[from] to indices[from + count - 1] in fresh arrays. */
  default Batch read(int[] indices, int from, int count) {
    int[] which = Arrays.copyOfRange(indices, from, from + count);
    for (int index : which) {
      if (index < 0 || index >= size()) {
        throw new DataException(
            name() + ": no such sample, got " + index + "; samples run from 0 to " + (size() - 1));
      }
    }
    Values inputs = Values.zeros(input(), count);
    Values targets = Values.zeros(targetType(), count);
    readInputs(which, 0, count, inputs);
    readTargets(which, 0, count, targets);
    return new Batch(inputs, targets, count, which);
  }
}
