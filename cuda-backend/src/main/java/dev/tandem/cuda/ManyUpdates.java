package dev.tandem.cuda;

import static dev.tandem.cuda.Kernel.*;

import dev.tandem.backend.Operand;
import dev.tandem.cuda.driver.Arguments.Access;
import dev.tandem.op.Update;
import dev.tandem.op.Update.Masters;
import java.util.List;

/** A step of a rule for many weights, by many.cuh: a launch for as many as a table holds. */
final class ManyUpdates {
  /** Of many.cuh: elements of a piece, weights of a table, and what it has of each. */
  private static final int PIECE = 1 << 14;

  private static final int WEIGHTS = 74;
  private static final int MASTER = 3;
  private static final int GRADIENT = 4;
  private static final int POINTERS = 5;

  private final Queue queue;

  ManyUpdates(Queue queue) {
    this.queue = queue;
  }

  void run(Update.Many op, List<Operand> operands) {
    for (int first = 0; first < op.count(); first += WEIGHTS) {
      TensorTable table = table(op, operands, first, Math.min(op.count(), first + WEIGHTS));
      if (table.pieces() > 0) {
        step(op, operands, table).over((long) table.pieces() * Launch.THREADS);
      }
    }
  }

  private static TensorTable table(Update.Many op, List<Operand> operands, int first, int end) {
    TensorTable table = new TensorTable(POINTERS, WEIGHTS, PIECE, first);
    boolean masters = op.masters() != Masters.NONE;
    for (int i = first; i < end; i++) {
      List<Operand> written = operands.subList(i * op.group(), (i + 1) * op.group());
      Operand w = written.getFirst();
      table.add(w.elements());
      // Where there is a master the weight is what becomes of it, and not read.
      table.put(0, w, masters ? Access.WRITE : Access.READ_WRITE);
      for (int state = 1; state <= op.rule().states(); state++) {
        table.put(state, written.get(state), Access.READ_WRITE);
      }
      if (masters) {
        table.put(MASTER, written.getLast(), Access.READ_WRITE);
      }
      table.put(GRADIENT, operands.get(op.count() * op.group() + i), Access.READ);
    }
    return table;
  }

  private Launch step(Update.Many op, List<Operand> operands, TensorTable table) {
    Kernel kernel =
        switch (op.rule()) {
          case Update.Sgd _ -> MANY_SGD_F32;
          case Update.Momentum _ -> MANY_MOMENTUM_F32;
          case Update.Adagrad _ -> MANY_ADAGRAD_F32;
          case Update.RmsProp _ -> MANY_RMS_PROP_F32;
          case Update.Adam _ -> MANY_ADAM_F32;
          case Update.Lion _ -> MANY_LION_F32;
        };
    Launch launch = table.to(queue.kernel(kernel.in(operands.getFirst().dtype())));
    int scalars = op.count() * (op.group() + 1);
    launch.read(operands.get(scalars)).read(operands.get(scalars + 1));
    if (op.rule().counted()) {
      launch.read(operands.get(scalars + 2));
    }
    if (op.masters() == Masters.ROUNDED_STOCHASTICALLY) {
      launch.read(operands.getLast());
    } else {
      launch.none();
    }
    return CudaUpdate.attributes(launch, op.rule());
  }
}
