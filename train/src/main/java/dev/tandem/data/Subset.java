package dev.tandem.data;

import dev.tandem.shape.TensorType;
import java.util.Arrays;

/** Some samples of another data set, renumbered from 0; a view, no copy. */
record Subset(String name, Dataset whole, int[] members) implements Dataset {

  @Override
  public int size() {
    return members.length;
  }

  @Override
  public Dataset drawn(long seed, int epoch) {
    return new Subset(name, whole.drawn(seed, epoch), members);
  }

  @Override
  public String identity() {
    return members.length + " of " + whole.identity();
  }

  @Override
  public TensorType input() {
    return whole.input();
  }

  @Override
  public Target target() {
    return whole.target();
  }

  @Override
  public void readInputs(int[] indices, int from, int count, Values rows) {
    whole.readInputs(inWhole(indices, from, count), 0, count, rows);
  }

  @Override
  public void readTargets(int[] indices, int from, int count, Values rows) {
    whole.readTargets(inWhole(indices, from, count), 0, count, rows);
  }

  private int[] inWhole(int[] indices, int from, int count) {
    return Arrays.stream(indices, from, from + count).map(index -> members[index]).toArray();
  }
}
