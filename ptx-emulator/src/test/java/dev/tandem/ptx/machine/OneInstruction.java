package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.LinkedKernel;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Runs one instruction on lanes with given operands, by way of decoding, for tests. */
final class OneInstruction {
  private OneInstruction() {}

  /** An instruction as the parser would give it. */
  static Instruction of(String name, Operand... operands) {
    List<String> words = List.of(name.split("\\."));
    return new Instruction(
        1, null, null, words.getFirst(), words.subList(1, words.size()), List.of(operands));
  }

  static Operand register(String name, Type type) {
    return new Operand.Register(name, type);
  }

  static Scope scope() {
    LinkedKernel kernel =
        new LinkedKernel("test", List.of(), List.of(), 0, List.of(), List.of(), List.of(), null);
    return new Scope(kernel, _ -> 0);
  }

  static Warp warp(Scope scope) {
    return new Warp(null, 0, -1, scope.slots(), scope.predicateSlots());
  }

  /**
   * Results for all cases, 32 at a time; the last warp may be partly masked out.
   *
   * @param cases of each the operands' bits
   */
  static long[] run(String name, List<long[]> cases) {
    int count = cases.getFirst().length;
    Scope scope = scope();
    List<Operand> operands = new ArrayList<>(List.of(register("%to", Type.B64)));
    int[] slots = new int[count];
    for (int i = 0; i < count; i++) {
      operands.add(register("%from" + i, Type.B64));
    }
    Instruction instruction = of(name, operands.toArray(Operand[]::new));
    Step step = ArithmeticSteps.decode(instruction, scope);
    for (int i = 0; i <= count; i++) {
      int slot = scope.destination(instruction, operands.get(i));
      if (i > 0) {
        slots[i - 1] = slot;
      }
    }
    Warp warp = warp(scope);
    long[] to = warp.r[scope.destination(instruction, operands.getFirst())];
    long[] results = new long[cases.size()];
    for (int from = 0; from < results.length; from += Warp.LANES) {
      int lanes = Math.min(Warp.LANES, results.length - from);
      for (int lane = 0; lane < lanes; lane++) {
        for (int i = 0; i < count; i++) {
          warp.r[slots[i]][lane] = cases.get(from + lane)[i];
        }
      }
      Arrays.fill(to, 0);
      step.run(warp, lanes == Warp.LANES ? -1 : (1 << lanes) - 1);
      System.arraycopy(to, 0, results, from, lanes);
    }
    return results;
  }
}
