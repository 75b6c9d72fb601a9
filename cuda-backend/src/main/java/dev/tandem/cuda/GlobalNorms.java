package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.cuda.driver.Arguments.Access;
import java.util.ArrayList;
import java.util.List;

/** The norm of many tensors as if they were one, by global_norm.cu: a launch for as many as a table holds, and one to finish. */
final class GlobalNorms {
  /** Of global_norm.cu: elements of a piece, and tensors of a table. */
  private static final int PIECE = 1 << 16;

  private static final int TENSORS = 192;

  private final Queue queue;

  GlobalNorms(Queue queue) {
    this.queue = queue;
  }

  void run(List<Operand> in, Operand y) {
    List<TensorTable> tables = new ArrayList<>();
    for (int first = 0; first < in.size(); first += TENSORS) {
      TensorTable table = new TensorTable(1, TENSORS, PIECE, first);
      for (Operand x : in.subList(first, Math.min(in.size(), first + TENSORS))) {
        table.add(x.elements()).put(0, x, Access.READ);
      }
      tables.add(table);
    }
    long pieces = tables.stream().mapToLong(TensorTable::pieces).sum();
    long bytes = Math.max(1, pieces) * Double.BYTES;
    try (Scratch sums = queue.scratch(bytes, "sums of squares")) {
      long at = sums.address();
      for (TensorTable table : tables) {
        if (table.pieces() > 0) {
          long part = (long) table.pieces() * Double.BYTES;
          table
              .to(queue.kernel(Kernel.SUM_SQUARES_F32.in(in.getFirst().dtype())))
              .write(at, part)
              .over((long) table.pieces() * Launch.THREADS);
          at += part;
        }
      }
      queue.kernel(Kernel.GLOBAL_NORM_F32).read(sums).write(y).int64(pieces).over(1);
    }
  }
}
