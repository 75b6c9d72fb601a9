package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.op.Sequence;
import java.util.List;

/** Sequence ops. */
final class CudaSequence {
  private final Rotations rotations;

  CudaSequence(Queue queue) {
    rotations = new Rotations(queue);
  }

  void run(Sequence op, List<Operand> in, List<Operand> out) {
    switch (op) {
      case Sequence.Rotary rotary -> rotations.run(rotary, in.getFirst(), out.getFirst());
      case Sequence.Attention _,
          Sequence.AttentionGrad _,
          Sequence.PackedAttention _,
          Sequence.PackedAttentionGrad _ ->
          throw new UnsupportedOperationException(op.name() + in + out);
    }
  }
}
