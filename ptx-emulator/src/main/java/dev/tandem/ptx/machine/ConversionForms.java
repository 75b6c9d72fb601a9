package dev.tandem.ptx.machine;

import static dev.tandem.ptx.text.Type.B32;
import static dev.tandem.ptx.text.Type.BF16;
import static dev.tandem.ptx.text.Type.F16;
import static dev.tandem.ptx.text.Type.F32;
import static dev.tandem.ptx.text.Type.F64;
import static dev.tandem.ptx.text.Type.S16;
import static dev.tandem.ptx.text.Type.S32;
import static dev.tandem.ptx.text.Type.S64;
import static dev.tandem.ptx.text.Type.S8;
import static dev.tandem.ptx.text.Type.TF32;
import static dev.tandem.ptx.text.Type.U16;
import static dev.tandem.ptx.text.Type.U32;
import static dev.tandem.ptx.text.Type.U64;
import static dev.tandem.ptx.text.Type.U8;

import dev.tandem.ptx.text.Type;
import java.util.List;

/** Conversions, section 9.7.9 of the PTX ISA: {@code cvt} and {@code cvt.pack}. */
final class ConversionForms {
  private static final List<Type> INTEGERS = List.of(U8, S8, U16, S16, U32, S32, U64, S64);
  private static final List<Type> FLOATS = List.of(F16, BF16, F32, F64);

  private static final Scalar FLUSH = Scalar.of(Singles.class, "flush");
  private static final Scalar RELU = Scalar.of(Singles.class, "relu");

  private ConversionForms() {}

  static void fill(FormTable table) {
    for (Type from : INTEGERS) {
      for (Type to : INTEGERS) {
        integers(table, to, from);
      }
      for (Type to : FLOATS) {
        integerToFloat(table, to, from);
      }
    }
    for (Type from : FLOATS) {
      for (Type to : INTEGERS) {
        floatToInteger(table, to, from);
      }
      for (Type to : FLOATS) {
        floats(table, to, from);
      }
    }
    limited(table);
    pairs(table);
    packs(table);
  }

  private static void integers(FormTable table, Type to, Type from) {
    String words = "." + to.word() + "." + from.word();
    table.add("cvt" + words, Form.of(to, conversions("same"), from));
    boolean wider =
        to.bits() > from.bits() || (to.bits() == from.bits() && to.signed() == from.signed());
    if (wider && (to.signed() || !from.signed())) {
      return;
    }
    Scalar clamp =
        from == U64
            ? conversions("clampUnsigned", max(to))
            : conversions("clamp", min(to), max(to));
    table.add("cvt.sat" + words, Form.of(to, clamp, from));
  }

  private static void integerToFloat(FormTable table, Type to, Type from) {
    String unsigned = from == U64 ? "Unsigned" : "";
    for (Rounding mode : FloatForms.MODES) {
      Scalar main =
          to == F64
              ? conversions("toDouble" + unsigned, mode)
              : conversions("toFormat" + unsigned, format(to), mode);
      variants(table, "cvt." + mode.word(), Form.of(to, main, from));
    }
  }

  private static void floatToInteger(FormTable table, Type to, Type from) {
    // What the ISA prescribes for NaN: zero, unless either side has 64 bits, then the top bit of
    // the destination alone.
    long nan = from == F64 || to.bits() == 64 ? 1L << to.bits() - 1 : 0;
    for (Rounding mode : FloatForms.MODES) {
      Scalar main =
          to == U64
              ? conversions("toUnsignedLong", mode, nan)
              : conversions("toInteger", mode, min(to), max(to), nan);
      variants(table, "cvt." + mode.word() + "i", Form.of(to, main, from));
    }
  }

  private static void floats(FormTable table, Type to, Type from) {
    if (to == from) {
      for (Rounding mode : FloatForms.MODES) {
        Class<?> owner = to == F64 ? Doubles.class : Singles.class;
        Scalar integral = Scalar.of(owner, "integral", mode);
        variants(table, "cvt." + mode.word() + "i", Form.of(to, integral, from));
      }
    }
    if (to == from || to == F64 || (to == F32 && from != F64)) {
      Scalar same = conversions(to == F64 ? "sameDouble" : "sameSingle");
      variants(table, "cvt", Form.of(to, same, from));
      return;
    }
    for (Rounding mode : FloatForms.MODES) {
      // Who writes a half rounds it to nearest.
      boolean plain = mode == Rounding.RN && from != F64 && to != F32;
      Scalar narrow =
          plain ? conversions("sameSingle") : Scalar.of(Format.class, "narrow", format(to), mode);
      variants(table, "cvt." + mode.word(), Form.of(to, narrow, from));
    }
  }

  /** With and without {@code .ftz} where there is an f32, and {@code .sat} where there is no bf16. */
  private static void variants(FormTable table, String name, Form form) {
    Type to = form.result();
    Type from = form.sources().getFirst();
    boolean single = to == F32 || from == F32;
    String words = "." + to.word() + "." + from.word();
    table.add(name + words, form);
    if (single) {
      table.add(name + ".ftz" + words, flush(form));
    }
    if (to == BF16 || from == BF16) {
      return;
    }
    Form saturated =
        to.floating()
            ? form.after(Scalar.of(to == F64 ? Doubles.class : Singles.class, "saturate"))
            : form;
    table.add(name + ".sat" + words, saturated);
    if (single) {
      table.add(name + ".ftz.sat" + words, flush(saturated));
    }
  }

  private static Form flush(Form form) {
    Form read = form.before(FLUSH);
    return form.result() == F32 ? read.after(FLUSH) : read;
  }

  /** From f32 to something shorter with {@code .relu}, {@code .satfinite} or both. */
  private static void limited(FormTable table) {
    for (Type to : List.of(F16, BF16, TF32)) {
      for (Rounding mode : List.of(Rounding.RN, Rounding.RZ)) {
        String name = "cvt." + mode.word();
        Form form = Form.of(to, Scalar.of(Format.class, "narrow", format(to), mode), F32);
        String words = "." + to.word() + ".f32";
        table.add(name + ".relu" + words, form.after(RELU));
        if (to == TF32) {
          table.add(name + words, form);
          continue;
        }
        table.add(name + ".satfinite" + words, form.after(finite(to)));
        table.add(name + ".relu.satfinite" + words, form.after(RELU).after(finite(to)));
      }
    }
    Form away = Form.of(TF32, Scalar.of(Format.class, "narrow", Format.TF32, Rounding.RNA), F32);
    table.add("cvt.rna.tf32.f32", away);
    table.add("cvt.rna.satfinite.tf32.f32", away.after(finite(TF32)));
  }

  private static void pairs(FormTable table) {
    for (Type half : List.of(F16, BF16)) {
      for (Rounding mode : List.of(Rounding.RN, Rounding.RZ)) {
        Class<?> owner = half == F16 ? Halves.class : Bfloats.class;
        Scalar pack = Scalar.of(owner, mode == Rounding.RN ? "pack" : "packTowardZero");
        Form form = Form.of(B32, pack, F32, F32);
        String words = "." + half.word() + "x2.f32";
        table.add("cvt." + mode.word() + words, form);
        table.add("cvt." + mode.word() + ".relu" + words, form.before(RELU));
        // Held before rounding, for the pair is one result; what is larger than the largest number
        // becomes it either way.
        Form limited = form.before(finite(half));
        table.add("cvt." + mode.word() + ".satfinite" + words, limited);
        Form both = form.before(Scalar.of(Format.class, "finiteRelu", format(half)));
        table.add("cvt." + mode.word() + ".relu.satfinite" + words, both);
      }
    }
  }

  private static void packs(FormTable table) {
    for (int bits = 2; bits <= 16; bits *= 2) {
      for (boolean signed : new boolean[] {false, true}) {
        String name = "cvt.pack.sat." + (signed ? "s" : "u") + bits + ".s32";
        Scalar pack = conversions("pack", bits, signed);
        // The third operand is absent from the form of 16 bits; who decodes it puts a zero there.
        table.add(bits == 16 ? name : name + ".b32", Form.of(B32, pack, S32, S32, B32));
      }
    }
  }

  private static Scalar finite(Type type) {
    return Scalar.of(Format.class, "finite", format(type));
  }

  private static Format format(Type type) {
    return switch (type) {
      case F16 -> Format.HALF;
      case BF16 -> Format.BFLOAT;
      case TF32 -> Format.TF32;
      default -> Format.SINGLE;
    };
  }

  private static long min(Type type) {
    return type.signed() ? -1L << type.bits() - 1 : 0;
  }

  /** The largest number of a type that is also one of s64. */
  private static long max(Type type) {
    int bits = type.signed() ? type.bits() - 1 : Math.min(63, type.bits());
    return (1L << bits) - 1;
  }

  private static Scalar conversions(String name, Object... constants) {
    return Scalar.of(Conversions.class, name, constants);
  }
}
