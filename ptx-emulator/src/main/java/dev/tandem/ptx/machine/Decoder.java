package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;

/** Makes a {@link Step} of each instruction. What no family knows is refused here, when the module loads. */
final class Decoder {
  private Decoder() {}

  static Step decode(Instruction instruction, Scope scope) {
    Step step =
        switch (instruction.opcode()) {
          case "ld",
              "ldu",
              "st",
              "cvta",
              "isspacep",
              "prefetch",
              "prefetchu",
              "discard",
              "applypriority",
              "createpolicy" ->
              MemorySteps.decode(instruction, scope);
          case "atom", "red" -> AtomicSteps.decode(instruction, scope);
          case "cp" -> AsyncCopySteps.decode(instruction, scope);
          case "mma", "wmma", "ldmatrix", "stmatrix", "movmatrix" ->
              MatrixSteps.decode(instruction, scope);
          case "bar",
              "barrier",
              "bra",
              "brx",
              "ret",
              "exit",
              "call",
              "trap",
              "brkpt",
              "nanosleep",
              "membar",
              "fence",
              "pmevent",
              "griddepcontrol" ->
              ControlSteps.decode(instruction, scope);
          case "shfl", "vote", "match", "redux", "activemask", "elect" ->
              WarpSteps.decode(instruction, scope);
          default -> ArithmeticSteps.decode(instruction, scope);
        };
    if (instruction.guard() != null) {
      step.guard = scope.predicate(instruction, instruction.guard().predicate());
      step.guardFlip = instruction.guard().negated() ? -1 : 0;
    }
    return step;
  }
}
