package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Space;
import java.util.Set;

/**
 * ldmatrix and stmatrix: one, two or four matrices of 8 x 8 elements of 16 bits between shared memory and registers. Lanes 0
 * to 7 give the addresses of the first matrix's rows, 8 to 15 of the second's and so on; in registers, lane 4r + c holds
 * elements 2c and 2c + 1 of row r, or, transposed, of column r.
 */
final class MatrixCopy extends Step {
  private static final int SIDE = 8;
  private static final int BYTES = 2;

  private final int[] slots;
  private final LaneAddress address;
  private final Space space;
  private final boolean storing;
  private final boolean transposed;

  private MatrixCopy(Instruction instruction, int[] slots, LaneAddress address) {
    super(instruction);
    this.slots = slots;
    this.address = address;
    this.space = instruction.space();
    this.storing = instruction.opcode().equals("stmatrix");
    this.transposed = instruction.has("trans");
  }

  static Step decode(Instruction instruction, Scope scope) {
    for (String word : instruction.modifiers()) {
      boolean known =
          Set.of("sync", "aligned", "m8n8", "x1", "x2", "x4", "trans", "b16").contains(word)
              || Space.of(word).filter(Space.SHARED::equals).isPresent();
      if (!known) {
        throw instruction.unknown("." + word + " is not known");
      }
    }
    if (!instruction.has("m8n8") || !instruction.has("b16")) {
      throw instruction.unknown("is known only as .m8n8 of .b16");
    }
    int count = instruction.has("x4") ? 4 : instruction.has("x2") ? 2 : 1;
    boolean storing = instruction.opcode().equals("stmatrix");
    int[] slots =
        storing
            ? MatrixSteps.sources(instruction, scope, 1, count)
            : MatrixSteps.destinations(instruction, scope, 0, count);
    LaneAddress address =
        new LaneAddress(
            instruction, scope, instruction.operand(storing ? 0 : 1), instruction.space());
    return new MatrixCopy(instruction, slots, address);
  }

  @Override
  public void run(Warp warp, int mask) {
    MatrixProduct.checkWhole(warp, this, mask);
    // All addresses first: a destination register may be the address register.
    long[] rows = new long[SIDE * slots.length];
    for (int lane = 0; lane < rows.length; lane++) {
      if ((mask >>> lane & 1) != 0) {
        rows[lane] = address.of(warp, lane);
        MemoryAccess.check(warp, this, space, lane, rows[lane], SIDE * BYTES, storing);
      }
    }
    for (int lane = 0; lane < rows.length; lane++) {
      if ((mask >>> lane & 1) == 0) {
        // Nobody says where this row is.
        continue;
      }
      long[] register = warp.r[slots[lane / SIDE]];
      for (int half = 0; half < 2; half++) {
        long at = rows[lane] + half * Long.BYTES;
        if (storing) {
          MemoryAccess.store(
              warp, this, space, lane, at, Long.BYTES, gather(register, lane % SIDE, half));
        } else {
          long elements = MemoryAccess.load(warp, this, space, lane, at, Long.BYTES);
          scatter(register, mask, lane % SIDE, half, elements);
        }
      }
    }
  }

  /** Four elements of a row, the first or the last, out of the lanes' registers. */
  private long gather(long[] register, int row, int half) {
    long elements = 0;
    for (int i = 0; i < 4; i++) {
      int column = 4 * half + i;
      elements |= (register[holder(row, column)] >>> shift(row, column) & 0xffff) << 16 * i;
    }
    return elements;
  }

  private void scatter(long[] register, int mask, int row, int half, long elements) {
    for (int i = 0; i < 4; i++) {
      int column = 4 * half + i;
      int lane = holder(row, column);
      if ((mask >>> lane & 1) != 0) {
        int shift = shift(row, column);
        long value = elements >>> 16 * i & 0xffff;
        register[lane] = register[lane] & 0xffff_ffffL & ~(0xffffL << shift) | value << shift;
      }
    }
  }

  private int holder(int row, int column) {
    return transposed ? 4 * column + row / 2 : 4 * row + column / 2;
  }

  private int shift(int row, int column) {
    return 16 * ((transposed ? row : column) % 2);
  }
}
