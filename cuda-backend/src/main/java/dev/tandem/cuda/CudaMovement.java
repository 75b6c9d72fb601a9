package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.op.Movement;
import dev.tandem.shape.Shape;
import java.util.List;
import java.util.stream.IntStream;

/** Moves elements. Every op is a copy of one box, concatenation of several. */
final class CudaMovement {
  /** Shorter sides leave most of a tile empty. */
  private static final int SHORTEST_SIDE = 16;

  private static final int TILE = 32;

  /** The axis along which y's neighbours lie: the innermost. */
  private static final int ROWS = 0;

  private final Queue queue;

  CudaMovement(Queue queue) {
    this.queue = queue;
  }

  void run(Movement op, List<Operand> in, List<Operand> out) {
    Operand x = in.getFirst();
    Operand y = out.getFirst();
    if (y.elements() == 0) {
      return;
    }
    Shape from = x.shape();
    Shape to = y.shape();
    switch (op) {
      case Movement.Reshape _ -> queue.copy(y, x);
      case Movement.Expand _ -> copy(op, Strides.stretched(op.name(), to, from, to), x, 0, y, 0);
      case Movement.Permute permute -> {
        long[] natural = from.strides();
        long[] steps = permute.order().stream().mapToLong(axis -> natural[axis]).toArray();
        permute(op, Strides.of(op.name(), to, steps, to.strides()), x, y);
      }
      case Movement.Slice slice -> {
        Strides box = Strides.of(op.name(), to, from.strides(), to.strides());
        copy(op, box, x, place(slice.start(), from), y, 0);
      }
      case Movement.Pad pad -> {
        if (!from.equals(to)) {
          int pattern = CudaCreation.pattern(y.dtype(), pad.value());
          queue.fill(Operands.address(y), pattern, y.dtype().bytes(), y.elements());
        }
        Strides box = Strides.of(op.name(), from, from.strides(), to.strides());
        copy(op, box, x, 0, y, place(pad.before(), to));
      }
      case Movement.Concat concat -> {
        int axis = to.axis(op.name(), concat.axis());
        long place = 0;
        for (Operand part : in) {
          Shape shape = part.shape();
          copy(
              op,
              Strides.of(op.name(), shape, shape.strides(), to.strides()),
              part,
              0,
              y,
              place * to.strides()[axis]);
          place += shape.length(axis);
        }
      }
    }
  }

  /** @param from where the box begins in x, in elements; to: in y */
  private void copy(Movement op, Strides box, Operand x, long from, Operand y, long to) {
    if (box.elements() == 0) {
      return;
    }
    long skipped = from * x.dtype().bytes();
    long before = to * y.dtype().bytes();
    queue
        .kernel(
            Operands.byWidth(
                op.name(), x.dtype(), Kernel.COPY_B32, Kernel.COPY_B16, Kernel.COPY_B8))
        .read(Operands.address(x) + skipped, x.type().bytes() - skipped)
        .write(Operands.address(y) + before, y.type().bytes() - before)
        .int64(box.elements())
        .overBox(x.dtype(), box, from, to);
  }

  /**
   * Where neighbours in x are not neighbours in y, tiles of the two axes along which they are keep reads and writes side by
   * side.
   */
  private void permute(Movement op, Strides box, Operand x, Operand y) {
    int columns =
        IntStream.range(1, box.axes())
            .filter(axis -> box.stride(0, axis) == 1)
            .findFirst()
            .orElse(0);
    if (columns == 0 || box.length(ROWS) < SHORTEST_SIDE || box.length(columns) < SHORTEST_SIDE) {
      copy(op, box, x, 0, y, 0);
      return;
    }
    Strides batches = box.without(op.name(), ROWS, columns);
    long tiles =
        batches.elements()
            * Math.ceilDiv(box.length(ROWS), TILE)
            * Math.ceilDiv(box.length(columns), TILE);
    queue
        .kernel(
            Operands.byWidth(
                op.name(),
                x.dtype(),
                Kernel.TRANSPOSE_B32,
                Kernel.TRANSPOSE_B16,
                Kernel.TRANSPOSE_B8))
        .read(x)
        .write(y)
        .int64(box.length(ROWS))
        .int64(box.length(columns))
        .int64(box.stride(0, ROWS))
        .int64(box.stride(1, columns))
        .int64(batches.elements())
        .strides(batches)
        .over(tiles * Launch.THREADS);
  }

  /** The place of an element, counted from the first. */
  private static long place(List<Integer> index, Shape shape) {
    long[] strides = shape.strides();
    return IntStream.range(0, strides.length)
        .mapToLong(axis -> index.get(axis) * strides[axis])
        .sum();
  }
}
