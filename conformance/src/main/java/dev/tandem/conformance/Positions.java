package dev.tandem.conformance;

import dev.tandem.shape.Shape;

/** Where elements lie in row-major tensors, worked out the slow and obvious way. */
final class Positions {
  private Positions() {}

  /** The place on each axis of the element with this number. */
  static int[] place(Shape shape, int number) {
    int[] place = new int[shape.rank()];
    for (int axis = shape.rank() - 1; axis >= 0; axis--) {
      place[axis] = number % shape.length(axis);
      number /= shape.length(axis);
    }
    return place;
  }

  /** The number of the element at this place. */
  static int number(Shape shape, int... place) {
    int number = 0;
    for (int axis = 0; axis < shape.rank(); axis++) {
      number = number * shape.length(axis) + place[axis];
    }
    return number;
  }

  /** The number of the element of a narrow tensor that broadcasting puts at this place of a wider one. */
  static int stretched(Shape narrow, int[] place) {
    int number = 0;
    int missing = place.length - narrow.rank();
    for (int axis = 0; axis < narrow.rank(); axis++) {
      int length = narrow.length(axis);
      number = number * length + (length == 1 ? 0 : place[axis + missing]);
    }
    return number;
  }

  static int elements(Shape shape) {
    return Math.toIntExact(shape.elements());
  }
}
