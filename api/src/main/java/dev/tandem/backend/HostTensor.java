package dev.tandem.backend;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/** A tensor's elements on the host, as a backend read them. */
record HostTensor(TensorType type, MemorySegment elements) {
  /** Copies of the operands, after all queued work. */
  static List<HostTensor> read(Backend backend, List<Operand> operands, Arena arena) {
    return operands.stream().map(operand -> read(backend, operand, arena)).toList();
  }

  static HostTensor read(Backend backend, Operand operand, Arena arena) {
    MemorySegment host = arena.allocate(operand.type().bytes(), Long.BYTES);
    backend.read(operand.buffer(), host);
    return new HostTensor(operand.type(), host);
  }

  /** An element as a double, which holds those of every type exactly. */
  double at(long index) {
    return switch (type.dtype()) {
      case F32 -> elements.getAtIndex(ValueLayout.JAVA_FLOAT, index);
      case F64 -> elements.getAtIndex(ValueLayout.JAVA_DOUBLE, index);
      case BF16 -> Float.intBitsToFloat(elements.getAtIndex(ValueLayout.JAVA_SHORT, index) << 16);
      case F16 -> Float.float16ToFloat(elements.getAtIndex(ValueLayout.JAVA_SHORT, index));
      case I32 -> elements.getAtIndex(ValueLayout.JAVA_INT, index);
      case U8 -> Byte.toUnsignedInt(elements.get(ValueLayout.JAVA_BYTE, index));
    };
  }

  /** The largest finite magnitude; 0 where there is none. */
  double largest() {
    double largest = 0;
    for (long i = 0; i < type.elements(); i++) {
      double magnitude = Math.abs(at(i));
      if (Double.isFinite(magnitude)) {
        largest = Math.max(largest, magnitude);
      }
    }
    return largest;
  }

  /** The same numbers in F64; integers as they are. */
  HostTensor inDouble(Arena arena) {
    if (!type.dtype().floating()) {
      return this;
    }
    TensorType wide = type.withDType(DType.F64);
    MemorySegment host = arena.allocate(wide.bytes(), Long.BYTES);
    for (long i = 0; i < type.elements(); i++) {
      host.setAtIndex(ValueLayout.JAVA_DOUBLE, i, at(i));
    }
    return new HostTensor(wide, host);
  }

  /** An element as people write it, with no more digits than its type has. */
  String text(long index) {
    double value = at(index);
    if (!type.dtype().floating()) {
      return Long.toString((long) value);
    }
    return type.dtype() == DType.F64 ? Double.toString(value) : Float.toString((float) value);
  }

  /** Where an element lies, an index for each axis: {@code [0, 3, 1]}. */
  String position(long index) {
    Shape shape = type.shape();
    long[] strides = shape.strides();
    long[] position = new long[strides.length];
    for (int axis = 0; axis < position.length; axis++) {
      position[axis] = index / strides[axis] % shape.length(axis);
    }
    return Arrays.toString(position);
  }
}
