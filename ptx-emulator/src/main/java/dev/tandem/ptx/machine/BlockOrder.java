package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.LinkedKernel;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Space;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Whether the order in which blocks run can show in what a kernel computes. Reductions of one kind over integers commute;
 * whatever rounds, hands out tickets, swaps, or looks at what other blocks are doing does not. Kernels with none of that may
 * have their blocks run side by side and still give the same bits each time.
 *
 * <p>Blocks that read with plain loads what other blocks write race, and are for the sanitizer.
 */
final class BlockOrder {
  private static final Set<String> COMMUTING = Set.of("add", "and", "or", "xor", "min", "max");

  private final Set<String> read = new HashSet<>();
  private final Set<String> reductions = new HashSet<>();
  private boolean shows;

  private BlockOrder(LinkedKernel kernel) {
    for (Instruction instruction : kernel.code()) {
      Operands.reads(instruction).forEach(register -> read.add(register.name()));
    }
    kernel.code().forEach(this::look);
  }

  /** Whether it can show. */
  static boolean shows(LinkedKernel kernel) {
    BlockOrder order = new BlockOrder(kernel);
    return order.shows || order.reductions.size() > 1;
  }

  private void look(Instruction instruction) {
    switch (instruction.opcode()) {
      case "red", "atom" -> {
        if (beyondBlock(instruction)) {
          reduction(instruction);
        }
      }
      case "ld", "st" ->
          shows |=
              beyondBlock(instruction)
                  && List.of("volatile", "relaxed", "acquire", "release", "mmio").stream()
                      .anyMatch(instruction::has);
      case "membar" -> shows |= !instruction.has("cta");
      case "fence" -> shows |= instruction.has("gpu") || instruction.has("sys");
      case "call" -> shows |= heap(instruction);
      default -> {}
    }
  }

  private void reduction(Instruction instruction) {
    String operation =
        instruction.modifiers().stream().filter(COMMUTING::contains).findFirst().orElse("");
    boolean result =
        Operands.writes(instruction).stream().anyMatch(register -> read.contains(register.name()));
    if (operation.isEmpty() || result || instruction.type().floating()) {
      shows = true;
    }
    reductions.add(operation + instruction.type());
  }

  private static boolean beyondBlock(Instruction instruction) {
    Space space = instruction.space();
    return space == Space.GLOBAL || space == Space.GENERIC;
  }

  private static boolean heap(Instruction instruction) {
    return instruction.operands().stream()
        .anyMatch(operand ->
            operand instanceof Operand.FunctionAddress(String name)
                && (name.equals("malloc") || name.equals("free")));
  }
}
