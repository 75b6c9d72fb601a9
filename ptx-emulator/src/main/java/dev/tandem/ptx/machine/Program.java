package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.LinkedKernel;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.PtxException;
import dev.tandem.ptx.text.Variable;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.ToLongFunction;

/** A kernel made ready to run: its steps, and what its warps need before they start. It does not change. */
public final class Program {
  private final LinkedKernel kernel;
  private final Scope scope;

  final Step[] code;

  /**
   * For each place in the code, the first from there on, or there, where lanes may part or must wait, or where the time is
   * read. Up to it they run straight.
   */
  final int[] controls;

  /** Whether blocks may run side by side, see {@link BlockOrder}. */
  final boolean sideBySide;

  /** Whether a thread can wait for what another is doing without a barrier: by looking again and again. */
  final boolean observant;

  /** Rows of constants by slot; null for all other slots. */
  private final long[][] constants;

  /** Slots that may be read before they are written. They begin as zero. */
  private final int[] undefined;

  private final Specials specials;

  private Program(LinkedKernel kernel, Scope scope) {
    this.kernel = kernel;
    this.scope = scope;
    List<Instruction> instructions = kernel.code();
    code = new Step[instructions.size()];
    for (int i = 0; i < code.length; i++) {
      code[i] = Decoder.decode(instructions.get(i), scope);
    }
    controls = controls(code);
    sideBySide = !BlockOrder.shows(kernel);
    observant = observant(instructions);
    constants = new long[scope.slots()][];
    scope
        .constants()
        .forEach((value, slot) -> Arrays.fill(constants[slot] = new long[Warp.LANES], value));
    undefined =
        Flow.undefined(kernel).stream().mapToInt(scope::slotOf).filter(slot -> slot >= 0).toArray();
    checkSpecials(instructions);
    specials = new Specials(scope.specials());
  }

  /**
   * Decodes a kernel.
   *
   * @param ofModule addresses of the module's global and constant variables, see {@link Scope}
   * @throws PtxException where it has an instruction that is not known
   */
  public static Program of(LinkedKernel kernel, ToLongFunction<Variable> ofModule) {
    Scope scope = new Scope(kernel, ofModule);
    scope.place(Registers.slots(kernel));
    return new Program(kernel, scope);
  }

  private static int[] controls(Step[] code) {
    int[] controls = new int[code.length];
    int next = code.length;
    for (int i = code.length - 1; i >= 0; i--) {
      boolean stops = code[i] instanceof ControlStep || readsClock(code[i].instruction());
      next = stops ? i : next;
      controls[i] = next;
    }
    if (next == code.length) {
      throw new PtxException(0, "kernel: has no end");
    }
    return controls;
  }

  private static boolean readsClock(Instruction instruction) {
    return instruction.operands().stream()
        .anyMatch(
            operand -> operand instanceof Operand.Special(String name) && Specials.clock(name));
  }

  private static boolean observant(List<Instruction> instructions) {
    BitSet loops = new BitSet();
    for (int i = 0; i < instructions.size(); i++) {
      for (Operand operand : instructions.get(i).operands()) {
        if (operand instanceof Operand.Target(String _, int target) && target <= i) {
          loops.set(target, i + 1);
        }
      }
    }
    return loops.stream().anyMatch(i -> observes(instructions.get(i)));
  }

  private static boolean observes(Instruction instruction) {
    return switch (instruction.opcode()) {
      case "atom" -> true;
      case "ld" ->
          List.of("volatile", "relaxed", "acquire", "mmio").stream().anyMatch(instruction::has);
      default -> false;
    };
  }

  private void checkSpecials(List<Instruction> instructions) {
    for (Instruction instruction : instructions) {
      for (Operand operand : instruction.operands()) {
        if (operand instanceof Operand.Special(String name) && !Specials.known(name)) {
          throw instruction.unknown("special register " + name + " is not known");
        }
        if (operand instanceof Operand.Special(String name)
            && scope.specials().containsKey(name)
            && Specials.clock(name)) {
          throw instruction.unknown("only mov reads " + name);
        }
      }
    }
  }

  public LinkedKernel kernel() {
    return kernel;
  }

  /** The entry's name. */
  public String name() {
    return kernel.name();
  }

  /** Static shared memory of a block. */
  public long sharedBytes() {
    return scope.sharedBytes();
  }

  /** Local memory of a thread. */
  public long localBytes() {
    return scope.localBytes();
  }

  /** About the memory that a warp's registers and local memory take. */
  long warpBytes() {
    return scope.slots() * (Long.BYTES * Warp.LANES + 16L) + scope.localBytes() * Warp.LANES;
  }

  int predicateSlots() {
    return scope.predicateSlots();
  }

  /** New registers for a warp. Constants' rows are everybody's. */
  long[][] rows() {
    long[][] rows = constants.clone();
    for (int slot = 0; slot < rows.length; slot++) {
      if (rows[slot] == null) {
        rows[slot] = new long[Warp.LANES];
      }
    }
    return rows;
  }

  /** Makes a new warp's special registers. */
  void equip(Warp warp) {
    specials.equip(warp);
  }

  /** Makes a warp ready for its next block. */
  void prepare(Warp warp) {
    for (int slot : undefined) {
      Arrays.fill(warp.r[slot], 0);
    }
    specials.prepare(warp);
  }
}
