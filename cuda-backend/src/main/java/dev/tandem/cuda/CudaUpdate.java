package dev.tandem.cuda;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.op.Update;
import java.util.List;

/** Works in place: an optimizer's step in one pass over weight, states and gradient. */
final class CudaUpdate {
  private final Queue queue;

  CudaUpdate(Queue queue) {
    this.queue = queue;
  }

  void run(Update op, List<Operand> operands) {
    throw new BackendException("update " + queue);
  }
}
