package dev.tandem.cpu;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Buffer;
import dev.tandem.backend.Operand;

/** The arrays behind operands. */
final class Operands {
  private Operands() {}

  static float[] f32(Operand operand) {
    return buffer(operand.buffer()).f32();
  }

  static double[] f64(Operand operand) {
    return buffer(operand.buffer()).f64();
  }

  static int[] i32(Operand operand) {
    return buffer(operand.buffer()).i32();
  }

  /** The bits of BF16 or F16 numbers. */
  static short[] half(Operand operand) {
    return buffer(operand.buffer()).half();
  }

  static byte[] u8(Operand operand) {
    return buffer(operand.buffer()).u8();
  }

  /** The array, of whichever element type. */
  static Object array(Operand operand) {
    return buffer(operand.buffer()).array();
  }

  /** How many elements; fits, for allocation refuses more. */
  static int elements(Operand operand) {
    return (int) operand.elements();
  }

  static HeapBuffer buffer(Buffer buffer) {
    if (buffer instanceof HeapBuffer heap) {
      return heap;
    }
    throw new BackendException(
        "cpu: buffer belongs to another backend, got "
            + buffer.getClass().getName()
            + "; copy its elements through read and write");
  }
}
