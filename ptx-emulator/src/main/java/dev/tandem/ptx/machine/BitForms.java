package dev.tandem.ptx.machine;

import static dev.tandem.ptx.text.Type.B16;
import static dev.tandem.ptx.text.Type.B32;
import static dev.tandem.ptx.text.Type.B64;
import static dev.tandem.ptx.text.Type.F32;
import static dev.tandem.ptx.text.Type.F64;
import static dev.tandem.ptx.text.Type.PRED;
import static dev.tandem.ptx.text.Type.S16;
import static dev.tandem.ptx.text.Type.S32;
import static dev.tandem.ptx.text.Type.S64;
import static dev.tandem.ptx.text.Type.U16;
import static dev.tandem.ptx.text.Type.U32;
import static dev.tandem.ptx.text.Type.U64;

import dev.tandem.ptx.text.Type;
import java.util.List;
import java.util.Locale;

/** Logic, shifts, bit fields, bytes and selection, sections 9.7.1, 9.7.8 and 9.7.9 of the PTX ISA. */
final class BitForms {
  private BitForms() {}

  static void fill(FormTable table) {
    logic(table);
    shifts(table);
    counts(table);
    fields(table);
    bytes(table);
    selection(table);
  }

  private static void logic(FormTable table) {
    for (Type type : List.of(B16, B32, B64)) {
      String word = "." + type.word();
      for (String op : List.of("and", "or", "xor", "not")) {
        table.add(op + word, Form.uniform(B64, bits(op)));
      }
      table.add("cnot" + word, Form.of(type, bits("logicalNot"), type));
    }
  }

  private static void shifts(FormTable table) {
    for (Type type : List.of(B16, B32, B64)) {
      Scalar left = bits(type == B64 ? "shiftLeftLong" : "shiftLeft");
      table.add("shl." + type.word(), Form.of(type, left, type, U32));
    }
    for (Type type : List.of(B16, U16, S16, B32, U32, S32, B64, U64, S64)) {
      String name =
          "shiftRight" + (type.signed() ? "Signed" : "") + (type.bits() == 64 ? "Long" : "");
      table.add("shr." + type.word(), Form.of(type, bits(name), type, U32));
    }
    for (boolean clamp : new boolean[] {false, true}) {
      String mode = clamp ? ".clamp" : ".wrap";
      Scalar left = bits("funnelLeft", clamp);
      Scalar right = bits("funnelRight", clamp);
      table.add("shf.l" + mode + ".b32", Form.uniform(B32, left));
      table.add("shf.r" + mode + ".b32", Form.uniform(B32, right));
      table.add("bmsk" + mode + ".b32", Form.uniform(B32, bits("mask", clamp)));
      for (Type type : List.of(U32, S32)) {
        Scalar extend = bits("extend", type.signed(), clamp);
        table.add("szext" + mode + "." + type.word(), Form.of(type, extend, type, U32));
      }
    }
  }

  private static void counts(FormTable table) {
    for (Type type : List.of(B32, B64)) {
      String wide = type == B64 ? "Long" : "";
      String word = "." + type.word();
      table.add("popc" + word, Form.of(U32, bits("count" + wide), type));
      table.add("clz" + word, Form.of(U32, bits("leadingZeros" + wide), type));
      table.add("brev" + word, Form.uniform(type, bits("reverse" + wide)));
    }
    for (Type type : List.of(U32, S32, U64, S64)) {
      String name = type.bits() == 64 ? "highestLong" : "highest";
      String word = "." + type.word();
      Scalar place = bits(name, type.signed(), false);
      Scalar amount = bits(name, type.signed(), true);
      table.add("bfind" + word, Form.of(U32, place, type));
      table.add("bfind.shiftamt" + word, Form.of(U32, amount, type));
    }
    table.add("fns.b32", Form.of(B32, bits("nthSet"), B32, B32, S32));
  }

  private static void fields(FormTable table) {
    for (Type type : List.of(U32, S32, U64, S64)) {
      Scalar extract = bits(type.signed() ? "extractSigned" : "extract");
      table.add("bfe." + type.word(), Form.of(type, extract, type, U32, U32));
    }
    for (Type type : List.of(B32, B64)) {
      table.add("bfi." + type.word(), Form.of(type, bits("insert"), type, type, U32, U32));
    }
  }

  private static void bytes(FormTable table) {
    table.add("prmt.b32", Form.uniform(B32, bits("permute")));
    for (BytePattern pattern : BytePattern.values()) {
      String mode = pattern.name().toLowerCase(Locale.ROOT);
      table.add("prmt.b32." + mode, Form.uniform(B32, bits("permuteBy", pattern)));
    }
  }

  private static void selection(FormTable table) {
    Scalar select = Scalar.of(LongIntegers.class, "select");
    Scalar bySign = Scalar.of(LongIntegers.class, "selectBySign");
    Scalar byFloat = Scalar.of(LongIntegers.class, "selectByFloat");
    Scalar flush = Scalar.of(Singles.class, "flush");
    for (Type type : List.of(B16, B32, B64, U16, U32, U64, S16, S32, S64, F32, F64)) {
      String word = "." + type.word();
      table.add("selp" + word, Form.of(B64, select, B64, B64, PRED));
      table.add("slct" + word + ".s32", Form.of(B64, bySign, B64, B64, S32));
      Form floating = Form.of(B64, byFloat, B64, B64, F32);
      table.add("slct" + word + ".f32", floating);
      table.add("slct.ftz" + word + ".f32", floating.before(flush));
    }
    table.add("copysign.f32", Form.uniform(F32, Scalar.of(Singles.class, "copySign")));
    table.add("copysign.f64", Form.uniform(F64, Scalar.of(Doubles.class, "copySign")));
  }

  private static Scalar bits(String name, Object... constants) {
    return Scalar.of(Bits.class, name, constants);
  }
}
