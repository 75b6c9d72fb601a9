package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Space;
import dev.tandem.ptx.text.Type;
import java.util.List;
import java.util.Set;

/** Loads, stores, what turns addresses of one space into those of another, and hints to caches. */
final class MemorySteps {
  /** Modifiers that change nothing that a kernel can see, or that {@link Order} and {@link Reach} look at. */
  private static final Set<String> KNOWN =
      Set.of(
          "weak",
          "relaxed",
          "acquire",
          "release",
          "volatile",
          "mmio",
          "cta",
          "cluster",
          "gpu",
          "sys",
          "ca",
          "cg",
          "cs",
          "lu",
          "cv",
          "wb",
          "wt",
          "nc",
          "unified",
          "v2",
          "v4",
          "v8");

  private MemorySteps() {}

  static Step decode(Instruction instruction, Scope scope) {
    return switch (instruction.opcode()) {
      case "ld", "ldu" -> load(instruction, scope);
      case "st" -> store(instruction, scope);
      case "cvta" -> convert(instruction, scope);
      case "isspacep" -> new InSpace(instruction, scope);
      case "createpolicy" -> new Policy(instruction, scope);
      case "prefetch", "prefetchu", "discard", "applypriority" -> new Hint(instruction);
      default -> throw instruction.unknown("is not known");
    };
  }

  private static Step load(Instruction instruction, Scope scope) {
    check(instruction);
    Values values = Values.of(instruction, scope, instruction.operand(0), true);
    LaneAddress address =
        new LaneAddress(instruction, scope, instruction.operand(1), values.space());
    return new LoadStep(instruction, address, values);
  }

  private static Step store(Instruction instruction, Scope scope) {
    check(instruction);
    LaneAddress address =
        new LaneAddress(instruction, scope, instruction.operand(0), instruction.space());
    return new StoreStep(
        instruction, address, Values.of(instruction, scope, instruction.operand(1), false));
  }

  private static void check(Instruction instruction) {
    for (String modifier : instruction.modifiers()) {
      boolean known =
          KNOWN.contains(modifier)
              || hint(modifier)
              || Type.of(modifier).isPresent()
              || Space.of(modifier).isPresent();
      if (!known) {
        throw instruction.unknown("modifier ." + modifier + " is not known");
      }
    }
  }

  /** Whether a modifier speaks of caches only, {@code "L1::evict_last"} or {@code "L2::128B"}. */
  static boolean hint(String modifier) {
    return modifier.startsWith("L1::")
        || modifier.startsWith("L2::")
        || modifier.startsWith("level::");
  }

  /** {@code cvta}: adds the window's base to an address, or with {@code .to} takes it away. */
  private static Step convert(Instruction instruction, Scope scope) {
    Type type = instruction.type();
    long base = Windows.base(instruction.space());
    if (instruction.space() == Space.GENERIC || type.bits() < 32) {
      throw instruction.unknown("needs a space, and type u64 or u32");
    }
    return new Shift(instruction, scope, instruction.has("to") ? -base : base);
  }

  private static final class Shift extends Step {
    private final int target;
    private final int source;
    private final long by;

    Shift(Instruction instruction, Scope scope, long by) {
      super(instruction);
      this.target = scope.destination(instruction, instruction.operand(0));
      this.source = scope.source(instruction, instruction.operand(1), instruction.type());
      this.by = by;
    }

    @Override
    public void run(Warp warp, int mask) {
      long[] to = warp.r[target];
      long[] from = warp.r[source];
      for (int rest = mask; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        to[lane] = from[lane] + by;
      }
    }
  }

  /** {@code isspacep}: whether a generic address lies in a window. */
  private static final class InSpace extends Step {
    private final int target;
    private final int source;
    private final Space space;

    InSpace(Instruction instruction, Scope scope) {
      super(instruction);
      this.target = scope.predicate(instruction, instruction.operand(0));
      this.source = scope.source(instruction, instruction.operand(1), Type.B64);
      this.space = instruction.space();
      if (space == Space.GENERIC) {
        throw instruction.unknown("needs a space");
      }
    }

    @Override
    public void run(Warp warp, int mask) {
      int inside = 0;
      for (int rest = mask; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        inside |= Windows.of(warp.r[source][lane]) == space ? 1 << lane : 0;
      }
      warp.p[target] = warp.p[target] & ~mask | inside;
    }
  }

  /** {@code createpolicy}: there is no cache, so that one policy is like another. */
  private static final class Policy extends Step {
    private final int target;

    Policy(Instruction instruction, Scope scope) {
      super(instruction);
      this.target = scope.destination(instruction, instruction.operand(0));
    }

    @Override
    public void run(Warp warp, int mask) {
      for (int rest = mask; rest != 0; rest &= rest - 1) {
        warp.r[target][Integer.numberOfTrailingZeros(rest)] = 0;
      }
    }
  }

  /** What may make a GPU faster and changes no value. */
  private static final class Hint extends Step {
    Hint(Instruction instruction) {
      super(instruction);
    }

    @Override
    public void run(Warp warp, int mask) {}
  }

  /** Whether one of an instruction's last operands is a cache policy, which changes nothing. */
  static boolean hasPolicy(Instruction instruction) {
    return instruction.modifiers().stream().anyMatch(m -> m.endsWith("::cache_hint"));
  }

  /** The operands without a cache policy at the end. */
  static List<Operand> withoutPolicy(Instruction instruction) {
    List<Operand> operands = instruction.operands();
    return hasPolicy(instruction) ? operands.subList(0, operands.size() - 1) : operands;
  }
}
