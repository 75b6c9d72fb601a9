package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.op.Creation;
import dev.tandem.shape.DType;

/** Makes tensors from nothing. */
final class CudaCreation {
  private final Queue queue;

  CudaCreation(Queue queue) {
    this.queue = queue;
  }

  void run(Creation op, Operand y) {
    switch (op) {
      case Creation.Fill(_, double value) -> {
        int pattern = pattern(y.dtype(), value);
        queue.fill(Operands.address(y), pattern, y.dtype().bytes(), y.elements());
      }
    }
  }

  /** The element's bits. Integers take the whole part, within their range. */
  static int pattern(DType dtype, double value) {
    return switch (dtype) {
      case F32 -> Float.floatToRawIntBits((float) value);
      case BF16 -> bfloat16((float) value);
      case F16 -> Float.floatToFloat16((float) value) & 0xFFFF;
      case I32 -> (int) value;
      case U8 -> Math.clamp((int) value, 0, 255);
      case F64 -> throw Operands.refused("fill", dtype);
    };
  }

  /** To nearest even: what is cut off, with the last bit kept for a tie, carries into it. */
  private static int bfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    return Float.isNaN(value) ? 0x7FFF : bits + 0x7FFF + (bits >>> 16 & 1) >>> 16;
  }
}
