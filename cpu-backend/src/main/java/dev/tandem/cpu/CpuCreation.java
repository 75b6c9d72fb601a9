package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Creation;
import dev.tandem.shape.DType;
import java.util.List;

/** Makes tensors from nothing. */
final class CpuCreation {
  private static final int GRAIN = 1 << 16;

  private final Parallel parallel;

  CpuCreation(Parallel parallel) {
    this.parallel = parallel;
  }

  void run(Creation op, List<Operand> in, List<Operand> out) {
    switch (op) {
      case Creation.Fill fill -> {
        Object y = Operands.array(out.getFirst());
        int elements = Operands.elements(out.getFirst());
        DType dtype = fill.type().dtype();
        parallel.range(
            elements, GRAIN, (from, to) -> Elements.fill(dtype, y, from, to, fill.value()));
      }
    }
  }
}
