package dev.tandem.ptx.machine;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Type;
import java.util.List;

/** Branches, ends, barriers, fences, and calls of the system. */
final class ControlSteps {
  private ControlSteps() {}

  static Step decode(Instruction instruction, Scope scope) {
    return switch (instruction.opcode()) {
      case "bra" -> new Branch(instruction, target(instruction, instruction.operand(0)));
      case "brx" -> new IndexedBranch(instruction, scope);
      case "ret", "exit" -> new Exit(instruction);
      case "bar", "barrier" -> barrier(instruction, scope);
      case "membar", "fence" -> fence(instruction);
      case "trap", "brkpt" -> new Trap(instruction);
      case "nanosleep" -> new Sleep(instruction);
      case "pmevent", "griddepcontrol" -> new Nothing(instruction);
      case "call" -> CallSteps.decode(instruction, scope);
      default -> throw instruction.unknown("is not known");
    };
  }

  private static Step barrier(Instruction instruction, Scope scope) {
    if (instruction.opcode().equals("barrier") && instruction.has("cluster")) {
      throw instruction.unknown("clusters are not known");
    }
    return instruction.has("warp")
        ? new WarpBarrier(instruction, scope)
        : BarrierStep.decode(instruction, scope);
  }

  private static Step fence(Instruction instruction) {
    String scope =
        instruction.opcode().equals("membar")
            ? switch (instruction.modifiers().toString()) {
              case "[cta]" -> "cta";
              case "[gl]" -> "gpu";
              case "[sys]" -> "sys";
              default ->
                  throw instruction.unknown("is none of membar.cta, membar.gl and membar.sys");
            }
            : List.of("cta", "cluster", "gpu", "sys").stream()
                .filter(instruction::has)
                .findFirst()
                .orElseThrow(() -> instruction.unknown("has no scope that is known"));
    if (instruction.has("proxy")
        || instruction.modifiers().stream().anyMatch(m -> m.startsWith("proxy"))) {
      throw instruction.unknown("proxies are not known");
    }
    return new Fence(instruction, scope);
  }

  static int target(Instruction instruction, Operand operand) {
    if (operand instanceof Operand.Target(String _, int index)) {
      return index;
    }
    throw instruction.unknown("cannot jump to " + operand);
  }

  /** {@code bra}: lanes go on elsewhere. */
  private static final class Branch extends ControlStep {
    private final int target;

    Branch(Instruction instruction, int target) {
      super(instruction);
      this.target = target;
    }

    @Override
    public void run(Warp warp, int mask) {
      warp.go(target, mask);
    }
  }

  /** {@code brx.idx}: lanes go on where their index says. */
  private static final class IndexedBranch extends ControlStep {
    private final int index;
    private final int[] targets;

    IndexedBranch(Instruction instruction, Scope scope) {
      super(instruction);
      index = scope.source(instruction, instruction.operand(0), Type.U32);
      List<Operand> labels = instruction.operands().subList(1, instruction.operands().size());
      targets = labels.stream().mapToInt(label -> target(instruction, label)).toArray();
    }

    @Override
    public void run(Warp warp, int mask) {
      for (int rest = mask; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        int which = (int) warp.r[index][lane];
        if (which < 0 || which >= targets.length) {
          throw warp.block.illegal(
              warp,
              this,
              lane,
              "index " + Integer.toUnsignedString(which) + " of " + targets.length + " targets");
        }
        warp.go(targets[which], 1 << lane);
      }
    }
  }

  /** {@code exit}, and {@code ret} of a kernel. */
  private static final class Exit extends ControlStep {
    Exit(Instruction instruction) {
      super(instruction);
    }

    @Override
    public void run(Warp warp, int mask) {
      warp.exit(mask);
    }
  }

  /** {@code bar.warp.sync}: members wait for each other, and see each other's memory. */
  private static final class WarpBarrier extends MemberStep {
    WarpBarrier(Instruction instruction, Scope scope) {
      super(instruction, instruction.operand(0), scope);
      if (!instruction.modifiers().equals(List.of("warp", "sync"))) {
        throw instruction.unknown("is not known");
      }
    }

    @Override
    void offer(Warp warp, int mask) {}

    @Override
    void take(Warp warp, int mask, int all) {
      warp.block.races.warpSync(warp.index, all);
    }
  }

  /** {@code membar} and {@code fence}: no value changes, memory being coherent here; order is noted for {@link Races}. */
  private static final class Fence extends Step {
    private final String scope;

    Fence(Instruction instruction, String scope) {
      super(instruction);
      this.scope = scope;
    }

    @Override
    public void run(Warp warp, int mask) {
      warp.block.races.fence(warp, scope);
    }
  }

  /** {@code trap} and {@code brkpt}: the kernel fails. */
  private static final class Trap extends Step {
    Trap(Instruction instruction) {
      super(instruction);
    }

    @Override
    public void run(Warp warp, int mask) {
      int lane = Integer.numberOfTrailingZeros(mask);
      throw warp.block.fault(
          DriverError.CUDA_ERROR_LAUNCH_FAILED, warp, instruction(), lane, "executed");
    }
  }

  /** {@code nanosleep}: the block's other warps have their turn. */
  private static final class Sleep extends ControlStep {
    Sleep(Instruction instruction) {
      super(instruction);
    }

    @Override
    public void run(Warp warp, int mask) {
      warp.go(warp.pc + 1, mask);
      warp.pause();
    }
  }

  /** An instruction that changes nothing a kernel can see. */
  private static final class Nothing extends Step {
    Nothing(Instruction instruction) {
      super(instruction);
    }

    @Override
    public void run(Warp warp, int mask) {}
  }
}
