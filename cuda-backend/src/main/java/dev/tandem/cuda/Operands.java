package dev.tandem.cuda;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Buffer;
import dev.tandem.backend.Operand;
import dev.tandem.shape.DType;

/** The device memory behind operands. */
final class Operands {
  private Operands() {}

  static long address(Operand operand) {
    return buffer(operand.buffer()).address();
  }

  static DeviceBuffer buffer(Buffer buffer) {
    if (buffer instanceof DeviceBuffer device) {
      return device;
    }
    throw new BackendException(
        "cuda: buffer belongs to another backend, got "
            + buffer.getClass().getName()
            + "; copy its elements through read and write");
  }

  /** An op that has no kernel for the element type. */
  static BackendException refused(String op, DType dtype) {
    return new BackendException(
        "cuda: " + op + " is not computed with this element type, got " + dtype + "; cast to F32");
  }
}
