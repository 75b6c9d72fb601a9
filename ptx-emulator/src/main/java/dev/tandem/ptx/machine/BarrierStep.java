package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.PtxException;
import dev.tandem.ptx.text.Type;
import java.util.ArrayList;
import java.util.List;

/** {@code bar} and {@code barrier}: sync, arrive, and red with its three operations. */
final class BarrierStep extends ControlStep {
  /** What {@code bar.red} makes of all predicates. */
  private enum Reduction {
    NONE,
    POPC,
    AND,
    OR
  }

  /** Whether all lanes of a warp must come by the same instruction. */
  final boolean aligned;

  /** Whether lanes stay until the barrier is complete. */
  final boolean waits;

  private final Reduction reduction;
  private final int number;
  private final int count;
  private final int predicate;
  private final int flip;
  private final int result;

  private BarrierStep(Instruction instruction, Scope scope, Reduction reduction) {
    super(instruction);
    this.reduction = reduction;
    aligned = instruction.opcode().equals("bar") || instruction.has("aligned");
    waits = !instruction.has("arrive");
    List<Operand> operands = new ArrayList<>(instruction.operands());
    if (reduction == Reduction.NONE) {
      predicate = -1;
      flip = 0;
      result = -1;
    } else {
      Operand to = operands.removeFirst();
      result =
          reduction == Reduction.POPC
              ? scope.destination(instruction, to)
              : scope.predicate(instruction, to);
      Operand from = operands.removeLast();
      flip = from instanceof Operand.Not ? -1 : 0;
      predicate =
          scope.predicate(instruction, from instanceof Operand.Not(Operand inside) ? inside : from);
    }
    number = scope.source(instruction, operands.get(0), Type.U32);
    count = operands.size() > 1 ? scope.source(instruction, operands.get(1), Type.U32) : -1;
  }

  static Step decode(Instruction instruction, Scope scope) {
    List<String> words = new ArrayList<>(instruction.modifiers());
    words.removeAll(List.of("cta", "aligned", "u32", "pred"));
    Reduction reduction =
        switch (words.toString()) {
          case "[sync]", "[arrive]" -> Reduction.NONE;
          case "[red, popc]" -> Reduction.POPC;
          case "[red, and]" -> Reduction.AND;
          case "[red, or]" -> Reduction.OR;
          default ->
              throw instruction.unknown("is none of sync, arrive, red.popc, red.and and red.or");
        };
    int operands = instruction.operands().size() - (reduction == Reduction.NONE ? 0 : 2);
    if (operands < 1 || operands > 2 || (instruction.has("arrive") && operands != 2)) {
      throw instruction.unknown("got " + instruction.operands().size() + " operands");
    }
    checkLiterals(instruction, reduction == Reduction.NONE ? 0 : 1, operands);
    return new BarrierStep(instruction, scope, reduction);
  }

  private static void checkLiterals(Instruction instruction, int first, int operands) {
    if (instruction.operand(first) instanceof Operand.IntegerLiteral(long number)
        && (number < 0 || number >= Block.BARRIERS)) {
      throw new PtxException(
          instruction.line(), instruction.name() + ": barriers are 0 to 15, got " + number);
    }
    if (operands == 2
        && instruction.operand(first + 1) instanceof Operand.IntegerLiteral(long count)
        && (count <= 0 || count % Warp.LANES != 0)) {
      throw new PtxException(
          instruction.line(),
          instruction.name() + ": the count must be a multiple of 32 above 0, got " + count);
    }
  }

  @Override
  public void run(Warp warp, int mask) {
    int votes = predicate < 0 ? 0 : warp.p[predicate] ^ flip;
    for (int rest = mask; rest != 0; ) {
      int lane = Integer.numberOfTrailingZeros(rest);
      int barrier = (int) warp.r[number][lane];
      int threads = count < 0 ? 0 : (int) warp.r[count][lane];
      int same = 0;
      for (int others = rest; others != 0; others &= others - 1) {
        int other = Integer.numberOfTrailingZeros(others);
        boolean alike =
            (int) warp.r[number][other] == barrier
                && (count < 0 || (int) warp.r[count][other] == threads);
        same |= alike ? 1 << other : 0;
      }
      rest &= ~same;
      check(warp, lane, barrier, threads);
      warp.block.barrier(barrier).arrive(warp, this, same, threads, votes);
    }
  }

  private void check(Warp warp, int lane, int barrier, int threads) {
    if (barrier < 0 || barrier >= Block.BARRIERS) {
      throw warp.block.illegal(warp, this, lane, "barriers are 0 to 15, got " + barrier);
    }
    if (count >= 0 && (threads <= 0 || threads % Warp.LANES != 0)) {
      throw warp.block.illegal(
          warp, this, lane, "the count must be a multiple of 32 above 0, got " + threads);
    }
  }

  /** The barrier is complete: gives lanes that waited their results. */
  void finish(Warp warp, int mask, Barrier barrier) {
    switch (reduction) {
      case NONE -> {}
      case POPC -> {
        for (int rest = mask; rest != 0; rest &= rest - 1) {
          warp.r[result][Integer.numberOfTrailingZeros(rest)] = barrier.trues();
        }
      }
      case AND -> set(warp, mask, barrier.falses() == 0);
      case OR -> set(warp, mask, barrier.trues() > 0);
    }
  }

  private void set(Warp warp, int mask, boolean value) {
    warp.p[result] = value ? warp.p[result] | mask : warp.p[result] & ~mask;
  }
}
