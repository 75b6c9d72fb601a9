package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;

/**
 * An operand as wide as the shape it broadcasts to, a block at a time: where it lies so already it is read in
 * place, and elsewhere a block is laid out in the cache first. So elementwise loops know nothing of
 * broadcasting.
 */
final class Stretched {
  /** The most elements a {@link Window} shows at once: 8 KiB of floats. */
  static final int BLOCK = 2048;

  private final BufferPool pool;
  private final DType dtype;
  private final Object source;
  private final StridedCopy expansion;
  private final boolean direct;
  private final int period;
  private final int wide;

  Stretched(BufferPool pool, Operand operand, Shape wide) {
    this.pool = pool;
    this.dtype = operand.dtype();
    this.source = Operands.array(operand);
    this.expansion = StridedCopy.expansion(operand.shape(), wide);
    this.direct = operand.elements() == wide.elements();
    this.period = expansion.period();
    this.wide = (int) wide.elements();
  }

  /** A view of the operand for one thread. */
  Window window() {
    return new Window();
  }

  /** Shows a block of the stretched operand: element from + i of it is {@code array()[at() + i]}. */
  final class Window implements AutoCloseable {
    private Object scratch;
    private Object array = source;
    private int at;

    Object array() {
      return array;
    }

    int at() {
      return at;
    }

    /** Moves to the elements from the first one, at most {@link #BLOCK} of them. */
    void move(int from, int count) {
      if (direct) {
        at = from;
      } else if (period > BLOCK && from % period + count <= period) {
        array = source;
        at = from % period;
      } else if (period > 0 && period <= BLOCK) {
        if (scratch == null) {
          // Laid out once with room for any phase, then read at the phase of each block.
          int elements = Math.min(BLOCK, wide) + period;
          scratch = pool.borrow(dtype, elements);
          expansion.repeat(source, scratch, elements);
          array = scratch;
        }
        at = from % period;
      } else {
        if (scratch == null) {
          scratch = pool.borrow(dtype, BLOCK);
        }
        expansion.run(source, scratch, from, from + count, -from);
        array = scratch;
        at = 0;
      }
    }

    @Override
    public void close() {
      if (scratch != null) {
        pool.release(dtype, scratch);
      }
    }
  }
}
