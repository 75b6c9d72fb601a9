package dev.tandem.ptx.text;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The variables that a kernel and what it calls use, under names that are unique in it. */
final class Placement {
  private final PtxModule module;
  private final Set<String> taken = new HashSet<>();
  private final List<Variable> local = new ArrayList<>();
  private final Set<Variable> shared = new LinkedHashSet<>();
  private int renamed;

  Placement(PtxModule module, Function kernel) {
    this.module = module;
    for (Variable parameter : kernel.parameters()) {
      taken.add(parameter.name());
    }
    taken.addAll(module.variables().keySet());
  }

  List<Variable> local() {
    return List.copyOf(local);
  }

  /** Those of known size, then the extern ones, which lie behind them. */
  List<Variable> shared() {
    List<Variable> all = new ArrayList<>(shared.stream().filter(v -> !v.extern()).toList());
    all.addAll(shared.stream().filter(Variable::extern).toList());
    return List.copyOf(all);
  }

  /** The variable that a name of an instance stands for. */
  Variable of(Instance instance, Variable written, int line) {
    Variable bound = instance.bound(written);
    if (bound != null) {
      return bound;
    }
    Variable linked =
        switch (written.space()) {
          case PARAM -> parameter(instance, written);
          case LOCAL -> fresh(written);
          default -> ofModule(written, line);
        };
    instance.bind(written, linked);
    return linked;
  }

  /** A local variable of its own, of the shape of one written. */
  Variable fresh(Variable written) {
    String name = written.name();
    while (!taken.add(name)) {
      name = written.name() + "@" + ++renamed;
    }
    Variable variable =
        new Variable(
            name,
            Space.LOCAL,
            written.type(),
            written.bytes(),
            written.alignment(),
            written.initial(),
            written.addresses(),
            false,
            written.line());
    local.add(variable);
    return variable;
  }

  private Variable parameter(Instance instance, Variable written) {
    boolean ofKernel = instance.kernel() && instance.function().parameters().contains(written);
    return ofKernel ? written : fresh(written);
  }

  private Variable ofModule(Variable written, int line) {
    // Operands may have a declaration that was read before the definition.
    Variable variable = written.extern() ? module.variables().get(written.name()) : written;
    if (variable.space() == Space.SHARED) {
      shared.add(variable);
    } else if (variable.extern()) {
      throw new PtxException(
          line,
          variable.name()
              + " is declared .extern on line "
              + variable.line()
              + " and defined nowhere; define it");
    }
    return variable;
  }
}
