package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.conformance.Values;
import dev.tandem.op.Sequence.Attention;
import dev.tandem.op.Sequence.AttentionGrad;
import dev.tandem.op.Sequence.PackedAttention;
import dev.tandem.op.Sequence.PackedAttentionGrad;
import java.util.List;

/**
 * Runs attention and its gradients and compares with plain loops in double. What is allowed is measured by the same loops with each
 * intermediate result rounded to the element type, which is what a composition of products and a softmax does: twice their error
 * forward, three times backward.
 */
final class AttentionCheck {
  private AttentionCheck() {}

  static void check(CudaBackend backend, AttentionCase each) {
    Values[] qkv = each.inputs();
    Values dy = each.slopes();
    List<Values> forward = Emulated.run(backend, new Attention(each.causal(), each.scale()), qkv);
    AttentionOracle truth = AttentionOracle.exact(each, qkv);
    AttentionOracle rounded = AttentionOracle.rounded(each, qkv);
    within(each, "y", truth.y(), forward.get(0), rounded.y(), 2);
    // The statistic is F32 for all, and 18 bits of the largest are right.
    assertTrue(
        AttentionOracle.largestDifference(truth.lse(), forward.get(1).data())
            <= 4e-6 * (1 + AttentionOracle.largest(truth.lse())),
        () -> each + ": lse");
    // Backward is given what forward gave; the truth of slopes goes by the exact y and lse.
    List<Values> gradients =
        Emulated.run(
            backend,
            new AttentionGrad(each.causal(), each.scale()),
            qkv[0],
            qkv[1],
            qkv[2],
            forward.get(0),
            forward.get(1),
            dy);
    AttentionOracle.Slopes slopes = truth.slopes(dy);
    AttentionOracle.Slopes roundedSlopes = rounded.slopes(dy);
    within(each, "dq", slopes.dq(), gradients.get(0), roundedSlopes.dq(), 3);
    within(each, "dk", slopes.dk(), gradients.get(1), roundedSlopes.dk(), 3);
    within(each, "dv", slopes.dv(), gradients.get(2), roundedSlopes.dv(), 3);
    if (each.queries() == each.keys()) {
      packed(backend, each, qkv, dy, forward, gradients);
    }
  }

  /** The same numbers side by side give the same bits, one kernel doing both. */
  private static void packed(
      CudaBackend backend,
      AttentionCase each,
      Values[] qkv,
      Values dy,
      List<Values> forward,
      List<Values> gradients) {
    Values all = each.packed(qkv[0], qkv[1], qkv[2]);
    List<Values> y =
        Emulated.run(
            backend,
            new PackedAttention(each.heads(), each.keyHeads(), each.causal(), each.scale()),
            all);
    same(each + ": packed y", forward.get(0), y.get(0));
    same(each + ": packed lse", forward.get(1), y.get(1));
    List<Values> dqkv =
        Emulated.run(
            backend,
            new PackedAttentionGrad(each.heads(), each.keyHeads(), each.causal(), each.scale()),
            all,
            y.get(0),
            y.get(1),
            new Values(y.get(0).type(), dy.data()));
    same(
        each + ": packed slopes",
        each.packed(gradients.get(0), gradients.get(1), gradients.get(2)),
        dqkv.getFirst());
  }

  private static void same(String what, Values expected, Values actual) {
    assertEquals(-1, expected.bytes().mismatch(actual.bytes()), what + ": first difference");
  }

  private static void within(
      AttentionCase each,
      String what,
      double[] truth,
      Values actual,
      double[] rounded,
      double times) {
    double error = AttentionOracle.largestDifference(truth, actual.data());
    double usual = AttentionOracle.largestDifference(truth, rounded);
    double largest = AttentionOracle.largest(truth);
    // Sums of F32 in another order, of which differences nearly cancel.
    double allowed = times * usual + 0x1p-22 * Math.max(1, largest);
    assertTrue(
        error <= allowed,
        () ->
            "%s: %s is off by %.3g of %.3g, rounded loops by %.3g"
                .formatted(each, what, error, largest, usual));
  }
}
