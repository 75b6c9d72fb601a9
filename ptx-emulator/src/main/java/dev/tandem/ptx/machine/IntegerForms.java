package dev.tandem.ptx.machine;

import static dev.tandem.ptx.text.Type.B64;
import static dev.tandem.ptx.text.Type.S16;
import static dev.tandem.ptx.text.Type.S16X2;
import static dev.tandem.ptx.text.Type.S32;
import static dev.tandem.ptx.text.Type.S64;
import static dev.tandem.ptx.text.Type.U16;
import static dev.tandem.ptx.text.Type.U16X2;
import static dev.tandem.ptx.text.Type.U32;
import static dev.tandem.ptx.text.Type.U64;

import dev.tandem.ptx.text.Type;
import java.util.List;

/** Integer arithmetic, sections 9.7.1 of the PTX ISA. */
final class IntegerForms {
  static final List<Type> TYPES = List.of(U16, S16, U32, S32, U64, S64);

  private IntegerForms() {}

  static void fill(FormTable table) {
    for (Type type : TYPES) {
      String word = "." + type.word();
      // Sums, products and differences have the same low bits however much of the registers takes
      // part, so all widths are
      // one loop over 64 bits; what is above a register's width nobody reads.
      table.add("add" + word, Form.uniform(B64, longs("add")));
      table.add("sub" + word, Form.uniform(B64, longs("subtract")));
      table.add("mul.lo" + word, Form.uniform(B64, longs("multiply")));
      table.add("mad.lo" + word, Form.uniform(B64, longs("multiplyAdd")));
      high(table, type, word);
      if (type.bits() < 64) {
        wide(table, type, word);
      }
      divisions(table, type, word);
      order(table, type, word);
      if (type.signed()) {
        table.add("abs" + word, Form.uniform(type, longs("absolute")));
        table.add("neg" + word, Form.uniform(B64, longs("negate")));
      }
    }
    saturating(table);
    products24(table, U32);
    products24(table, S32);
    packed(table, U16X2);
    packed(table, S16X2);
    dots(table);
    distances(table);
  }

  private static void high(FormTable table, Type type, String word) {
    String sign = type == U64 ? "Unsigned" : "";
    Scalar multiply =
        switch (type.bits()) {
          case 16 -> ints("multiplyHigh16");
          case 32 -> ints("multiplyHigh");
          default -> longs("multiplyHigh" + sign);
        };
    Scalar add =
        switch (type.bits()) {
          case 16 -> ints("multiplyHigh16Add");
          case 32 -> ints("multiplyHighAdd");
          default -> longs("multiplyHighAdd" + sign);
        };
    table.add("mul.hi" + word, Form.uniform(type, multiply));
    table.add("mad.hi" + word, Form.uniform(type, add));
  }

  private static void wide(FormTable table, Type type, String word) {
    boolean shorts = type.bits() == 16;
    Type wide = type == U16 ? U32 : type == S16 ? S32 : type == U32 ? U64 : S64;
    Scalar multiply = shorts ? ints("multiply") : longs("multiply");
    Scalar add = shorts ? ints("multiplyAdd") : longs("multiplyAdd");
    table.add("mul.wide" + word, Form.of(wide, multiply, type, type));
    table.add("mad.wide" + word, Form.of(wide, add, type, type, wide));
  }

  private static void divisions(FormTable table, Type type, String word) {
    for (String op : List.of("divide", "remainder")) {
      // Division of 32 bits is twice as fast as of 64.
      Scalar scalar =
          type.bits() == 16 || type == S32 ? ints(op) : longs(op + (type == U64 ? "Unsigned" : ""));
      table.add((op.equals("divide") ? "div" : "rem") + word, Form.uniform(type, scalar));
    }
  }

  private static void order(FormTable table, Type type, String word) {
    String sign = type == U64 ? "Unsigned" : "";
    table.add("min" + word, Form.uniform(type, longs("min" + sign)));
    table.add("max" + word, Form.uniform(type, longs("max" + sign)));
    table.add("sad" + word, Form.uniform(type, longs("distanceAdd" + sign)));
  }

  private static void saturating(FormTable table) {
    table.add("add.sat.s32", Form.uniform(S32, ints("addSaturating")));
    table.add("sub.sat.s32", Form.uniform(S32, ints("subtractSaturating")));
    table.add("mad.hi.sat.s32", Form.uniform(S32, ints("multiplyHighAddSaturating")));
    table.add("mad24.hi.sat.s32", Form.uniform(S32, ints("multiply24HighAddSaturating")));
    table.add("min.relu.s32", Form.uniform(S32, longs("minRelu")));
    table.add("max.relu.s32", Form.uniform(S32, longs("maxRelu")));
  }

  private static void products24(FormTable table, Type type) {
    boolean signed = type.signed();
    String word = "." + type.word();
    table.add("mul24.lo" + word, Form.uniform(type, ints("multiply24", signed)));
    table.add("mul24.hi" + word, Form.uniform(type, ints("multiply24High", signed)));
    table.add("mad24.lo" + word, Form.uniform(type, ints("multiply24Add", signed)));
    table.add("mad24.hi" + word, Form.uniform(type, ints("multiply24HighAdd", signed)));
  }

  private static void packed(FormTable table, Type type) {
    String word = "." + type.word();
    table.add("add" + word, Form.uniform(type, ints("add")));
    table.add("min" + word, Form.uniform(type, longs("min")));
    table.add("max" + word, Form.uniform(type, longs("max")));
    if (type.signed()) {
      table.add("min.relu" + word, Form.uniform(type, longs("minRelu")));
      table.add("max.relu" + word, Form.uniform(type, longs("maxRelu")));
    }
  }

  private static void dots(FormTable table) {
    for (Type a : List.of(U32, S32)) {
      for (Type b : List.of(U32, S32)) {
        String words = "." + a.word() + "." + b.word();
        Type sum = a.signed() || b.signed() ? S32 : U32;
        Scalar dot4 = ints("dot4", a.signed(), b.signed());
        table.add("dp4a" + words, Form.of(sum, dot4, a, b, sum));
        Scalar low = ints("dot2", a.signed(), b.signed(), 0);
        table.add("dp2a.lo" + words, Form.of(sum, low, a, b, sum));
        Scalar high = ints("dot2", a.signed(), b.signed(), 16);
        table.add("dp2a.hi" + words, Form.of(sum, high, a, b, sum));
      }
    }
  }

  /** Of the video instructions those that nvcc has for its own functions on packed bytes and shorts. */
  private static void distances(FormTable table) {
    for (Type type : List.of(U32, S32)) {
      for (Type to : List.of(U32, S32)) {
        distances(table, 8, to, type);
        distances(table, 16, to, type);
      }
    }
  }

  private static void distances(FormTable table, int bits, Type to, Type type) {
    String name = "vabsdiff" + 32 / bits + "." + to.word() + "." + type.word() + "." + type.word();
    Scalar each = ints("distances", bits, type.signed());
    Scalar sum = ints("distancesAdd", bits, type.signed());
    table.add(name, Form.of(to, each, type, type, to));
    table.add(name + ".add", Form.of(to, sum, type, type, to));
  }

  private static Scalar ints(String name, Object... constants) {
    return Scalar.of(Integers.class, name, constants);
  }

  private static Scalar longs(String name) {
    return Scalar.of(LongIntegers.class, name);
  }
}
