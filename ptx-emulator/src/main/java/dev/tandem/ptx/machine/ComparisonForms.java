package dev.tandem.ptx.machine;

import static dev.tandem.ptx.text.Type.B16;
import static dev.tandem.ptx.text.Type.B32;
import static dev.tandem.ptx.text.Type.B64;
import static dev.tandem.ptx.text.Type.BF16;
import static dev.tandem.ptx.text.Type.BF16X2;
import static dev.tandem.ptx.text.Type.F16;
import static dev.tandem.ptx.text.Type.F16X2;
import static dev.tandem.ptx.text.Type.F32;
import static dev.tandem.ptx.text.Type.F64;
import static dev.tandem.ptx.text.Type.PRED;
import static dev.tandem.ptx.text.Type.U64;

import dev.tandem.ptx.text.Type;
import java.util.List;
import java.util.Map;

/** Comparisons, sections 9.7.6 and 9.7.7 of the PTX ISA: {@code setp}, and {@code set} which asks the same. */
final class ComparisonForms {
  private static final Map<String, String> SIGNED =
      Map.of(
          "eq", "equal",
          "ne", "notEqual",
          "lt", "less",
          "le", "lessOrEqual",
          "gt", "greater",
          "ge", "greaterOrEqual");
  private static final Map<String, String> UNSIGNED =
      Map.of("lo", "less", "ls", "lessOrEqual", "hi", "greater", "hs", "greaterOrEqual");
  private static final List<String> FLOATING =
      List.of(
          "eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num",
          "nan");

  private ComparisonForms() {}

  static void fill(FormTable table) {
    for (Type type : List.of(B16, B32, B64)) {
      for (String comparison : List.of("eq", "ne")) {
        integer(table, comparison, SIGNED.get(comparison), type);
      }
    }
    for (Type type : IntegerForms.TYPES) {
      SIGNED.forEach((comparison, name) -> integer(table, comparison, name, type));
      if (!type.signed()) {
        UNSIGNED.forEach((comparison, name) -> integer(table, comparison, name, type));
      }
    }
    for (Type type : List.of(F16, F16X2, BF16, BF16X2, F32, F64)) {
      for (String comparison : FLOATING) {
        floating(table, comparison, type);
      }
    }
  }

  private static void integer(FormTable table, String comparison, String name, Type type) {
    boolean unsigned = type == U64 && !name.equals("equal") && !name.equals("notEqual");
    Scalar test = Scalar.of(Comparisons.class, name + (unsigned ? "Unsigned" : ""));
    table.add("setp." + comparison + "." + type.word(), Form.of(PRED, test, type, type));
  }

  private static void floating(FormTable table, String comparison, Type type) {
    Form form = Form.of(PRED, Scalar.of(Comparisons.class, comparison), type, type);
    table.add("setp." + comparison + "." + type.word(), form);
    if (type == F32) {
      table.add("setp." + comparison + ".ftz.f32", form.before(Scalar.of(Singles.class, "flush")));
    } else if (Form.element(type) == F16) {
      Form flushed = form.before(Scalar.of(Halves.class, "flush"));
      table.add("setp." + comparison + ".ftz." + type.word(), flushed);
    }
  }
}
