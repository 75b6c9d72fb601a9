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

  /** Refuses what is not F32. */
  static void requireF32(String op, Operand operand) {
    if (operand.dtype() != DType.F32) {
      throw refused(op, operand.dtype());
    }
  }

  /** The kernel of an op that moves elements and does not look at them: that for four bytes, or for one. */
  static Kernel byWidth(String op, DType dtype, Kernel b32, Kernel b8) {
    return switch (dtype) {
      case F32, I32 -> b32;
      case U8 -> b8;
      case F64, BF16, F16 -> throw refused(op, dtype);
    };
  }

  /** An op that has no kernel for the element type. */
  static BackendException refused(String op, DType dtype) {
    return new BackendException(
        "cuda: " + op + " is not computed with this element type, got " + dtype + "; cast to F32");
  }
}
