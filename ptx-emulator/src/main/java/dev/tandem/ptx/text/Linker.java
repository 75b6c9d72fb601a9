package dev.tandem.ptx.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Puts device functions in place of their calls, see {@link LinkedKernel}. */
public final class Linker {
  private Linker() {}

  /** Throws {@link PtxException} for what cannot be put in place: recursion, indirect calls, functions without a body. */
  public static LinkedKernel link(PtxModule module, String kernel) {
    Function function = module.functions().get(kernel);
    if (function == null || !function.kernel() || function.body() == null) {
      throw new PtxException(
          0, "link: the module has no kernel " + kernel + ", it has " + module.kernels());
    }
    Inliner inliner = new Inliner(module, function);
    List<Instruction> code = resolve(inliner.code(), inliner.labels());
    List<Long> offsets = new ArrayList<>();
    long bytes = 0;
    for (Variable parameter : function.parameters()) {
      bytes = (bytes + parameter.alignment() - 1) / parameter.alignment() * parameter.alignment();
      offsets.add(bytes);
      bytes += parameter.bytes();
    }
    return new LinkedKernel(
        kernel,
        function.parameters(),
        List.copyOf(offsets),
        bytes,
        code,
        inliner.shared(),
        inliner.local(),
        function.limits());
  }

  /** Gives every target its index. */
  private static List<Instruction> resolve(List<Instruction> code, Map<String, Integer> labels) {
    List<Instruction> resolved = new ArrayList<>(code.size());
    for (Instruction instruction : code) {
      boolean jumps = instruction.operands().stream().anyMatch(Operand.Target.class::isInstance);
      resolved.add(jumps ? resolve(instruction, labels) : instruction);
    }
    return List.copyOf(resolved);
  }

  private static Instruction resolve(Instruction jump, Map<String, Integer> labels) {
    List<Operand> operands = new ArrayList<>();
    for (Operand operand : jump.operands()) {
      operands.add(
          operand instanceof Operand.Target(String label, _)
              ? new Operand.Target(label, labels.get(label))
              : operand);
    }
    return new Instruction(
        jump.line(),
        jump.source(),
        jump.guard(),
        jump.opcode(),
        jump.modifiers(),
        List.copyOf(operands));
  }
}
