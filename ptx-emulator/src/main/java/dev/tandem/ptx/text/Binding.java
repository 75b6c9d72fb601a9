package dev.tandem.ptx.text;

import java.util.ArrayList;
import java.util.List;

/**
 * How the arguments and results of a call become the parameters of what is put in its place. Where the caller's variable has
 * room it simply is the function's parameter; elsewhere values are copied.
 */
final class Binding {
  private final Inliner inliner;
  private final Placement placement;
  private final Instruction at;
  private final Instance callee;
  private final List<Runnable> afterwards = new ArrayList<>();

  Binding(Inliner inliner, Placement placement, Instruction at, Instance callee) {
    this.inliner = inliner;
    this.placement = placement;
    this.at = at;
    this.callee = callee;
  }

  /** Writes what comes before the body. */
  void enter(List<Operand> results, List<Operand> arguments) {
    Function function = callee.function();
    check(function, "arguments", function.parameters().size(), arguments.size());
    check(function, "results", function.results().size(), results.size());
    for (int i = 0; i < arguments.size(); i++) {
      argument(function.parameters().get(i), arguments.get(i));
    }
    for (int i = 0; i < results.size(); i++) {
      result(function.results().get(i), results.get(i), arguments);
    }
  }

  /** Writes what comes after the body. */
  void leave() {
    afterwards.forEach(Runnable::run);
  }

  private void check(Function function, String what, int takes, int got) {
    if (takes != got) {
      throw at.unknown(
          "calls " + function.name() + ", which has " + takes + " " + what + ", with " + got);
    }
  }

  private void argument(Variable parameter, Operand given) {
    if (parameter.space() == Space.REG) {
      load(register(parameter), given);
    } else if (fits(parameter, given)) {
      callee.bind(parameter, ((Operand.Symbol) given).variable());
    } else {
      Variable own = placement.fresh(parameter);
      callee.bind(parameter, own);
      store(own, given, parameter);
    }
  }

  private void result(Variable result, Operand wanted, List<Operand> arguments) {
    if (result.space() == Space.REG) {
      afterwards.add(() -> keep(wanted, register(result)));
    } else if (fits(result, wanted) && !arguments.contains(wanted)) {
      callee.bind(result, ((Operand.Symbol) wanted).variable());
    } else {
      Variable own = placement.fresh(result);
      callee.bind(result, own);
      if (!(wanted instanceof Operand.Sink)) {
        afterwards.add(() -> fetch(wanted, own));
      }
    }
  }

  /** Whether the caller's operand is a local variable that can serve as this parameter. */
  private static boolean fits(Variable parameter, Operand given) {
    return given instanceof Operand.Symbol(Variable variable, long offset)
        && variable.space() == Space.LOCAL
        && offset == 0
        && variable.bytes() >= parameter.bytes()
        && variable.alignment() >= parameter.alignment();
  }

  private void load(Operand.Register to, Operand given) {
    if (given instanceof Operand.Symbol symbol) {
      add(
          "ld",
          List.of(space(symbol.variable()), to.type().word()),
          to,
          new Operand.Address(symbol, 0));
    } else {
      add("mov", List.of(to.type().word()), to, given);
    }
  }

  private void store(Variable to, Operand given, Variable parameter) {
    if (given instanceof Operand.Symbol symbol) {
      copy(new Operand.Symbol(to, 0), symbol, parameter.bytes());
    } else {
      add(
          "st",
          List.of("local", to.type().word()),
          new Operand.Address(new Operand.Symbol(to, 0), 0),
          given);
    }
  }

  private void keep(Operand wanted, Operand.Register from) {
    switch (wanted) {
      case Operand.Sink _ -> {}
      case Operand.Symbol symbol ->
          add("st", List.of("local", from.type().word()), new Operand.Address(symbol, 0), from);
      default -> add("mov", List.of(from.type().word()), wanted, from);
    }
  }

  private void fetch(Operand wanted, Variable from) {
    Operand.Symbol source = new Operand.Symbol(from, 0);
    if (wanted instanceof Operand.Symbol symbol) {
      copy(symbol, source, from.bytes());
    } else {
      add("ld", List.of("local", from.type().word()), wanted, new Operand.Address(source, 0));
    }
  }

  private void copy(Operand.Symbol to, Operand.Symbol from, long bytes) {
    Operand.Register between = new Operand.Register("copy@", Type.B64);
    int alignment = Math.min(to.variable().alignment(), from.variable().alignment());
    long common =
        Math.min(
            bytes,
            Math.min(to.variable().bytes() - to.offset(), from.variable().bytes() - from.offset()));
    for (long done = 0; done < common; ) {
      long width = Math.min(Math.min(alignment, Long.BYTES), Long.highestOneBit(common - done));
      String type = "b" + width * Byte.SIZE;
      add("ld", List.of(space(from.variable()), type), between, new Operand.Address(from, done));
      add("st", List.of("local", type), new Operand.Address(to, done), between);
      done += width;
    }
  }

  private static String space(Variable variable) {
    return variable.space() == Space.PARAM ? "param" : "local";
  }

  private Operand.Register register(Variable parameter) {
    return callee.register(new Operand.Register(parameter.name(), parameter.type()));
  }

  private void add(String opcode, List<String> modifiers, Operand... operands) {
    inliner.add(
        new Instruction(at.line(), at.source(), null, opcode, modifiers, List.of(operands)));
  }
}
