package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Sequence;
import java.util.List;

/** Sequence ops. */
final class CpuSequence {
  void run(Sequence op, List<Operand> in, List<Operand> out) {
    throw new UnsupportedOperationException(op.name() + in + out);
  }
}
