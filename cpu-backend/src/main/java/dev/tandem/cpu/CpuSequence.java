package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Sequence;
import dev.tandem.shape.DType;
import java.util.List;

/** Sequence ops. Attention over q, k and v is one implementation, wherever they lie. */
final class CpuSequence {
  private final Rotary rotary;
  private final AttentionForward forward;
  private final AttentionBackward backward;
  private final AttentionF64 f64;

  CpuSequence(Parallel parallel, BufferPool pool) {
    AttentionForward.Machine machine =
        new AttentionForward.Machine(
            parallel, pool, GemmKernels.best(), Kernels.best(), RowKernels.best());
    rotary = new Rotary(parallel);
    forward = new AttentionForward(machine);
    backward = new AttentionBackward(machine);
    f64 = new AttentionF64(parallel);
  }

  void run(Sequence op, List<Operand> in, List<Operand> out) {
    switch (op) {
      case Sequence.Attention a ->
          attend(
              separate(in, a.causal(), a.scale()), List.of(in.get(0), in.get(1), in.get(2)), out);
      case Sequence.PackedAttention a ->
          attend(packed(in, a), List.of(in.get(0), in.get(0), in.get(0)), out);
      case Sequence.AttentionGrad a -> differentiate(separate(in, a.causal(), a.scale()), in, out);
      case Sequence.PackedAttentionGrad a -> {
        Operand qkv = in.get(0);
        Operand d = out.get(0);
        differentiate(
            packed(
                in, new Sequence.PackedAttention(a.heads(), a.keyHeads(), a.causal(), a.scale())),
            List.of(qkv, qkv, qkv, in.get(1), in.get(2), in.get(3)),
            List.of(d, d, d));
      }
      case Sequence.Rotary turn -> rotary.run(turn, in.getFirst(), out.getFirst());
    }
  }

  private static AttentionSizes separate(List<Operand> in, boolean causal, double scale) {
    return AttentionSizes.of(
        in.get(0).shape(), in.get(1).shape(), new AttentionSizes.Weighting(causal, scale));
  }

  private static AttentionSizes packed(List<Operand> in, Sequence.PackedAttention op) {
    return AttentionSizes.of(op, in.getFirst().shape());
  }

  /** @param qkv three operands, which may be the same */
  private void attend(AttentionSizes s, List<Operand> qkv, List<Operand> out) {
    if (out.getFirst().dtype() == DType.F64) {
      f64.forward(s, tensorsF64(qkv, out.get(0), out.get(1)));
    } else {
      forward.run(s, tensors(qkv, out.get(0), out.get(1)));
    }
  }

  /** @param in q, k, v, y, lse, dy */
  private void differentiate(AttentionSizes s, List<Operand> in, List<Operand> out) {
    Operand dq = out.get(0);
    Operand dk = out.get(1);
    Operand dv = out.get(2);
    if (dq.dtype() == DType.F64) {
      f64.backward(
          s,
          tensorsF64(in, in.get(3), in.get(4)),
          Operands.f64(in.get(5)),
          new AttentionF64.Gradients(Operands.f64(dq), Operands.f64(dk), Operands.f64(dv)));
    } else {
      backward.run(
          s,
          new AttentionBackward.Tensors(tensors(in, in.get(3), in.get(4)), Operands.f32(in.get(5))),
          new AttentionBackward.Gradients(Operands.f32(dq), Operands.f32(dk), Operands.f32(dv)));
    }
  }

  private static AttentionForward.Tensors tensors(List<Operand> qkv, Operand y, Operand lse) {
    return new AttentionForward.Tensors(
        Operands.f32(qkv.get(0)),
        Operands.f32(qkv.get(1)),
        Operands.f32(qkv.get(2)),
        Operands.f32(y),
        Operands.f32(lse));
  }

  private static AttentionF64.Tensors tensorsF64(List<Operand> qkv, Operand y, Operand lse) {
    return new AttentionF64.Tensors(
        Operands.f64(qkv.get(0)),
        Operands.f64(qkv.get(1)),
        Operands.f64(qkv.get(2)),
        Operands.f64(y),
        Operands.f64(lse));
  }
}
