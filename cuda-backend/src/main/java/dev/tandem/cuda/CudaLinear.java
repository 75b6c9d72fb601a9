package dev.tandem.cuda;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.op.Linear;
import java.util.List;

/** Matrix products by cuBLAS, and convolutions as products. */
final class CudaLinear {
  private final Queue queue;

  CudaLinear(Queue queue) {
    this.queue = queue;
  }

  void run(Linear op, List<Operand> in, List<Operand> out) {
    throw new BackendException("linear " + queue);
  }
}
