package dev.tandem.data;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;

/**
 * Samples held in memory as F32 arrays, with class numbers or numbers as targets.
 *
 * @param inputs (size, sample...)
 * @param targets I32 (size) for classes, F32 (size, k) for numbers
 */
record Samples(
    String name, int size, TensorType input, Target target, float[] inputs, Values targets)
    implements Dataset {

  static Samples classes(
      String name, Shape sample, float[] inputs, int[] labels, Target.Classes classes) {
    TensorType input = new TensorType(DType.F32, sample);
    Values targets = new Values.Ints(Shape.of(labels.length), labels);
    return new Samples(name, labels.length, input, classes, inputs, targets);
  }

  static Samples numbers(
      String name, Shape sample, float[] inputs, float[] values, Target.Numbers numbers) {
    int columns = numbers.names().size();
    int size = values.length / columns;
    TensorType input = new TensorType(DType.F32, sample);
    Values targets = new Values.Floats(Shape.of(size, columns), values);
    return new Samples(name, size, input, numbers, inputs, targets);
  }

  @Override
  public void readInputs(int[] indices, int from, int count, Values rows) {
    copyRows(inputs, (int) input.elements(), indices, from, count, ((Values.Floats) rows).data());
  }

  @Override
  public void readTargets(int[] indices, int from, int count, Values rows) {
    switch (targets) {
      case Values.Ints(_, int[] labels) -> {
        int[] into = ((Values.Ints) rows).data();
        for (int i = 0; i < count; i++) {
          into[i] = labels[indices[from + i]];
        }
      }
      case Values.Floats(Shape shape, float[] numbers) ->
          copyRows(numbers, shape.length(1), indices, from, count, ((Values.Floats) rows).data());
    }
  }

  private static void copyRows(
      float[] source, int width, int[] indices, int from, int count, float[] into) {
    for (int i = 0; i < count; i++) {
      System.arraycopy(source, indices[from + i] * width, into, i * width, width);
    }
  }
}
