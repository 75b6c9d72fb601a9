package dev.tandem.ptx.text;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a module has declared so far. */
final class Declarations {
  final Map<String, Variable> variables = new LinkedHashMap<>();
  final Map<String, Function> functions = new LinkedHashMap<>();

  /** Files of {@code .file}, by number. */
  final Map<Integer, String> files = new HashMap<>();

  private final Set<String> taken = new HashSet<>();
  private int renamed;

  /** A name that no other variable of the module has: as written where that is free. */
  String unique(String name) {
    String unique = name;
    while (!taken.add(unique)) {
      unique = name + "#" + ++renamed;
    }
    return unique;
  }

  void variable(Variable variable) {
    taken.add(variable.name());
    Variable earlier = variables.get(variable.name());
    if (earlier == null || earlier.extern()) {
      variables.put(variable.name(), variable);
    } else if (!variable.extern()) {
      throw new PtxException(
          variable.line(),
          "variable " + variable.name() + " is defined twice, first on line " + earlier.line());
    }
  }

  /** Adds a definition, or a declaration, which never takes a definition's place. */
  void function(Function function) {
    Function earlier = functions.get(function.name());
    if (earlier == null || earlier.body() == null) {
      functions.put(function.name(), function);
    } else if (function.body() != null) {
      throw new PtxException(
          function.line(),
          "function " + function.name() + " is defined twice, first on line " + earlier.line());
    }
  }

  /** Gives a function a second name. */
  void alias(String name, String of, int line) {
    Function function = functions.get(of);
    if (function == null || function.body() == null || function.kernel()) {
      throw new PtxException(
          line, ".alias: " + of + " is no device function defined before this; define it first");
    }
    functions.put(
        name,
        new Function(
            name,
            false,
            function.parameters(),
            function.results(),
            function.variables(),
            function.body(),
            function.limits(),
            function.line()));
  }

  /** Refuses initialisers that name what does not exist. */
  void checkAddresses() {
    for (Variable variable : variables.values()) {
      List<Variable.AddressOf> addresses = variable.addresses();
      for (Variable.AddressOf address : addresses) {
        if (functions.containsKey(address.variable())) {
          throw new PtxException(
              variable.line(),
              variable.name()
                  + ": its initialiser has the address of function "
                  + address.variable()
                  + "; functions have none here, call them by name");
        }
        Variable named = variables.get(address.variable());
        if (named == null
            || named.extern()
            || named.space() == Space.SHARED
            || named.space() == Space.LOCAL) {
          throw new PtxException(
              variable.line(),
              variable.name()
                  + ": its initialiser names "
                  + address.variable()
                  + ", which is no global or constant variable defined in this module; define it");
        }
      }
    }
  }
}
