package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Which registers an instruction reads, and which it writes. */
final class Operands {
  /** Opcodes whose first operand, though it may be a register, is read. */
  private static final Set<String> NO_RESULT =
      Set.of("bra", "brx", "nanosleep", "ret", "exit", "setmaxnreg");

  private Operands() {}

  /** Registers read, the guard's and those of addresses included. */
  static List<Operand.Register> reads(Instruction instruction) {
    List<Operand.Register> found = new ArrayList<>();
    if (instruction.guard() != null) {
      found.add(instruction.guard().predicate());
    }
    List<Operand> operands = instruction.operands();
    for (int i = results(instruction); i < operands.size(); i++) {
      collect(operands.get(i), found);
    }
    return found;
  }

  /** Registers written, if the guard lets it. */
  static List<Operand.Register> writes(Instruction instruction) {
    List<Operand.Register> found = new ArrayList<>();
    for (int i = 0; i < results(instruction); i++) {
      collect(instruction.operands().get(i), found);
    }
    return found;
  }

  /** How many operands, from the first on, are results. */
  private static int results(Instruction instruction) {
    List<Operand> operands = instruction.operands();
    if (instruction.opcode().equals("call")) {
      int callee = 0;
      while (callee < operands.size()
          && !(operands.get(callee) instanceof Operand.FunctionAddress)) {
        callee++;
      }
      return callee;
    }
    boolean barrier = instruction.opcode().equals("bar") || instruction.opcode().equals("barrier");
    boolean none =
        operands.isEmpty()
            || operands.getFirst() instanceof Operand.Address
            || NO_RESULT.contains(instruction.opcode())
            || (barrier && !instruction.has("red"));
    return none ? 0 : 1;
  }

  private static void collect(Operand operand, List<Operand.Register> into) {
    switch (operand) {
      case Operand.Register register -> into.add(register);
      case Operand.Address(Operand base, long _) -> collect(base, into);
      case Operand.Vector(List<Operand> parts) -> parts.forEach(part -> collect(part, into));
      case Operand.Pair(Operand first, Operand second) -> {
        collect(first, into);
        collect(second, into);
      }
      case Operand.Not(Operand predicate) -> collect(predicate, into);
      default -> {}
    }
  }
}
