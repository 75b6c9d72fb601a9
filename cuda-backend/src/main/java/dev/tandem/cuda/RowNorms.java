package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.shape.DType;
import java.util.List;

/** Norms of rows, and their gradients: rows' parts of dgamma and dbeta are summed in another launch. */
final class RowNorms {
  // Blocks for the gradients: two for each multiprocessor of a large device, so that the rows that
  // they look at twice stay in its cache.
  private static final int GRAD_BLOCKS = 256;
  private static final int WARPS = Launch.THREADS / Folds.WARP;
  // What kernels take by fours begins on 16 bytes, and as common.cuh has it, on these.
  private static final long ALIGNMENT = 256;

  private final Queue queue;
  private final Folds folds;

  RowNorms(Queue queue) {
    this.queue = queue;
    folds = new Folds(queue);
  }

  /** results: y, statistics. */
  void forward(Kernel ofShort, Kernel ofLong, double epsilon, List<Operand> in, List<Operand> out) {
    Rows rows = Rows.of(in.getFirst());
    if (rows.count() == 0) {
      return;
    }
    // Rows of no elements have statistics too: the kernels divide 0 by 0.
    Launch launch = rows.kernel(queue, ofShort, ofLong, in, out).float32(epsilon);
    launch.over(rows.count() * (rows.isShort() ? Folds.WARP : Launch.THREADS));
  }

  /** inputs: what the kernel takes. results: dx, dgamma and, of layer norm, dbeta. */
  void gradients(Kernel kernel, List<Operand> in, List<Operand> out) {
    Rows rows = Rows.of(in.getFirst());
    List<Operand> weights = out.subList(1, out.size());
    if (in.getFirst().elements() == 0) {
      weights.forEach(dgamma -> queue.zero(Operands.address(dgamma), dgamma.type().bytes()));
      return;
    }
    long length = Math.ceilDiv(Math.ceilDiv(rows.count(), GRAD_BLOCKS), WARPS) * (long) WARPS;
    long pieces = Math.ceilDiv(rows.count(), length);
    long bytes = pieces * rows.length() * Float.BYTES;
    long apart = Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    try (Scratch parts = queue.scratch(weights.size() * apart, "parts of dgamma and dbeta")) {
      Launch launch = queue.kernel(kernel.in(in.getFirst().dtype()));
      in.forEach(launch::read);
      launch.write(out.getFirst());
      for (int i = 0; i < weights.size(); i++) {
        launch.readWrite(parts.address() + i * apart, bytes);
      }
      launch.int64(rows.count()).int64(rows.length()).int64(length);
      launch.over(pieces * Launch.THREADS);
      Folds.Box box = new Folds.Box(1, pieces, rows.length());
      for (int i = 0; i < weights.size(); i++) {
        Folds.Place part = new Folds.Place(parts.address() + i * apart, bytes, DType.F32);
        folds.fold(Fold.SUM, box, part, Folds.Place.of(weights.get(i)), 1);
      }
    }
  }
}
