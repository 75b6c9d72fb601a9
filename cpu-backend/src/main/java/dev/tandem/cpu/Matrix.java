package dev.tandem.cpu;

/** A matrix that lies in an array: element (i, j) at {@code offset + i * rowStep + j * columnStep}. */
record Matrix(float[] data, int offset, int rowStep, int columnStep) {
  /** A row-major matrix with so many columns. */
  static Matrix rows(float[] data, int offset, int columns) {
    return new Matrix(data, offset, columns, 1);
  }

  Matrix transposed() {
    return new Matrix(data, offset, columnStep, rowStep);
  }

  int at(int row, int column) {
    return offset + row * rowStep + column * columnStep;
  }
}
