package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Type;
import java.util.Locale;
import java.util.Set;

/** The operations of {@code atom} and {@code red}, with what each does to a value. */
enum AtomicOperation {
  ADD,
  MIN,
  MAX,
  INC,
  DEC,
  EXCH,
  CAS,
  AND,
  OR,
  XOR;

  private static final Set<Type> BITS = Set.of(Type.B32, Type.B64);
  private static final Set<Type> HALVES = Set.of(Type.F16, Type.F16X2, Type.BF16, Type.BF16X2);

  /** The operation of a modifier, or null. */
  static AtomicOperation of(String word) {
    for (AtomicOperation operation : values()) {
      if (operation.name().toLowerCase(Locale.ROOT).equals(word)) {
        return operation;
      }
    }
    return null;
  }

  /** What it does to values of a type, or refuses the instruction. */
  AtomicUpdate update(Instruction instruction, Type type) {
    AtomicUpdate update =
        switch (this) {
          case EXCH -> BITS.contains(type) || type == Type.B128 ? (_, given, _) -> given : null;
          case CAS -> compareAndSwap(type);
          case AND -> BITS.contains(type) ? (old, given, _) -> old & given : null;
          case OR -> BITS.contains(type) ? (old, given, _) -> old | given : null;
          case XOR -> BITS.contains(type) ? (old, given, _) -> old ^ given : null;
          case INC ->
              type == Type.U32 ? (old, given, _) -> increment((int) old, (int) given) : null;
          case DEC ->
              type == Type.U32 ? (old, given, _) -> decrement((int) old, (int) given) : null;
          case ADD -> add(type);
          case MIN, MAX -> extreme(type);
        };
    if (update == null) {
      throw instruction.unknown("does not work on type " + type.word());
    }
    if (HALVES.contains(type) && !instruction.has("noftz")) {
      throw instruction.unknown("of type " + type.word() + " is written with .noftz");
    }
    return update;
  }

  private static AtomicUpdate compareAndSwap(Type type) {
    if (!BITS.contains(type) && type != Type.B16 && type != Type.B128) {
      return null;
    }
    int unused = Long.SIZE - Math.min(type.bits(), Long.SIZE);
    return (old, given, swapped) -> (old ^ given) << unused == 0 ? swapped : old;
  }

  private static long increment(int old, int bound) {
    return Integer.compareUnsigned(old, bound) >= 0 ? 0 : old + 1;
  }

  private static long decrement(int old, int bound) {
    return old == 0 || Integer.compareUnsigned(old, bound) > 0 ? bound : old - 1;
  }

  private static AtomicUpdate add(Type type) {
    return switch (type) {
      case U32, S32, U64, S64 -> (old, given, _) -> old + given;
      case F32 -> (old, given, _) -> single(float32(old) + float32(given));
      case F64 -> (old, given, _) -> add64(old, given);
      case F16 -> (old, given, _) -> half(float16(old) + float16(given));
      case BF16 -> (old, given, _) -> bfloat(bfloat16(old) + bfloat16(given));
      case F16X2 -> both((old, given, _) -> half(float16(old) + float16(given)));
      case BF16X2 -> both((old, given, _) -> bfloat(bfloat16(old) + bfloat16(given)));
      default -> null;
    };
  }

  private AtomicUpdate extreme(Type type) {
    boolean least = this == MIN;
    return switch (type) {
      case S32 -> (old, given, _) -> ((int) given < (int) old) == least ? given : old;
      case U32 ->
          (old, given, _) ->
              (Integer.compareUnsigned((int) given, (int) old) < 0) == least ? given : old;
      case S64 -> (old, given, _) -> (given < old) == least ? given : old;
      case U64 -> (old, given, _) -> (Long.compareUnsigned(given, old) < 0) == least ? given : old;
      case F16 -> (old, given, _) -> half(extreme(float16(old), float16(given)));
      case BF16 -> (old, given, _) -> bfloat(extreme(bfloat16(old), bfloat16(given)));
      case F16X2 -> both((old, given, _) -> half(extreme(float16(old), float16(given))));
      case BF16X2 -> both((old, given, _) -> bfloat(extreme(bfloat16(old), bfloat16(given))));
      default -> null;
    };
  }

  /** As {@code min} and {@code max} without {@code .NaN}: a number wins over NaN. */
  private float extreme(float a, float b) {
    if (a != a || b != b) {
      return a != a ? b : a;
    }
    return this == MIN ? Math.min(a, b) : Math.max(a, b);
  }

  private static AtomicUpdate both(AtomicUpdate one) {
    return (old, given, _) ->
        one.apply(old, given, 0) & 0xFFFF | (one.apply(old >>> 16, given >>> 16, 0) & 0xFFFF) << 16;
  }

  /**
   * {@code add.f32} on global memory, where GPUs flush subnormal operands and results to the zero of their sign; on shared
   * memory they do not.
   */
  static long addFlushed(long old, long given) {
    float sum = flush(float32(old)) + flush(float32(given));
    return single(flush(sum));
  }

  private static float flush(float x) {
    return Math.abs(x) < Float.MIN_NORMAL ? Math.copySign(0f, x) : x;
  }

  private static long add64(long old, long given) {
    double sum = Double.longBitsToDouble(old) + Double.longBitsToDouble(given);
    return sum == sum ? Double.doubleToRawLongBits(sum) : 0x7FF8_0000_0000_0000L;
  }

  private static float float32(long bits) {
    return Float.intBitsToFloat((int) bits);
  }

  private static long single(float x) {
    return x == x ? Float.floatToRawIntBits(x) : 0x7FFF_FFFF;
  }

  private static float float16(long bits) {
    return Halves.toFloat((char) bits);
  }

  private static long half(float x) {
    return Halves.round(x);
  }

  private static float bfloat16(long bits) {
    return Bfloats.toFloat((char) bits);
  }

  private static long bfloat(float x) {
    return Bfloats.round(x);
  }
}
