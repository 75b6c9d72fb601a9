package dev.tandem.jmh;

import dev.tandem.backend.Operand;
import dev.tandem.op.Sequence;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/** Sequences x positions x heads x length of a head. What a causal mask leaves out does not count. */
public class AttentionBenchmark extends CallBenchmark {
  @Param({"16x128x4x64", "2x1024x4x64"})
  public String shape;

  @Param({"causal", "full"})
  public String mask;

  @Param({"forward", "backward"})
  public String pass;

  @Override
  Call call(Operands operands) {
    int[] lengths = Specification.of(shape).lengths(4);
    int heads = lengths[2];
    boolean causal = mask.equals("causal");
    double scale = 1 / Math.sqrt(lengths[3]);
    Operand qkv = operands.uniform(lengths[0], lengths[1], 3 * heads * lengths[3]);
    Sequence.PackedAttention forward = new Sequence.PackedAttention(heads, heads, causal, scale);
    if (pass.equals("forward")) {
      return operands.call(forward, qkv);
    }
    List<Operand> results = operands.results(forward, qkv);
    Operand y = results.get(0);
    return operands.call(
        new Sequence.PackedAttentionGrad(heads, heads, causal, scale),
        qkv,
        y,
        results.get(1),
        operands.uniform(y.type()));
  }
}
