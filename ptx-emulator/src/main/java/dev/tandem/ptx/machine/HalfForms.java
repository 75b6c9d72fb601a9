package dev.tandem.ptx.machine;

import static dev.tandem.ptx.text.Type.BF16;
import static dev.tandem.ptx.text.Type.BF16X2;
import static dev.tandem.ptx.text.Type.F16;
import static dev.tandem.ptx.text.Type.F16X2;

import dev.tandem.ptx.text.Type;
import java.util.List;

/** Arithmetic in f16 and bf16 and pairs of them, section 9.7.4 of the PTX ISA. */
final class HalfForms {
  private static final Scalar SATURATE = Scalar.of(Singles.class, "saturate");
  private static final Scalar RELU = Scalar.of(Singles.class, "relu");
  private static final Scalar FLUSH = Scalar.of(Halves.class, "flush");
  private static final Scalar FLUSH_RESULT = Scalar.of(Halves.class, "flushResult");

  private HalfForms() {}

  static void fill(FormTable table) {
    for (Type type : List.of(F16, F16X2)) {
      halves(table, type, "." + type.word());
    }
    for (Type type : List.of(BF16, BF16X2)) {
      bfloats(table, type, "." + type.word());
    }
  }

  private static void halves(FormTable table, Type type, String word) {
    for (String rounding : List.of("", ".rn")) {
      saturated(table, "add" + rounding, word, Form.uniform(type, halves("add")));
      saturated(table, "sub" + rounding, word, Form.uniform(type, halves("subtract")));
      saturated(table, "mul" + rounding, word, Form.uniform(type, halves("multiply")));
    }
    Form fma = Form.uniform(type, halves("fma"));
    saturated(table, "fma.rn", word, fma);
    table.add("fma.rn.relu" + word, fma.after(RELU));
    table.add("fma.rn.ftz.relu" + word, flush(fma.after(RELU)));
    for (String op : List.of("min", "max")) {
      for (String rule : List.of("", ".NaN", ".xorsign.abs", ".NaN.xorsign.abs")) {
        Form form = order(type, op, rule);
        table.add(op + rule + word, form);
        table.add(op + ".ftz" + rule + word, flush(form));
      }
    }
    table.add("neg" + word, Form.uniform(type, halves("negate")));
    table.add("abs" + word, Form.uniform(type, halves("absolute")));
    table.add("neg.ftz" + word, flush(Form.uniform(type, singles("negate"))));
    table.add("abs.ftz" + word, flush(Form.uniform(type, singles("absolute"))));
    table.add("ex2.approx" + word, Form.uniform(type, approximate("power")));
    table.add("tanh.approx" + word, Form.uniform(type, approximate("tangent")));
  }

  private static void bfloats(FormTable table, Type type, String word) {
    for (String rounding : List.of("", ".rn")) {
      table.add("add" + rounding + word, Form.uniform(type, halves("add")));
      table.add("sub" + rounding + word, Form.uniform(type, halves("subtract")));
      table.add("mul" + rounding + word, Form.uniform(type, bfloats("multiply")));
    }
    Form fma = Form.uniform(type, bfloats("fma"));
    table.add("fma.rn" + word, fma);
    table.add("fma.rn.relu" + word, fma.after(RELU));
    for (String op : List.of("min", "max")) {
      for (String rule : List.of("", ".NaN", ".xorsign.abs", ".NaN.xorsign.abs")) {
        table.add(op + rule + word, order(type, op, rule));
      }
    }
    table.add("neg" + word, Form.uniform(type, halves("negate")));
    table.add("abs" + word, Form.uniform(type, halves("absolute")));
    Scalar flush = singles("flush");
    table.add(
        "ex2.approx.ftz" + word,
        Form.uniform(type, approximate("power")).before(flush).after(flush));
    table.add("tanh.approx" + word, Form.uniform(type, approximate("tangent")));
  }

  private static void saturated(FormTable table, String name, String word, Form form) {
    table.add(name + word, form);
    table.add(name + ".ftz" + word, flush(form));
    table.add(name + ".sat" + word, form.after(SATURATE));
    table.add(name + ".ftz.sat" + word, flush(form.after(SATURATE)));
  }

  private static Form flush(Form form) {
    return form.before(FLUSH).after(FLUSH_RESULT);
  }

  private static Form order(Type type, String op, String rule) {
    String nan = rule.contains("NaN") ? "Nan" : "";
    String sign = rule.contains("xorsign") ? "XorSign" : "";
    return Form.uniform(type, singles(op + nan + sign));
  }

  private static Scalar halves(String name) {
    return Scalar.of(Halves.class, name);
  }

  private static Scalar bfloats(String name) {
    return Scalar.of(Bfloats.class, name);
  }

  private static Scalar singles(String name) {
    return Scalar.of(Singles.class, name);
  }

  private static Scalar approximate(String name) {
    return Scalar.of(Approximations.class, name);
  }
}
