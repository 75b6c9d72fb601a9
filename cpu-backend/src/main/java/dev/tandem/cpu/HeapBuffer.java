package dev.tandem.cpu;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Buffer;
import dev.tandem.shape.DType;

/** A tensor's memory: a pooled heap array, which may be longer than the tensor. */
final class HeapBuffer implements Buffer {
  private final BufferPool pool;
  private final DType dtype;
  private final int elements;
  private Object array;

  HeapBuffer(BufferPool pool, DType dtype, int elements, Object array) {
    this.pool = pool;
    this.dtype = dtype;
    this.elements = elements;
    this.array = array;
  }

  @Override
  public long bytes() {
    return (long) elements * dtype.bytes();
  }

  @Override
  public void close() {
    Object released = array;
    if (released != null) {
      array = null;
      pool.release(this, released);
    }
  }

  DType dtype() {
    return dtype;
  }

  int elements() {
    return elements;
  }

  /** Whose memory this is. */
  BufferPool pool() {
    return pool;
  }

  float[] f32() {
    return (float[]) array(DType.F32);
  }

  double[] f64() {
    return (double[]) array(DType.F64);
  }

  int[] i32() {
    return (int[]) array(DType.I32);
  }

  /** The bits of BF16 or F16 numbers. */
  short[] half() {
    return (short[]) array(dtype == DType.F16 ? DType.F16 : DType.BF16);
  }

  byte[] u8() {
    return (byte[]) array(DType.U8);
  }

  /** The array, of whichever element type. */
  Object array() {
    return array(dtype);
  }

  private Object array(DType asked) {
    if (array == null || pool.closed()) {
      throw new BackendException(
          "cpu: buffer is used after "
              + (array == null ? "it" : "its backend")
              + " was closed, got one of "
              + elements
              + " "
              + dtype
              + "; keep it open until the last use");
    }
    if (asked != dtype) {
      throw new BackendException(
          "cpu: buffer holds another element type, got "
              + dtype
              + " where "
              + asked
              + " is expected; cast instead of reinterpreting");
    }
    return array;
  }
}
