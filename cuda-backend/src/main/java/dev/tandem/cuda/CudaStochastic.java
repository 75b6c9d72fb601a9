package dev.tandem.cuda;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.op.Stochastic;
import java.util.List;

/** Draws random numbers on the device. */
final class CudaStochastic {
  private final Queue queue;

  CudaStochastic(Queue queue) {
    this.queue = queue;
  }

  void run(Stochastic op, List<Operand> in, List<Operand> out) {
    throw new BackendException("stochastic " + queue);
  }
}
