package dev.tandem.cuda;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.op.Indexing;
import java.util.List;

/** Reads and writes where indices say. */
final class CudaIndexing {
  private final Queue queue;

  CudaIndexing(Queue queue) {
    this.queue = queue;
  }

  void run(Indexing op, List<Operand> in, List<Operand> out) {
    throw new BackendException("indexing " + queue);
  }
}
