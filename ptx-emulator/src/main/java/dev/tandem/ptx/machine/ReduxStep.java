package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Type;

/** {@code redux.sync}: one number of all lanes' numbers. */
final class ReduxStep extends MemberStep {
  /** How two numbers become one. */
  private enum Operation {
    ADD,
    MIN,
    MAX,
    UNSIGNED_MIN,
    UNSIGNED_MAX,
    AND,
    OR,
    XOR
  }

  private final Operation operation;
  private final int to;
  private final int from;

  ReduxStep(Instruction instruction, Scope scope) {
    super(instruction, instruction.operand(2), scope);
    operation =
        switch (instruction.name()) {
          case "redux.sync.add.u32", "redux.sync.add.s32" -> Operation.ADD;
          case "redux.sync.min.s32" -> Operation.MIN;
          case "redux.sync.max.s32" -> Operation.MAX;
          case "redux.sync.min.u32" -> Operation.UNSIGNED_MIN;
          case "redux.sync.max.u32" -> Operation.UNSIGNED_MAX;
          case "redux.sync.and.b32" -> Operation.AND;
          case "redux.sync.or.b32" -> Operation.OR;
          case "redux.sync.xor.b32" -> Operation.XOR;
          default ->
              throw instruction.unknown(
                  "is none of redux.sync.{add,min,max}.{u32,s32} and redux.sync.{and,or,xor}.b32");
        };
    to = scope.destination(instruction, instruction.operand(0));
    from = scope.source(instruction, instruction.operand(1), Type.B32);
  }

  @Override
  void offer(Warp warp, int mask) {
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      warp.offered[lane] = warp.r[from][lane];
    }
  }

  @Override
  void take(Warp warp, int mask, int all) {
    int result = (int) warp.offered[Integer.numberOfTrailingZeros(all)];
    for (int rest = all & all - 1; rest != 0; rest &= rest - 1) {
      result = join(result, (int) warp.offered[Integer.numberOfTrailingZeros(rest)]);
    }
    WarpSteps.fill(warp, to, mask, result);
  }

  private int join(int a, int b) {
    return switch (operation) {
      case ADD -> a + b;
      case MIN -> Math.min(a, b);
      case MAX -> Math.max(a, b);
      case UNSIGNED_MIN -> Integer.compareUnsigned(a, b) <= 0 ? a : b;
      case UNSIGNED_MAX -> Integer.compareUnsigned(a, b) >= 0 ? a : b;
      case AND -> a & b;
      case OR -> a | b;
      case XOR -> a ^ b;
    };
  }
}
