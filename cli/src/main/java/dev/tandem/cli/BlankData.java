package dev.tandem.cli;

import dev.tandem.data.Dataset;
import dev.tandem.data.Target;
import dev.tandem.data.Values;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;

/** Samples of which only the types are known, to plan a run by: all numbers are 0. */
record BlankData(String name, int size, TensorType input, Target target) implements Dataset {
  /** As many windows as an epoch may well have: nobody counts them where there are none. */
  private static final int MANY = 1 << 20;

  static BlankData like(Dataset dataset) {
    return new BlankData(dataset.name(), dataset.size(), dataset.input(), dataset.target());
  }

  static BlankData windows(int length, int vocabulary) {
    TensorType input = new TensorType(DType.I32, Shape.of(length));
    return new BlankData("tokens that are not there", MANY, input, new Target.Tokens(vocabulary));
  }

  BlankData withSize(int other) {
    return new BlankData(name, other, input, target);
  }

  @Override
  public void readInputs(int[] indices, int from, int count, Values rows) {
    // Rows are zeros when they are made.
  }

  @Override
  public void readTargets(int[] indices, int from, int count, Values rows) {
    // Likewise.
  }
}
