package dev.tandem.data;

import dev.tandem.shape.Shape;
import java.util.List;
import java.util.stream.IntStream;

/** Data sets from arrays. The arrays are copied. */
public final class InMemory {
  private InMemory() {}

  /** Rows of features, each with a class number; input type F32 (features). */
  public static Dataset classes(
      String name, float[][] inputs, int[] labels, List<String> classNames) {
    return classes(name, inputs, Shape.of(width(name, inputs)), labels, classNames);
  }

  /**
   * Rows that are samples of the given shape, row-major, each with a class number; input type F32
   * sample.
   */
  public static Dataset classes(
      String name, float[][] inputs, Shape sample, int[] labels, List<String> classNames) {
    float[] flat = flat(name, "input", inputs);
    checkShape(name, inputs, sample);
    checkLengths(name, inputs.length, "labels", labels.length);
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] >= classNames.size()) {
        throw new DataException(
            name
                + ": label outside the classes, got "
                + labels[i]
                + " for sample "
                + i
                + "; labels run from 0 to "
                + (classNames.size() - 1));
      }
    }
    return Samples.classes(name, sample, flat, labels.clone(), new Target.Classes(classNames));
  }

  /**
   * Rows of features, each with a row of numbers to predict; input type F32 (features), target F32 (k).
   */
  public static Dataset numbers(String name, float[][] inputs, float[][] targets) {
    return numbers(name, inputs, Shape.of(width(name, inputs)), targets);
  }

  /**
   * Rows that are samples of the given shape, each with a row of numbers; input type F32 sample, target
   * F32 (k).
   */
  public static Dataset numbers(String name, float[][] inputs, Shape sample, float[][] targets) {
    float[] flat = flat(name, "input", inputs);
    checkShape(name, inputs, sample);
    checkLengths(name, inputs.length, "targets", targets.length);
    float[] values = flat(name, "target", targets);
    List<String> names =
        IntStream.range(0, targets[0].length).mapToObj(i -> "target " + i).toList();
    return Samples.numbers(name, sample, flat, values, new Target.Numbers(names));
  }

  private static int width(String name, float[][] rows) {
    if (rows.length == 0) {
      throw new DataException(name + ": no samples, got an empty array; give at least one");
    }
    return rows[0].length;
  }

  private static float[] flat(String name, String field, float[][] rows) {
    int width = width(name, rows);
    if (width == 0) {
      throw new DataException(
          name + ": " + field + " rows are empty, got width 0; give at least one value a row");
    }
    float[] flat = new float[Math.toIntExact(checkTotal(name, (long) rows.length * width))];
    for (int i = 0; i < rows.length; i++) {
      if (rows[i].length != width) {
        throw new DataException(
            name
                + ": "
                + field
                + " rows differ in length, got "
                + rows[i].length
                + " values in row "
                + i
                + " and "
                + width
                + " in row 0; give every row the same");
      }
      for (int j = 0; j < width; j++) {
        if (!Float.isFinite(rows[i][j])) {
          throw new DataException(
              name
                  + ": "
                  + field
                  + " is not a finite number, got "
                  + rows[i][j]
                  + " in row "
                  + i
                  + ", position "
                  + j
                  + "; remove the row or fill the value in");
        }
        flat[i * width + j] = rows[i][j];
      }
    }
    return flat;
  }

  /** Refuses more values than one array holds. */
  static long checkTotal(String name, long values) {
    if (values > Integer.MAX_VALUE - 8) {
      throw new DataException(
          name
              + ": too many values for one array, got "
              + values
              + "; split the data, "
              + (Integer.MAX_VALUE - 8)
              + " is the most");
    }
    return values;
  }

  private static void checkShape(String name, float[][] inputs, Shape sample) {
    if (sample.elements() != inputs[0].length) {
      throw new DataException(
          name
              + ": rows do not fit the sample's shape, got "
              + inputs[0].length
              + " values for "
              + sample
              + "; give rows of "
              + sample.elements());
    }
  }

  private static void checkLengths(String name, int inputs, String field, int targets) {
    if (inputs != targets) {
      throw new DataException(
          name
              + ": counts of inputs and "
              + field
              + " differ, got "
              + inputs
              + " and "
              + targets
              + "; give one a sample");
    }
  }
}
