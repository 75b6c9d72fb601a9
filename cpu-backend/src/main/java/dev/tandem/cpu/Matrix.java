package dev.tandem.cpu;

import dev.tandem.shape.DType;

/**
 * A matrix that lies in an array: element (i, j) at {@code offset + i * rowStep + j * columnStep}.
 *
 * @param array floats, or the bits of BF16 or F16 numbers
 * @param dtype which of them
 */
record Matrix(Object array, DType dtype, int offset, int rowStep, int columnStep) {
  Matrix(float[] data, int offset, int rowStep, int columnStep) {
    this(data, DType.F32, offset, rowStep, columnStep);
  }

  /** A row-major matrix with so many columns. */
  static Matrix rows(float[] data, int offset, int columns) {
    return new Matrix(data, offset, columns, 1);
  }

  /** A row-major matrix with so many columns. */
  static Matrix rows(DType dtype, Object array, int offset, int columns) {
    return new Matrix(array, dtype, offset, columns, 1);
  }

  /** The numbers, of F32. */
  float[] data() {
    return (float[]) array;
  }

  /** The bits, of BF16 or F16. */
  short[] bits() {
    return (short[]) array;
  }

  Matrix transposed() {
    return new Matrix(array, dtype, offset, columnStep, rowStep);
  }

  /** The part that begins there. */
  Matrix from(int row, int column) {
    return new Matrix(array, dtype, at(row, column), rowStep, columnStep);
  }

  int at(int row, int column) {
    return offset + row * rowStep + column * columnStep;
  }

  /** The upper left part of a BF16 or F16 matrix as F32, copied there, its contiguous axis still so. */
  Matrix widened(int rows, int columns, float[] to) {
    boolean byRows = columnStep == 1;
    int lines = byRows ? rows : columns;
    int length = byRows ? columns : rows;
    for (int line = 0; line < lines; line++) {
      int start = byRows ? at(line, 0) : at(0, line);
      Half.widen(dtype, bits(), start, to, line * length, length);
    }
    return byRows ? new Matrix(to, 0, length, 1) : new Matrix(to, 0, 1, length);
  }
}
