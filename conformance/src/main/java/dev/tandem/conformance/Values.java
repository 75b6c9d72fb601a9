package dev.tandem.conformance;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Buffer;
import dev.tandem.backend.Operand;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A tensor on the host, as the oracle sees it: a type, and its elements as doubles, which hold every element type
 * exactly.
 */
public record Values(TensorType type, double[] data) {
  /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
  public Values {
    if (data.length != type.elements()) {
      throw new IllegalArgumentException(
          "values: number of elements differs from the shape's, got "
              + data.length
              + " for "
              + type);
    }
  }

  /** The numbers rounded to the element type. */
  public static Values of(DType dtype, Shape shape, double... data) {
    return new Values(
        new TensorType(dtype, shape),
        Arrays.stream(data).map(x -> Rounding.to(dtype, x)).toArray());
  }

  /** One number in a tensor without axes. */
  public static Values scalar(DType dtype, double x) {
    return of(dtype, Shape.scalar(), x);
  }

  /** All 0. */
  public static Values zeros(TensorType type) {
    return new Values(type, new double[Math.toIntExact(type.elements())]);
  }

  /** The lengths of the axes. */
  public Shape shape() {
    return type.shape();
  }

  /** The element type. */
  public DType dtype() {
    return type.dtype();
  }

  /** The same elements under another element type, rounded to it. */
  public Values as(DType dtype) {
    return of(dtype, shape(), data);
  }

  /** As a backend keeps what it computed: {@link Rounding#computed}. */
  public Values asComputed() {
    return new Values(type, Arrays.stream(data).map(x -> Rounding.computed(dtype(), x)).toArray());
  }

  /** A copy whose numbers are its own. */
  public Values copy() {
    return new Values(type, data.clone());
  }

  /** The elements in the element type's own bytes, native order. */
  public MemorySegment bytes() {
    MemorySegment bytes = Arena.ofAuto().allocate(type.bytes(), 8);
    for (int i = 0; i < data.length; i++) {
      switch (dtype()) {
        case F64 -> bytes.setAtIndex(ValueLayout.JAVA_DOUBLE, i, data[i]);
        case F32 -> bytes.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) data[i]);
        case F16 ->
            bytes.setAtIndex(
                ValueLayout.JAVA_SHORT,
                i,
                Float.floatToFloat16((float) Rounding.to(DType.F16, data[i])));
        case BF16 ->
            bytes.setAtIndex(
                ValueLayout.JAVA_SHORT,
                i,
                (short) (Float.floatToRawIntBits((float) Rounding.to(DType.BF16, data[i])) >>> 16));
        case I32 -> bytes.setAtIndex(ValueLayout.JAVA_INT, i, (int) data[i]);
        case U8 -> bytes.set(ValueLayout.JAVA_BYTE, i, (byte) (int) data[i]);
      }
    }
    return bytes;
  }

  /** The tensor whose elements these bytes are; they may lie anywhere, as in a file. */
  public static Values of(TensorType type, MemorySegment bytes) {
    double[] data = new double[Math.toIntExact(type.elements())];
    for (int i = 0; i < data.length; i++) {
      data[i] =
          switch (type.dtype()) {
            case F64 -> bytes.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8L * i);
            case F32 -> bytes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i);
            case F16 -> Float.float16ToFloat(bytes.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i));
            case BF16 ->
                Float.intBitsToFloat(bytes.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i) << 16);
            case I32 -> bytes.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * i);
            case U8 -> Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, i));
          };
    }
    return new Values(type, data);
  }

  /** A new tensor of the backend with these elements. */
  public Operand on(Backend backend) {
    Buffer buffer = backend.allocate(type);
    backend.write(buffer, bytes());
    return new Operand(type, buffer);
  }

  /** The bytes of a backend's tensor. */
  public static MemorySegment bytes(Backend backend, Operand operand) {
    MemorySegment bytes = Arena.ofAuto().allocate(operand.type().bytes(), 8);
    backend.read(operand.buffer(), bytes);
    return bytes;
  }

  /**
   * The bytes, every NaN the same one: neither Java nor CUDA says which NaN an operation gives, and its sign may change when the JIT
   * compiles a loop.
   */
  static MemorySegment oneNan(TensorType type, MemorySegment bytes) {
    Values values = of(type, bytes);
    MemorySegment same = Arena.ofAuto().allocate(type.bytes(), 8).copyFrom(bytes);
    MemorySegment nan =
        new Values(new TensorType(type.dtype(), Shape.scalar()), new double[] {Double.NaN}).bytes();
    for (int i = 0; i < values.data.length; i++) {
      if (Double.isNaN(values.data[i])) {
        MemorySegment.copy(nan, 0, same, i * nan.byteSize(), nan.byteSize());
      }
    }
    return same;
  }

  /** A copy of a backend's tensor. */
  public static Values from(Backend backend, Operand operand) {
    return of(operand.type(), bytes(backend, operand));
  }
}
