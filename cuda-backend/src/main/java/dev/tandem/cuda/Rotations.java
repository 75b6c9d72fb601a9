package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.op.Sequence;
import dev.tandem.shape.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Rotary positions, by rotary.cu. */
final class Rotations {
  /** Of rotary.cu: pairs of a launch, and heads of a thread. */
  private static final int MOST_PAIRS = 128;

  private static final int HEADS = 4;

  private final Queue queue;

  Rotations(Queue queue) {
    this.queue = queue;
  }

  void run(Sequence.Rotary op, Operand x, Operand y) {
    if (y.elements() == 0) {
      return;
    }
    Shape shape = x.shape();
    long rows = shape.elements(0, 2);
    int heads = shape.length(2);
    int half = shape.length(3) / 2;
    int lanes = half % Operands.lanes(x.dtype()) == 0 ? Operands.lanes(x.dtype()) : 1;
    for (int first = 0; first < half; first += MOST_PAIRS) {
      int pairs = Math.min(MOST_PAIRS, half - first);
      queue
          .kernel(Kernel.ROTARY_F32.in(x.dtype()))
          .read(x)
          .write(y)
          .int64(rows)
          .int32(shape.length(1))
          .int32(heads)
          .int32(op.rotated())
          .int32(half)
          .int32(op.start())
          .int32(op.inverse() ? 1 : 0)
          .int32(first)
          .int32(pairs)
          .struct(turns(op.base(), first, pairs, half))
          .over(rows * Math.ceilDiv(heads, HEADS) * (pairs / lanes));
    }
  }

  /** How far each pair turns from one position to the next, in 2^-64 of a turn: {@code Turns} of rotary.cu. */
  private static MemorySegment turns(double base, int first, int pairs, int half) {
    MemorySegment turns = MemorySegment.ofArray(new long[MOST_PAIRS]);
    for (int i = 0; i < pairs; i++) {
      double turn = Math.pow(base, -(double) (first + i) / half) / (2 * Math.PI);
      double part = turn - Math.floor(turn);
      // Of 53 bits at most: exact, and below 2^64.
      long upper = (long) (part * 0x1p32);
      long lower = (long) ((part * 0x1p32 - upper) * 0x1p32);
      turns.setAtIndex(ValueLayout.JAVA_LONG, i, upper << 32 | lower);
    }
    return turns;
  }
}
