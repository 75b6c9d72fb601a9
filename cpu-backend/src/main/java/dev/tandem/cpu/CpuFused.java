package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Fused;
import java.util.List;

/** Fused ops. */
final class CpuFused {
  void run(Fused op, List<Operand> in, List<Operand> out) {
    throw new UnsupportedOperationException(op.name() + in + out);
  }
}
