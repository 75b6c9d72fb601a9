package dev.tandem.cuda;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Buffer;
import dev.tandem.backend.Operand;
import dev.tandem.shape.DType;

/** The device memory behind operands. */
final class Operands {
  private Operands() {}

  /** Of a tensor, or of an op's own memory. */
  static long address(Operand operand) {
    return operand.buffer() instanceof Scratch scratch
        ? scratch.address()
        : buffer(operand.buffer()).address();
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

  /** The kernel of an op that moves elements and does not look at them: that for four bytes, for two, or for one. */
  static Kernel byWidth(String op, DType dtype, Kernel b32, Kernel b16, Kernel b8) {
    return switch (dtype) {
      case F32, I32 -> b32;
      case BF16, F16 -> b16;
      case U8 -> b8;
      case F64 -> throw refused(op, dtype);
    };
  }

  /** How many neighbours a thread takes at a time: LANES of common.cuh. */
  static int lanes(DType dtype) {
    return dtype.half() ? 8 : 4;
  }

  /** An op that has no kernel for the element type. */
  static BackendException refused(String op, DType dtype) {
    return new BackendException(
        "cuda: " + op + " is not computed with this element type, got " + dtype + "; cast to F32");
  }
}
