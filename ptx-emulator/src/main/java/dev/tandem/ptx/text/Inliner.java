package dev.tandem.ptx.text;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes out a kernel with every function that it calls, depth first, in the order of the calls. */
final class Inliner {
  /** Instructions, and calls, that a kernel may come to. */
  static final int LIMIT = 1_000_000;

  /** Opcodes whose {@code .param} means the space of an address. */
  private static final Set<String> ADDRESSING = Set.of("ld", "st", "cvta");

  private final PtxModule module;
  private final Placement placement;
  private final List<Instruction> code = new ArrayList<>();
  private final Map<String, Integer> labels = new HashMap<>();
  private final Map<String, Integer> functionNumbers = new HashMap<>();
  private final List<String> active = new ArrayList<>();
  private int instances;

  Inliner(PtxModule module, Function kernel) {
    this.module = module;
    this.placement = new Placement(module, kernel);
    functionNumbers.put(kernel.name(), 0);
    active.add(kernel.name());
    body(new Instance(kernel, 0, 0));
    end(kernel);
  }

  /** Straight code, whose targets have labels but no indices yet. */
  List<Instruction> code() {
    return code;
  }

  Map<String, Integer> labels() {
    return labels;
  }

  List<Variable> shared() {
    return placement.shared();
  }

  List<Variable> local() {
    return placement.local();
  }

  private void body(Instance instance) {
    List<Statement> statements = instance.function().body();
    int last = statements.size() - 1;
    while (last >= 0 && statements.get(last) instanceof Statement.Label) {
      last--;
    }
    for (int i = 0; i < statements.size(); i++) {
      switch (statements.get(i)) {
        case Statement.Label(String name, _) -> labels.put(instance.label(name), code.size());
        case Statement.Do(Instruction instruction)
            when instruction.opcode().equals("ret") && !instance.kernel() -> {
          if (i < last || instruction.guard() != null) {
            jump(rewritten(instance, instruction), "bra", List.of(target(instance.end())));
          }
        }
        case Statement.Do(Instruction instruction) -> add(rewritten(instance, instruction));
        case Statement.Branch(Instruction instruction, List<String> targets) ->
            branch(instance, instruction, targets);
        case Statement.Call call -> call(instance, call);
      }
    }
    if (!instance.kernel()) {
      labels.put(instance.end(), code.size());
    }
  }

  /** The kernel's end, where control must not run out of the code. */
  private void end(Function kernel) {
    Instruction last = code.isEmpty() ? null : code.getLast();
    boolean stops =
        last != null
            && last.guard() == null
            && Set.of("ret", "exit", "bra").contains(last.opcode());
    if (!stops || labels.containsValue(code.size())) {
      int line = last == null ? kernel.line() : last.line();
      add(
          new Instruction(
              line, last == null ? null : last.source(), null, "ret", List.of(), List.of()));
    }
  }

  private void branch(Instance instance, Instruction instruction, List<String> targets) {
    Instruction rewritten = rewritten(instance, instruction);
    List<Operand> operands = new ArrayList<>(rewritten.operands());
    targets.forEach(label -> operands.add(target(instance.label(label))));
    jump(rewritten, instruction.opcode(), operands);
  }

  private void call(Instance caller, Statement.Call call) {
    Instruction at = call.instruction();
    if (call.function() == null) {
      throw at.unknown(
          "calls the function whose address a register has; indirect calls are not emulated, call by name");
    }
    Function function = module.functions().get(call.function());
    if (function.kernel()) {
      throw at.unknown("calls kernel " + function.name() + "; only device functions can be called");
    }
    if (function.body() == null) {
      system(caller, call);
      return;
    }
    enter(at, function.name());
    int number = functionNumbers.computeIfAbsent(function.name(), _ -> functionNumbers.size());
    Instance callee = new Instance(function, number, ++instances);
    Guard guard = guard(caller, at.guard());
    if (guard != null) {
      Instruction skip = with(at, new Guard(guard.predicate(), !guard.negated()), List.of());
      jump(skip, "bra", List.of(target("after" + callee.end())));
    }
    Binding binding = new Binding(this, placement, at, callee);
    binding.enter(operands(caller, at, call.results()), operands(caller, at, call.arguments()));
    body(callee);
    binding.leave();
    labels.put("after" + callee.end(), code.size());
    active.removeLast();
  }

  private void enter(Instruction at, String function) {
    int first = active.indexOf(function);
    active.add(function);
    if (first >= 0) {
      throw at.unknown(
          "recursion, "
              + String.join(" -> ", active.subList(first, active.size()))
              + ", is not emulated; write it as a loop");
    }
    checkSize(at);
  }

  /** A call that stays one. */
  private void system(Instance caller, Statement.Call call) {
    Instruction at = call.instruction();
    String name = call.function();
    int results = call.results().size();
    int arguments = call.arguments().size();
    boolean fits =
        switch (name) {
          case "vprintf" -> results <= 1 && arguments == 2;
          case "__assertfail" -> results == 0 && arguments == 5;
          case "malloc" -> results <= 1 && arguments == 1;
          case "free" -> results == 0 && arguments == 1;
          default ->
              throw at.unknown(
                  "calls "
                      + name
                      + ", which has no body in this module; link it in (nvcc -rdc=false, or one source)");
        };
    if (!fits) {
      throw at.unknown(
          "calls "
              + name
              + " with "
              + results
              + " results and "
              + arguments
              + " arguments; pass what it takes");
    }
    List<Operand> operands = new ArrayList<>(operands(caller, at, call.results()));
    operands.add(new Operand.FunctionAddress(name));
    operands.addAll(operands(caller, at, call.arguments()));
    add(with(at, guard(caller, at.guard()), operands));
  }

  void add(Instruction instruction) {
    code.add(instruction);
    checkSize(instruction);
  }

  private void checkSize(Instruction at) {
    if (code.size() + instances > LIMIT) {
      throw at.unknown(
          "the kernel comes to more than "
              + LIMIT
              + " instructions with its functions in place; let fewer calls nest");
    }
  }

  private void jump(Instruction at, String opcode, List<Operand> operands) {
    add(new Instruction(at.line(), at.source(), at.guard(), opcode, at.modifiers(), operands));
  }

  private static Operand target(String label) {
    return new Operand.Target(label, -1);
  }

  private Instruction rewritten(Instance instance, Instruction at) {
    List<Operand> operands = operands(instance, at, at.operands());
    List<String> modifiers = at.modifiers();
    if (ADDRESSING.contains(at.opcode())
        && at.space() == Space.PARAM
        && local(instance, at, operands)) {
      modifiers =
          modifiers.stream().map(word -> Space.of(word).isPresent() ? "local" : word).toList();
    }
    return new Instruction(
        at.line(), at.source(), guard(instance, at.guard()), at.opcode(), modifiers, operands);
  }

  /** Whether {@code .param} means what has become a local variable. */
  private static boolean local(Instance instance, Instruction at, List<Operand> operands) {
    for (Operand operand : operands) {
      Operand base = operand instanceof Operand.Address(Operand inside, _) ? inside : operand;
      if (base instanceof Operand.Symbol(Variable variable, _)) {
        return variable.space() == Space.LOCAL;
      }
    }
    // In a device function a register can only have the address of one of its own parameters.
    return !instance.kernel() && !at.has("param::entry");
  }

  private List<Operand> operands(Instance instance, Instruction at, List<Operand> written) {
    List<Operand> operands = new ArrayList<>(written.size());
    for (Operand operand : written) {
      operands.add(operand(instance, at, operand));
    }
    return List.copyOf(operands);
  }

  private Operand operand(Instance instance, Instruction at, Operand written) {
    return switch (written) {
      case Operand.Register register -> instance.register(register);
      case Operand.Symbol(Variable variable, long offset) ->
          new Operand.Symbol(placement.of(instance, variable, at.line()), offset);
      case Operand.Address(Operand base, long offset) ->
          new Operand.Address(operand(instance, at, base), offset);
      case Operand.Vector(List<Operand> parts) -> new Operand.Vector(operands(instance, at, parts));
      case Operand.Pair(Operand first, Operand second) ->
          new Operand.Pair(operand(instance, at, first), operand(instance, at, second));
      case Operand.Not(Operand predicate) -> new Operand.Not(operand(instance, at, predicate));
      case Operand.FunctionAddress(String name) ->
          throw at.unknown(
              "takes the address of function "
                  + name
                  + "; functions have none here, call it by name");
      default -> written;
    };
  }

  private static Guard guard(Instance instance, Guard written) {
    return written == null
        ? null
        : new Guard(instance.register(written.predicate()), written.negated());
  }

  private static Instruction with(Instruction at, Guard guard, List<Operand> operands) {
    return new Instruction(
        at.line(), at.source(), guard, at.opcode(), at.modifiers(), List.copyOf(operands));
  }
}
