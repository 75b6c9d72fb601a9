package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Movement;
import dev.tandem.shape.Shape;
import java.util.List;

/** Moves elements. Every op is a copy of one box, concatenation of several. */
final class CpuMovement {
  private static final int GRAIN = 1 << 16;

  private final Parallel parallel;

  CpuMovement(Parallel parallel) {
    this.parallel = parallel;
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
      case Movement.Reshape _ -> copy(StridedCopy.expansion(to, to), x, y);
      case Movement.Expand _ -> copy(StridedCopy.expansion(from, to), x, y);
      case Movement.Permute permute -> {
        long[] natural = from.strides();
        long[] steps = permute.order().stream().mapToLong(axis -> natural[axis]).toArray();
        copy(new StridedCopy(to.lengths(), steps, 0, to.strides(), 0), x, y);
      }
      case Movement.Slice slice ->
          copy(
              new StridedCopy(
                  to.lengths(), from.strides(), place(slice.start(), from), to.strides(), 0),
              x,
              y);
      case Movement.Pad pad -> {
        Object target = Operands.array(y);
        parallel.range(
            Operands.elements(y),
            GRAIN,
            (first, last) -> Elements.fill(y.dtype(), target, first, last, pad.value()));
        copy(
            new StridedCopy(
                from.lengths(), from.strides(), 0, to.strides(), place(pad.before(), to)),
            x,
            y);
      }
      case Movement.Concat concat -> {
        int axis = to.axis(op.name(), concat.axis());
        long place = 0;
        for (Operand part : in) {
          copy(
              new StridedCopy(
                  part.shape().lengths(), part.shape().strides(), 0, to.strides(), place),
              part,
              y);
          place += part.shape().length(axis) * to.strides()[axis];
        }
      }
    }
  }

  private void copy(StridedCopy box, Operand x, Operand y) {
    if (x.elements() > 0) {
      box.run(parallel, Operands.array(x), Operands.array(y));
    }
  }

  /** The place of an element, counted from the first. */
  private static long place(List<Integer> index, Shape shape) {
    long[] strides = shape.strides();
    long place = 0;
    for (int axis = 0; axis < strides.length; axis++) {
      place += index.get(axis) * strides[axis];
    }
    return place;
  }
}
