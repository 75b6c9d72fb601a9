package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.cuda.CudaAttention.Problem;
import dev.tandem.cuda.CudaAttention.Slopes;
import dev.tandem.op.Sequence;
import java.util.List;

/** Sequence ops. */
final class CudaSequence {
  private final CudaAttention attention;
  private final Rotations rotations;

  CudaSequence(Queue queue) {
    attention = new CudaAttention(queue);
    rotations = new Rotations(queue);
  }

  void run(Sequence op, List<Operand> in, List<Operand> out) {
    switch (op) {
      case Sequence.Attention a -> {
        List<Heads> qkv = in.stream().map(Heads::of).toList();
        Problem problem =
            new Problem(
                qkv.get(0),
                qkv.get(1),
                qkv.get(2),
                Heads.of(out.getFirst()),
                a.causal(),
                a.scale());
        attention.forward(problem, out.get(1));
      }
      case Sequence.AttentionGrad a -> {
        List<Heads> qkvy = in.subList(0, 4).stream().map(Heads::of).toList();
        List<Heads> slopes = out.stream().map(Heads::of).toList();
        Problem problem =
            new Problem(qkvy.get(0), qkvy.get(1), qkvy.get(2), qkvy.get(3), a.causal(), a.scale());
        attention.backward(
            op.name(),
            problem,
            new Slopes(
                in.get(4), Heads.of(in.get(5)), slopes.get(0), slopes.get(1), slopes.get(2)));
      }
      case Sequence.PackedAttention a -> {
        Packed packed = Packed.of(in.getFirst(), a.heads(), a.keyHeads());
        attention.forward(packed.problem(out.getFirst(), a.causal(), a.scale()), out.get(1));
      }
      case Sequence.PackedAttentionGrad a -> {
        Packed packed = Packed.of(in.getFirst(), a.heads(), a.keyHeads());
        Packed slopes = Packed.of(out.getFirst(), a.heads(), a.keyHeads());
        attention.backward(
            op.name(),
            packed.problem(in.get(1), a.causal(), a.scale()),
            new Slopes(in.get(2), packed.results(in.get(3)), slopes.q(), slopes.k(), slopes.v()));
      }
      case Sequence.Rotary rotary -> rotations.run(rotary, in.getFirst(), out.getFirst());
    }
  }

  /** Queries, keys and values side by side in each row. */
  private record Packed(Heads q, Heads k, Heads v) {
    static Packed of(Operand qkv, int heads, int keyHeads) {
      int columns = qkv.shape().length(2) / (heads + 2 * keyHeads);
      return new Packed(
          Heads.of(qkv, 0, heads, columns),
          Heads.of(qkv, heads, keyHeads, columns),
          Heads.of(qkv, heads + keyHeads, keyHeads, columns));
    }

    /** Results, or their slopes. */
    Heads results(Operand y) {
      return Heads.of(y, 0, q.heads(), q.columns());
    }

    Problem problem(Operand y, boolean causal, double scale) {
      return new Problem(q, k, v, results(y), causal, scale);
    }
  }
}
