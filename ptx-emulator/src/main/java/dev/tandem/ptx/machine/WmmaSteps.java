package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Space;
import dev.tandem.ptx.text.Type;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** wmma.load, wmma.mma and wmma.store, which hide from a kernel how fragments lie in registers. */
final class WmmaSteps {
  private static final Set<String> WIDE = Set.of("m16n16k16", "m32n8k16", "m8n32k16");

  private static final Map<Type, Set<String>> SHAPES =
      Map.of(
          Type.F16, WIDE,
          Type.BF16, WIDE,
          Type.S8, WIDE,
          Type.U8, WIDE,
          Type.TF32, Set.of("m16n16k8"),
          Type.F64, Set.of("m8n8k4"));

  private WmmaSteps() {}

  static Step decode(Instruction instruction, Scope scope) {
    return switch (instruction.modifiers().getFirst()) {
      case "load" -> load(instruction, scope);
      case "store" -> store(instruction, scope);
      case "mma" -> mma(instruction, scope);
      default -> throw instruction.unknown("is not known");
    };
  }

  private static Step mma(Instruction instruction, Scope scope) {
    MatrixSteps.checkModifiers(
        instruction, Set.of("mma", "sync", "aligned", "row", "col", "rn", "satfinite"));
    MatrixSteps.Size size = MatrixSteps.size(instruction);
    List<Type> types = instruction.types();
    // With A and B of F16 only the types of D and C are written.
    boolean brief = types.size() == 2;
    Type a = brief ? Type.F16 : types.get(1);
    Type d = types.getFirst();
    Type c = types.getLast();
    checkShape(instruction, a, size);
    MatrixSteps.checkResult(instruction, a, d, c);
    int ofA = MatrixSteps.vector(instruction.operand(1)).size() * Fragment.packed(a);
    int ofB = MatrixSteps.vector(instruction.operand(2)).size() * Fragment.packed(a);
    int ofC = size.m() * size.n() / Warp.LANES;
    return MatrixSteps.product(
        instruction,
        scope,
        new MatrixProduct.Shape(
            Fragment.wmma(a, size.m(), size.k(), ofA),
            Fragment.wmma(a, size.k(), size.n(), ofB),
            Fragment.wmma(c, size.m(), size.n(), ofC),
            Fragment.wmma(d, size.m(), size.n(), ofC)));
  }

  private static void checkShape(Instruction instruction, Type type, MatrixSteps.Size size) {
    if (!SHAPES.getOrDefault(type, Set.of()).contains(size.word())) {
      throw instruction.unknown("is not known in this shape with this type");
    }
  }

  private static Step load(Instruction instruction, Scope scope) {
    Type type = instruction.type();
    int registers = MatrixSteps.vector(instruction.operand(0)).size();
    Fragment fragment = fragment(instruction, type, registers * Fragment.packed(type));
    int[] slots = MatrixSteps.destinations(instruction, scope, 0, registers);
    return new Transfer(instruction, scope, fragment, slots, false);
  }

  private static Step store(Instruction instruction, Scope scope) {
    Type type = instruction.type();
    int registers = MatrixSteps.vector(instruction.operand(1)).size();
    Fragment fragment = fragment(instruction, type, registers * Fragment.packed(type));
    int[] slots = MatrixSteps.sources(instruction, scope, 1, registers);
    return new Transfer(instruction, scope, fragment, slots, true);
  }

  private static Fragment fragment(Instruction instruction, Type type, int elements) {
    MatrixSteps.Size size = MatrixSteps.size(instruction);
    return switch (instruction.modifiers().get(1)) {
      case "a" -> {
        checkShape(instruction, type, size);
        yield Fragment.wmma(type, size.m(), size.k(), elements);
      }
      case "b" -> {
        checkShape(instruction, type, size);
        yield Fragment.wmma(type, size.k(), size.n(), elements);
      }
      case "c", "d" -> {
        if (elements != size.m() * size.n() / Warp.LANES) {
          throw instruction.unknown("has too many or too few registers for its shape");
        }
        yield Fragment.wmma(type, size.m(), size.n(), elements);
      }
      default -> throw instruction.unknown("is not known");
    };
  }

  /** Moves a fragment between memory and registers. */
  private static final class Transfer extends Step {
    private final Fragment fragment;
    private final int[] slots;
    private final boolean storing;
    private final boolean byRow;
    private final Space space;
    private final LaneAddress address;
    private final int stride;

    Transfer(
        Instruction instruction, Scope scope, Fragment fragment, int[] slots, boolean storing) {
      super(instruction);
      this.fragment = fragment;
      this.slots = slots;
      this.storing = storing;
      this.byRow = instruction.has("row");
      if (!byRow && !instruction.has("col")) {
        throw instruction.unknown("says neither .row nor .col");
      }
      this.space = instruction.space();
      this.address =
          new LaneAddress(
              instruction, scope, instruction.operand(storing ? 0 : 1), instruction.space());
      this.stride =
          instruction.operands().size() > 2
              ? scope.source(instruction, instruction.operand(2), Type.B32)
              : scope.source(
                  instruction,
                  new Operand.IntegerLiteral(byRow ? fragment.columns() : fragment.rows()),
                  Type.B32);
    }

    @Override
    public void run(Warp warp, int mask) {
      MatrixProduct.checkWhole(warp, this, mask);
      int bytes = fragment.type().bytes();
      int packed = Fragment.packed(fragment.type());
      for (int rest = mask; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        long base = address.of(warp, lane);
        long leading = (int) warp.r[stride][lane];
        for (int register = 0; register < slots.length; register++) {
          long word = storing ? warp.r[slots[register]][lane] : 0;
          for (int part = 0; part < packed; part++) {
            int place = fragment.place(lane, register * packed + part);
            int row = place / fragment.columns();
            int column = place % fragment.columns();
            long at = base + bytes * (byRow ? row * leading + column : column * leading + row);
            int shift = 8 * bytes * part;
            if (storing) {
              MemoryAccess.store(warp, this, space, lane, at, bytes, word >>> shift);
            } else {
              word |= MemoryAccess.load(warp, this, space, lane, at, bytes) << shift;
            }
          }
          if (!storing) {
            warp.r[slots[register]][lane] = word;
          }
        }
      }
    }
  }
}
