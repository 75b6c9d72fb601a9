package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Type;
import java.util.List;

/** Votes, matches, elections and who is active; shuffles and reductions are in classes of their own. */
final class WarpSteps {
  private WarpSteps() {}

  static Step decode(Instruction instruction, Scope scope) {
    if (instruction.opcode().equals("activemask")) {
      return new Active(instruction, scope);
    }
    if (!instruction.has("sync")) {
      throw instruction.unknown(
          "exists without .sync only below sm_70; write "
              + instruction.opcode()
              + ".sync with a member mask");
    }
    return switch (instruction.opcode()) {
      case "shfl" -> new ShuffleStep(instruction, scope);
      case "vote" -> new Vote(instruction, scope);
      case "match" -> new Match(instruction, scope);
      case "redux" -> new ReduxStep(instruction, scope);
      case "elect" -> new Elect(instruction, scope);
      default -> throw instruction.unknown("is not known");
    };
  }

  /** The predicate of {@code d|p}, as a slot, or -1. */
  static int predicate(Instruction instruction, Scope scope) {
    return instruction.operand(0) instanceof Operand.Pair(Operand _, Operand second)
        ? scope.predicate(instruction, second)
        : -1;
  }

  /** The register of {@code d|p} or {@code d}, as a slot. */
  static int destination(Instruction instruction, Scope scope) {
    Operand first =
        instruction.operand(0) instanceof Operand.Pair(Operand register, Operand _)
            ? register
            : instruction.operand(0);
    return scope.destination(instruction, first);
  }

  /** Sets a predicate for some lanes. */
  static void set(Warp warp, int predicate, int mask, int values) {
    if (predicate >= 0) {
      warp.p[predicate] = warp.p[predicate] & ~mask | values & mask;
    }
  }

  /** Sets a register of 32 bits to the same value for some lanes. */
  static void fill(Warp warp, int slot, int mask, int value) {
    long[] row = warp.r[slot];
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      row[Integer.numberOfTrailingZeros(rest)] = value & 0xFFFFFFFFL;
    }
  }

  /** {@code activemask}. */
  private static final class Active extends Step {
    private final int to;

    Active(Instruction instruction, Scope scope) {
      super(instruction);
      to = scope.destination(instruction, instruction.operand(0));
    }

    @Override
    public void run(Warp warp, int mask) {
      fill(warp, to, mask, mask);
    }
  }

  /** {@code vote.sync}: what a warp's predicates are together. */
  private static final class Vote extends MemberStep {
    private final String mode;
    private final int to;
    private final int from;
    private final int flip;

    Vote(Instruction instruction, Scope scope) {
      super(instruction, instruction.operand(2), scope);
      mode = instruction.modifiers().get(1);
      boolean ballot = mode.equals("ballot");
      if (!List.of("all", "any", "uni", "ballot").contains(mode)
          || instruction.type() != (ballot ? Type.B32 : Type.PRED)) {
        throw instruction.unknown(
            "is none of vote.sync.{all,any,uni}.pred and vote.sync.ballot.b32");
      }
      Operand predicate = instruction.operand(1);
      flip = predicate instanceof Operand.Not ? -1 : 0;
      from =
          scope.predicate(
              instruction, predicate instanceof Operand.Not(Operand inside) ? inside : predicate);
      to =
          ballot
              ? scope.destination(instruction, instruction.operand(0))
              : scope.predicate(instruction, instruction.operand(0));
    }

    @Override
    void offer(Warp warp, int mask) {
      warp.votes = warp.votes & ~mask | (warp.p[from] ^ flip) & mask;
    }

    @Override
    void take(Warp warp, int mask, int all) {
      int votes = warp.votes & all;
      switch (mode) {
        case "all" -> set(warp, to, mask, votes == all ? -1 : 0);
        case "any" -> set(warp, to, mask, votes != 0 ? -1 : 0);
        case "uni" -> set(warp, to, mask, votes == all || votes == 0 ? -1 : 0);
        default -> fill(warp, to, mask, votes);
      }
    }
  }

  /** {@code match.sync}: which lanes have the same value. */
  private static final class Match extends MemberStep {
    private final boolean any;
    private final int to;
    private final int predicate;
    private final int from;
    private final long bits;

    Match(Instruction instruction, Scope scope) {
      super(instruction, instruction.operand(2), scope);
      any = instruction.has("any");
      Type type = instruction.type();
      to = destination(instruction, scope);
      predicate = predicate(instruction, scope);
      if (any == instruction.has("all")
          || (type != Type.B32 && type != Type.B64)
          || (any && predicate >= 0)) {
        throw instruction.unknown("is none of match.any.sync and match.all.sync of .b32 and .b64");
      }
      from = scope.source(instruction, instruction.operand(1), type);
      bits = type == Type.B64 ? -1 : 0xFFFFFFFFL;
    }

    @Override
    void offer(Warp warp, int mask) {
      for (int rest = mask; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        warp.offered[lane] = warp.r[from][lane] & bits;
      }
    }

    @Override
    void take(Warp warp, int mask, int all) {
      if (any) {
        for (int rest = mask; rest != 0; ) {
          int same = same(warp, all, Integer.numberOfTrailingZeros(rest));
          fill(warp, to, same & mask, same);
          rest &= ~same;
        }
      } else {
        boolean alike = same(warp, all, Integer.numberOfTrailingZeros(all)) == all;
        fill(warp, to, mask, alike ? all : 0);
        set(warp, predicate, mask, alike ? -1 : 0);
      }
    }

    private static int same(Warp warp, int all, int lane) {
      int same = 0;
      for (int rest = all; rest != 0; rest &= rest - 1) {
        int other = Integer.numberOfTrailingZeros(rest);
        same |= warp.offered[other] == warp.offered[lane] ? 1 << other : 0;
      }
      return same;
    }
  }

  /** {@code elect.sync}: one of the members, here always the first. */
  private static final class Elect extends MemberStep {
    private final int to;
    private final int predicate;

    Elect(Instruction instruction, Scope scope) {
      super(instruction, instruction.operand(1), scope);
      to = destination(instruction, scope);
      predicate = predicate(instruction, scope);
      if (predicate < 0) {
        throw instruction.unknown("needs two destinations, d|p");
      }
    }

    @Override
    void offer(Warp warp, int mask) {}

    @Override
    void take(Warp warp, int mask, int all) {
      int leader = Integer.numberOfTrailingZeros(all);
      fill(warp, to, mask, leader);
      set(warp, predicate, mask, 1 << leader);
    }
  }
}
