package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Type;
import java.util.List;

/** movmatrix: transposes an 8 x 8 matrix of 16-bit elements that lies in a register of the warp. */
final class TransposeStep extends Step {
  private static final List<String> FORM = List.of("sync", "aligned", "m8n8", "trans", "b16");

  private final int to;
  private final int from;

  private TransposeStep(Instruction instruction, int to, int from) {
    super(instruction);
    this.to = to;
    this.from = from;
  }

  static Step decode(Instruction instruction, Scope scope) {
    if (!instruction.modifiers().equals(FORM)) {
      throw instruction.unknown("is known only as movmatrix." + String.join(".", FORM));
    }
    return new TransposeStep(
        instruction,
        scope.destination(instruction, instruction.operand(0)),
        scope.source(instruction, instruction.operand(1), Type.B32));
  }

  @Override
  public void run(Warp warp, int mask) {
    MatrixProduct.checkWhole(warp, this, mask);
    long[] source = warp.r[from].clone();
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      warp.r[to][lane] = element(source, lane, 0) | element(source, lane, 1) << 16;
    }
  }

  /** Element {@code part} of the lane's pair in the transposed matrix: row 2c + part, column r of the source. */
  private static long element(long[] source, int lane, int part) {
    int row = 2 * (lane % 4) + part;
    int column = lane / 4;
    return source[4 * row + column / 2] >>> 16 * (column % 2) & 0xffff;
  }
}
