package dev.tandem.cuda;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.op.Movement;
import java.util.List;

/** Moves elements. */
final class CudaMovement {
  private final Queue queue;

  CudaMovement(Queue queue) {
    this.queue = queue;
  }

  void run(Movement op, List<Operand> in, List<Operand> out) {
    throw new BackendException("movement " + queue);
  }
}
