package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.op.Fused;
import java.util.List;

/** Fused ops. */
final class CudaFused {
  void run(Fused op, List<Operand> in, List<Operand> out) {
    throw new UnsupportedOperationException(op.name() + in + out);
  }
}
