package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.shape.Shape;

/**
 * Heads of a tensor, or some of them: (batches, rows, heads, columns), of which the columns lie side by side.
 *
 * @param offset elements before the first
 * @param stride elements from one row to the next, of all heads that the tensor has
 */
record Heads(
    Operand memory, long offset, long stride, int batches, int rows, int heads, int columns) {
  private static final int CHUNK_BYTES = 16;

  /** All heads of a tensor (B, T, H, D). */
  static Heads of(Operand x) {
    Shape s = x.shape();
    long stride = (long) s.length(2) * s.length(3);
    return new Heads(x, 0, stride, s.length(0), s.length(1), s.length(2), s.length(3));
  }

  /** Some neighbouring heads of a tensor whose rows hold them all: (B, T, all heads * D). */
  static Heads of(Operand x, int first, int heads, int columns) {
    Shape s = x.shape();
    long offset = (long) first * columns;
    return new Heads(x, offset, s.length(2), s.length(0), s.length(1), heads, columns);
  }

  /** Elements from one batch to the next. */
  long batchStride() {
    return rows * stride;
  }

  long address() {
    return Operands.address(memory) + offset * memory.dtype().bytes();
  }

  /** From the address to the end of the tensor. */
  long bytes() {
    return memory.type().bytes() - offset * memory.dtype().bytes();
  }

  /** Whether each row of each head begins on 16 bytes and is whole 16 bytes. */
  boolean vector() {
    int chunk = CHUNK_BYTES / memory.dtype().bytes();
    return columns % chunk == 0 && offset % chunk == 0 && stride % chunk == 0;
  }
}
