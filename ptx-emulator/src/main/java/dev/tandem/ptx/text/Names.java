package dev.tandem.ptx.text;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The names of a scope of a function's body, and of the scopes around it. */
final class Names {
  private final Names outer;
  private final String suffix;
  private final Map<String, Registers> registers = new HashMap<>();
  private final Map<String, Variable> variables = new HashMap<>();
  private final Map<String, String> labels = new HashMap<>();
  private final Map<String, List<String>> tables = new HashMap<>();

  /**
   * @param suffix makes its registers' names unique in the function; empty for the function's own scope
   */
  Names(Names outer, String suffix) {
    this.outer = outer;
    this.suffix = suffix;
  }

  /**
   * Registers declared under one name.
   *
   * @param count how many, numbered from 0; negative for one without a number
   * @param width parts of a vector register; 1 for an ordinary one
   */
  private record Registers(Type type, int count, int width, String suffix) {}

  Names outer() {
    return outer;
  }

  void registers(String name, Type type, int count, int width, int line) {
    if (registers.putIfAbsent(name, new Registers(type, count, width, suffix)) != null) {
      throw new PtxException(
          line, "register " + name + " is declared twice in one scope; rename one");
    }
  }

  void variable(String name, Variable variable) {
    if (variables.putIfAbsent(name, variable) != null) {
      throw new PtxException(
          variable.line(), "variable " + name + " is declared twice in one scope; rename one");
    }
  }

  /**
   * @param unique its name in the whole function
   */
  void label(String name, String unique, int line) {
    if (labels.putIfAbsent(name, unique) != null) {
      throw new PtxException(line, "label " + name + " stands twice in one scope; rename one");
    }
  }

  /** Labels that a {@code .branchtargets} lists. */
  void table(String name, List<String> targets) {
    tables.put(name, targets);
  }

  /** A register, or a vector register as its parts. */
  Optional<Operand> register(String name) {
    for (Names names = this; names != null; names = names.outer) {
      Registers declared = names.registers.get(name);
      if (declared != null && declared.count < 0) {
        return Optional.of(operand(name, declared));
      }
    }
    int digits = name.length();
    while (digits > 0 && Character.isDigit(name.charAt(digits - 1))) {
      digits--;
    }
    // "%r10" is number 10 of "%r", but may also be number 0 of "%r1".
    for (int split = digits; split < name.length(); split++) {
      Optional<Operand> found = numbered(name, split);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  Optional<Variable> variable(String name) {
    for (Names names = this; names != null; names = names.outer) {
      Variable variable = names.variables.get(name);
      if (variable != null) {
        return Optional.of(variable);
      }
    }
    return Optional.empty();
  }

  /** What a label is called in the whole function. */
  String target(String label, int line) {
    for (Names names = this; names != null; names = names.outer) {
      String unique = names.labels.get(label);
      if (unique != null) {
        return unique;
      }
    }
    throw new PtxException(line, "label " + label + " stands nowhere in this scope; add it");
  }

  List<String> targets(String table, int line) {
    for (Names names = this; names != null; names = names.outer) {
      List<String> found = names.tables.get(table);
      if (found != null) {
        return found.stream().map(label -> target(label, line)).toList();
      }
    }
    throw new PtxException(
        line, "no .branchtargets is called " + table + "; add it before the branch");
  }

  private Optional<Operand> numbered(String name, int split) {
    if (name.length() - split > 9 || split < name.length() - 1 && name.charAt(split) == '0') {
      return Optional.empty();
    }
    String prefix = name.substring(0, split);
    int number = Integer.parseInt(name.substring(split));
    for (Names names = this; names != null; names = names.outer) {
      Registers declared = names.registers.get(prefix);
      if (declared != null && number < declared.count) {
        return Optional.of(operand(name, declared));
      }
    }
    return Optional.empty();
  }

  private static Operand operand(String name, Registers declared) {
    String unique = name + declared.suffix;
    if (declared.width == 1) {
      return new Operand.Register(unique, declared.type);
    }
    Operand[] parts = new Operand[declared.width];
    for (int i = 0; i < parts.length; i++) {
      parts[i] = new Operand.Register(unique + "." + "xyzw".charAt(i), declared.type);
    }
    return new Operand.Vector(List.of(parts));
  }
}
