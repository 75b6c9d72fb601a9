package dev.tandem.ptx;

import dev.tandem.cuda.driver.DataType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The number formats of matrices, to and from double; rounding is to nearest, ties to even, where nothing else is said. */
final class EmulatedNumbers {
  /** Fraction bits that F32 has and TF32 has not. */
  private static final int TF32_CUT = 13;

  private static final int SIGN = 0x8000_0000;

  /** What the GPU's conversions make of every NaN. */
  private static final short NAN_16 = 0x7FFF;

  private EmulatedNumbers() {}

  /** Rounds to TF32 as cvt.rna.tf32.f32 does: to nearest, ties away from zero. */
  static float tf32(float value) {
    if (!Float.isFinite(value)) {
      return value;
    }
    int bits = Float.floatToRawIntBits(value);
    int half = 1 << (TF32_CUT - 1);
    // The carry may run into the exponent, and from the largest there to infinity, as it should.
    int magnitude = ((bits & ~SIGN) + half) >>> TF32_CUT << TF32_CUT;
    return Float.intBitsToFloat(magnitude | (bits & SIGN));
  }

  static short floatToBf16(float value) {
    if (Float.isNaN(value)) {
      return NAN_16;
    }
    int bits = Float.floatToRawIntBits(value);
    int even = bits >>> 16 & 1;
    return (short) ((bits + 0x7FFF + even) >>> 16);
  }

  static float bf16ToFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  static float bf16(float value) {
    return bf16ToFloat(floatToBf16(value));
  }

  static short floatToF16(float value) {
    return Float.isNaN(value) ? NAN_16 : Float.floatToFloat16(value);
  }

  static float f16(float value) {
    return Float.float16ToFloat(Float.floatToFloat16(value));
  }

  /** Reads {@code count} elements to {@code into}, {@code step} apart from {@code at} on. */
  static void read(MemorySegment from, DataType type, double[] into, int at, int step, int count) {
    int to = at;
    switch (type) {
      case F64 -> {
        for (int i = 0; i < count; i++, to += step) {
          into[to] = from.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8L * i);
        }
      }
      case F32 -> {
        for (int i = 0; i < count; i++, to += step) {
          into[to] = from.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i);
        }
      }
      case F16 -> {
        for (int i = 0; i < count; i++, to += step) {
          into[to] = Float.float16ToFloat(from.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i));
        }
      }
      case BF16 -> {
        for (int i = 0; i < count; i++, to += step) {
          into[to] = bf16ToFloat(from.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i));
        }
      }
    }
  }

  /** Writes the first {@code count} of {@code values}; all but F64 are floats already. */
  static void write(MemorySegment to, DataType type, double[] values, int count) {
    for (int i = 0; i < count; i++) {
      switch (type) {
        case F64 -> to.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8L * i, values[i]);
        case F32 -> to.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i, (float) values[i]);
        case F16 -> to.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, floatToF16((float) values[i]));
        case BF16 ->
            to.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, floatToBf16((float) values[i]));
      }
    }
  }
}
