package dev.tandem.ptx.machine;

import static dev.tandem.ptx.text.Type.PRED;
import static dev.tandem.ptx.text.Type.S32;
import static dev.tandem.ptx.text.Type.S64;
import static dev.tandem.ptx.text.Type.U32;
import static dev.tandem.ptx.text.Type.U64;

import dev.tandem.ptx.text.Type;
import java.util.ArrayList;
import java.util.List;

/**
 * Arithmetic with the carry flag, section 9.7.2 of the PTX ISA. What reads the flag has it as its last operand; what writes
 * it has a second form, a test of the name with {@link #OUT}.
 */
final class CarryForms {
  /** A modifier that PTX does not have: the carry of the form without it. */
  static final String OUT = "carry-out";

  private CarryForms() {}

  static void fill(FormTable table) {
    for (Type type : List.of(U32, S32, U64, S64)) {
      fill(table, type);
    }
  }

  private static void fill(FormTable table, Type type) {
    boolean ints = type.bits() == 32;
    String sign = type == U64 ? "Unsigned" : "";
    Type raw = ints ? U32 : U64;
    List<Type> two = List.of(raw, raw);
    List<Type> low = List.of(raw, raw, raw);
    List<Type> high = List.of(type, type, raw);
    add(table, "add", type, "addCarry", "carries", two);
    add(table, "sub", type, "subtractBorrow", "borrows", two);
    add(table, "mad.lo", type, "multiplyAddCarry", "multiplyAddCarries", low);
    add(
        table,
        "mad.hi",
        type,
        "multiplyHighAddCarry" + (ints ? "" : sign),
        "multiplyHighAddCarries" + (ints ? "" : sign),
        high);
  }

  private static void add(
      FormTable table, String name, Type type, String value, String carry, List<Type> sources) {
    Class<?> owner = type.bits() == 32 ? Integers.class : LongIntegers.class;
    String opcode = name.split("\\.")[0];
    String half = name.substring(opcode.length());
    String word = "." + type.word();
    List<Type> withCarry = new ArrayList<>(sources);
    withCarry.add(PRED);
    Type[] plain = sources.toArray(Type[]::new);
    Type[] carried = withCarry.toArray(Type[]::new);
    String first = opcode + half + ".cc";
    String next = opcode + "c" + half;
    table.add(first + word, Form.of(type, Scalar.of(owner, value, false), plain));
    table.add(first + "." + OUT + word, Form.of(PRED, Scalar.of(owner, carry, false), plain));
    table.add(next + word, Form.of(type, Scalar.of(owner, value), carried));
    table.add(next + ".cc" + word, Form.of(type, Scalar.of(owner, value), carried));
    table.add(next + ".cc." + OUT + word, Form.of(PRED, Scalar.of(owner, carry), carried));
  }
}
