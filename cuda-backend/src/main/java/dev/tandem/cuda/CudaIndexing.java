package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.op.Indexing;
import dev.tandem.shape.Shape;
import java.util.List;

/** Reads and writes where indices say. */
final class CudaIndexing {
  /** From so many lines on a thread each keeps a device busy, however many indices a line has. */
  private static final long MANY_LINES = 1 << 15;

  /** A thread goes through so many indices in the time that sorting would take. */
  private static final long FEW_PLACES = 32;

  private final Queue queue;
  private final RowSums rowSums;

  CudaIndexing(Queue queue) {
    this.queue = queue;
    rowSums = new RowSums(queue);
  }

  void run(Indexing op, List<Operand> in, List<Operand> out) {
    Operand y = out.getFirst();
    if (y.elements() == 0) {
      return;
    }
    switch (op) {
      case Indexing.Embedding _ -> embedding(op, in.get(0), in.get(1), y);
      case Indexing.EmbeddingGrad grad -> {
        Operand indices = in.get(1);
        rowSums.write(
            site(op, grad.rows(), indices),
            new Axis(1, indices.elements(), grad.rows(), 1),
            in.get(0),
            indices,
            y);
      }
      case Indexing.Gather gather -> {
        Operand x = in.get(0);
        int axis = x.shape().axis(op.name(), gather.axis());
        Axis along = Axis.of(in.get(1).shape(), axis, x.shape().length(axis));
        gather(op, along, x, in.get(1), y);
      }
      case Indexing.GatherGrad grad -> {
        Operands.requireF32(op.name(), y);
        int axis = y.shape().axis(op.name(), grad.axis());
        Axis along = Axis.of(in.get(1).shape(), axis, grad.length());
        gatherGrad(op, along, in.get(0), in.get(1), y);
      }
      case Indexing.OneHot oneHot -> oneHot(oneHot, in.getFirst(), y);
    }
  }

  /**
   * An axis that indices run along: what lies outside and inside of it, how many indices there are on it, and how many values
   * they may have.
   */
  record Axis(long outer, long places, long length, long inner) {
    static Axis of(Shape indices, int axis, int length) {
      return new Axis(
          indices.elements(0, axis),
          indices.length(axis),
          length,
          indices.elements(axis + 1, indices.rank()));
    }

    /** How often its indices are a line of their own. */
    long lines() {
      return outer * inner;
    }

    /** How many elements the indexed tensor has. */
    long elements() {
      return outer * length * inner;
    }
  }

  private void embedding(Indexing op, Operand table, Operand indices, Operand y) {
    long rows = table.shape().length(0);
    long width = table.shape().elements(1, table.shape().rank());
    Launch launch =
        queue
            .kernel(
                Operands.byWidth(
                    op.name(),
                    y.dtype(),
                    Kernel.EMBEDDING_B32,
                    Kernel.EMBEDDING_B16,
                    Kernel.EMBEDDING_B8))
            .faults(site(op, rows, indices))
            .read(table)
            .read(indices)
            .write(y)
            .int64(y.elements())
            .int64(rows)
            .int64(width)
            .wide(y.elements());
    if (width % Operands.lanes(y.dtype()) == 0) {
      launch.over(y.elements(), y.dtype());
    } else {
      launch.over(y.elements());
    }
  }

  private void gather(Indexing op, Axis axis, Operand x, Operand indices, Operand y) {
    queue
        .kernel(
            Operands.byWidth(
                op.name(), y.dtype(), Kernel.GATHER_B32, Kernel.GATHER_B16, Kernel.GATHER_B8))
        .faults(site(op, axis.length(), indices))
        .read(x)
        .read(indices)
        .write(y)
        .int64(y.elements())
        .int64(axis.places())
        .int64(axis.inner())
        .int64(axis.length())
        .wide(y.elements())
        .over(y.elements(), indices.dtype());
  }

  private void gatherGrad(Indexing op, Axis axis, Operand dy, Operand indices, Operand dx) {
    Faults.Site site = site(op, axis.length(), indices);
    if (axis.places() > FEW_PLACES
        && axis.lines() < MANY_LINES
        && RowSums.takes(indices.elements(), axis.elements())) {
      rowSums.write(site, axis, dy, indices, dx);
      return;
    }
    queue.zero(Operands.address(dx), dx.type().bytes());
    if (dy.elements() > 0) {
      queue
          .kernel(Kernel.GATHER_GRAD_F32)
          .faults(site)
          .read(dy)
          .read(indices)
          .readWrite(dx)
          .int64(axis.lines())
          .int64(axis.places())
          .int64(axis.inner())
          .int64(axis.length())
          .over(axis.lines());
    }
  }

  private void oneHot(Indexing.OneHot op, Operand indices, Operand y) {
    Kernel kernel =
        Operands.byWidth(
            op.name(), y.dtype(), Kernel.ONE_HOT_B32, Kernel.ONE_HOT_B16, Kernel.ONE_HOT_B8);
    queue.zero(Operands.address(y), y.type().bytes());
    queue
        .kernel(kernel)
        .faults(site(op, op.classes(), indices))
        .read(indices)
        .write(y)
        .int64(indices.elements())
        .int64(op.classes())
        .int32(CudaCreation.pattern(y.dtype(), 1))
        .over(indices.elements());
  }

  private static Faults.Site site(Indexing op, long bound, Operand indices) {
    return new Faults.Site(op.name(), bound, indices.shape());
  }
}
