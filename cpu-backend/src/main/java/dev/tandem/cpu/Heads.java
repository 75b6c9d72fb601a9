package dev.tandem.cpu;

/**
 * Where the heads of a sequence lie in an array: position t of head h of sequence b starts at {@code first + (b * positions + t)
 * * row + h * length}. So q, k and v are found where one product put them side by side, as well as each in an array of its own.
 *
 * @param row elements from a position to the next one
 * @param length of a head
 */
record Heads(int first, int positions, int row, int count, int length) {
  /** Alone in an array. */
  static Heads alone(int positions, int count, int length) {
    return new Heads(0, positions, count * length, count, length);
  }

  int at(int sequence, int position, int head) {
    return first + (sequence * positions + position) * row + head * length;
  }

  /** The positions of a head, from one of them on. */
  Matrix matrix(float[] data, int sequence, int position, int head) {
    return new Matrix(data, at(sequence, position, head), row, 1);
  }
}
