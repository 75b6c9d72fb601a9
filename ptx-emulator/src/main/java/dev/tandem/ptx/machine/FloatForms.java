package dev.tandem.ptx.machine;

import static dev.tandem.ptx.text.Type.F32;
import static dev.tandem.ptx.text.Type.F32X2;
import static dev.tandem.ptx.text.Type.F64;
import static dev.tandem.ptx.text.Type.PRED;

import dev.tandem.ptx.text.Type;
import java.util.List;
import java.util.Map;

/** Arithmetic in f32 and f64, section 9.7.3 of the PTX ISA. */
final class FloatForms {
  /** The modes of arithmetic. */
  static final List<Rounding> MODES = List.of(Rounding.RN, Rounding.RZ, Rounding.RM, Rounding.RP);

  private static final Map<String, String> SUMS =
      Map.of("add", "add", "sub", "subtract", "mul", "multiply", "fma", "fma", "mad", "fma");
  private static final Map<String, String> QUOTIENTS =
      Map.of("div", "divide", "rcp", "reciprocal", "sqrt", "squareRoot");

  private static final Scalar FLUSH = singles("flush");
  private static final Scalar SATURATE = singles("saturate");

  private FloatForms() {}

  static void fill(FormTable table) {
    for (Rounding mode : MODES) {
      String rounding = "." + mode.word();
      SUMS.forEach((op, name) -> {
        singleSums(table, op + rounding, single(name, mode));
        table.add(op + rounding + ".f64", Form.uniform(F64, doubled(name, mode)));
        if (!op.equals("mad")) {
          pairs(table, op + rounding, single(name, mode));
        }
      });
      QUOTIENTS.forEach((op, name) -> {
        flushed(table, op + rounding, F32, Form.uniform(F32, single(name, mode)));
        table.add(op + rounding + ".f64", Form.uniform(F64, doubled(name, mode)));
      });
    }
    for (String op : List.of("add", "sub", "mul")) {
      String name = SUMS.get(op);
      singleSums(table, op, single(name, Rounding.RN));
      table.add(op + ".f64", Form.uniform(F64, doubled(name, Rounding.RN)));
      pairs(table, op, single(name, Rounding.RN));
    }
    order(table);
    approximations(table);
    tests(table);
  }

  /** With and without {@code .ftz}, of which tininess is seen after rounding. */
  private static void flushed(FormTable table, String name, Type type, Form form) {
    table.add(name + "." + type.word(), form);
    table.add(name + ".ftz." + type.word(), form.before(FLUSH).after(FLUSH));
  }

  private static void singleSums(FormTable table, String name, Scalar scalar) {
    flushed(table, name, F32, Form.uniform(F32, scalar));
    Form saturated = Form.uniform(F32, scalar).after(SATURATE);
    table.add(name + ".sat.f32", saturated);
    table.add(name + ".ftz.sat.f32", saturated.before(FLUSH).after(FLUSH));
  }

  private static void pairs(FormTable table, String name, Scalar scalar) {
    flushed(table, name, F32X2, Form.uniform(F32X2, scalar));
  }

  private static void order(FormTable table) {
    for (String op : List.of("min", "max")) {
      order(table, op, "", singles(op));
      order(table, op, ".NaN", singles(op + "Nan"));
      order(table, op, ".xorsign.abs", singles(op + "XorSign"));
      order(table, op, ".NaN.xorsign.abs", singles(op + "NanXorSign"));
      table.add(op + ".f64", Form.uniform(F64, doubles(op)));
    }
    flushed(table, "neg", F32, Form.uniform(F32, singles("negate")));
    flushed(table, "abs", F32, Form.uniform(F32, singles("absolute")));
    table.add("neg.f64", Form.uniform(F64, doubles("negate")));
    table.add("abs.f64", Form.uniform(F64, doubles("absolute")));
  }

  private static void order(FormTable table, String op, String rule, Scalar scalar) {
    Form form = Form.uniform(F32, scalar);
    table.add(op + rule + ".f32", form);
    table.add(op + ".ftz" + rule + ".f32", form.before(FLUSH).after(FLUSH));
  }

  private static void approximations(FormTable table) {
    Map<String, String> names =
        Map.of(
            "rcp", "reciprocal",
            "sqrt", "squareRoot",
            "rsqrt", "reciprocalRoot",
            "div", "divide",
            "sin", "sine",
            "cos", "cosine",
            "lg2", "logarithm",
            "ex2", "power");
    names.forEach(
        (op, name) -> flushed(table, op + ".approx", F32, Form.uniform(F32, approximate(name))));
    flushed(table, "div.full", F32, Form.uniform(F32, singles("divide")));
    table.add("tanh.approx.f32", Form.uniform(F32, approximate("tangent")));
    table.add("rcp.approx.ftz.f64", Form.uniform(F64, approximate("reciprocalRough")));
    table.add("rsqrt.approx.f64", Form.uniform(F64, approximate("reciprocalRootDouble")));
    table.add("rsqrt.approx.ftz.f64", Form.uniform(F64, approximate("reciprocalRootRough")));
  }

  private static void tests(FormTable table) {
    for (Type type : List.of(F32, F64)) {
      for (String property : List.of("finite", "infinite", "number", "notanumber")) {
        Scalar test = Scalar.of(Comparisons.class, property);
        table.add("testp." + property + "." + type.word(), Form.of(PRED, test, type));
      }
      for (String property : List.of("normal", "subnormal")) {
        Scalar test = Scalar.of(Comparisons.class, property, type == F32);
        table.add("testp." + property + "." + type.word(), Form.of(PRED, test, type));
      }
    }
  }

  private static Scalar single(String name, Rounding mode) {
    return mode == Rounding.RN ? singles(name) : Scalar.of(DirectedSingles.class, name, mode);
  }

  private static Scalar doubled(String name, Rounding mode) {
    return mode == Rounding.RN ? doubles(name) : Scalar.of(DirectedDoubles.class, name, mode);
  }

  private static Scalar singles(String name) {
    return Scalar.of(Singles.class, name);
  }

  private static Scalar doubles(String name) {
    return Scalar.of(Doubles.class, name);
  }

  private static Scalar approximate(String name) {
    return Scalar.of(Approximations.class, name);
  }
}
