package dev.tandem.ptx.text;

import java.util.List;
import java.util.stream.Collectors;

/** Prints operands and instructions as PTX, so that tests can compare them with text. */
final class Listing {
  private Listing() {}

  static String of(Operand operand) {
    return switch (operand) {
      case Operand.Register register -> register.name();
      case Operand.Special special -> special.name();
      case Operand.IntegerLiteral literal -> Long.toString(literal.value());
      case Operand.FloatLiteral literal ->
          literal.single()
              ? String.format("0f%08X", literal.bits())
              : String.format("0d%016X", literal.bits());
      case Operand.Symbol(Variable variable, long offset) ->
          variable.name() + (offset == 0 ? "" : "+" + offset);
      case Operand.FunctionAddress(String name) -> "&" + name;
      case Operand.Address(Operand base, long offset) ->
          "[" + of(base) + (offset == 0 ? "" : "+" + offset) + "]";
      case Operand.Vector(List<Operand> parts) ->
          parts.stream().map(Listing::of).collect(Collectors.joining(", ", "{", "}"));
      case Operand.Pair(Operand first, Operand second) -> of(first) + "|" + of(second);
      case Operand.Not(Operand predicate) -> "!" + of(predicate);
      case Operand.Target(_, int index) -> "->" + index;
      case Operand.Sink() -> "_";
    };
  }

  static String of(Instruction instruction) {
    Guard guard = instruction.guard();
    String before =
        guard == null ? "" : "@" + (guard.negated() ? "!" : "") + guard.predicate().name() + " ";
    String operands =
        instruction.operands().stream().map(Listing::of).collect(Collectors.joining(", "));
    return before + instruction.name() + (operands.isEmpty() ? "" : " " + operands);
  }

  static String of(Statement statement) {
    return switch (statement) {
      case Statement.Label(String name, _) -> name + ":";
      case Statement.Do(Instruction instruction) -> of(instruction);
      case Statement.Call call -> of(call.instruction());
      case Statement.Branch(Instruction instruction, List<String> labels) ->
          of(instruction) + " " + labels;
    };
  }

  /** Instructions, each on a line with its index. */
  static String of(List<Instruction> code) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < code.size(); i++) {
      text.append(i).append(": ").append(of(code.get(i))).append('\n');
    }
    return text.toString();
  }
}
