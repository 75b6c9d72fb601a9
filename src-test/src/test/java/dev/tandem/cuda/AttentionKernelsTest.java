package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.conformance.Values;
import dev.tandem.op.Sequence.Attention;
import dev.tandem.op.Sequence.AttentionGrad;
import dev.tandem.op.Sequence.PackedAttention;
import dev.tandem.op.Sequence.PackedAttentionGrad;
import dev.tandem.shape.DType;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Attention against plain loops in double. For 16-bit floats an error is measured by that of the same loops with each intermediate
 * result rounded to them, which is what a composition of products and a softmax does: not more than twice as large forward, three
 * times backward. Sizes are those at which tiles end, begin and are left out.
 */
final class AttentionKernelsTest {
  private static Emulated gpu;

  @BeforeAll
  static void open() {
    gpu = KernelRun.gpu(false);
  }

  @AfterAll
  static void close() {
    gpu.close();
  }

  private static AttentionCase of(
      DType dtype, int queries, int keys, int heads, int keyHeads, int columns, boolean causal) {
    return new AttentionCase(dtype, 1, queries, keys, heads, keyHeads, columns, causal, 1);
  }

  /** Every size once or more, not in all combinations: a key head for one, two and four query heads, and all tails of tiles. */
  private static Stream<AttentionCase> cases(DType dtype) {
    return Stream.of(
        of(dtype, 1, 1, 1, 1, 8, true),
        of(dtype, 7, 7, 2, 1, 16, true),
        of(dtype, 7, 130, 4, 1, 33, true),
        of(dtype, 64, 64, 1, 1, 24, true),
        of(dtype, 65, 65, 2, 2, 33, false),
        of(dtype, 130, 130, 2, 1, 40, true),
        of(dtype, 1, 130, 1, 1, 64, true),
        of(dtype, 64, 130, 1, 1, 64, true),
        of(dtype, 130, 65, 2, 1, 64, false),
        of(dtype, 150, 201, 1, 1, 64, true),
        of(dtype, 65, 70, 1, 1, 80, true),
        of(dtype, 130, 130, 1, 1, 128, true),
        of(dtype, 65, 64, 2, 1, 128, false),
        of(dtype, 3, 5, 1, 1, 1, false),
        of(dtype, 5, 9, 1, 1, 127, true),
        of(dtype, 70, 70, 1, 1, 32, true).scaled(40),
        of(dtype, 70, 70, 1, 1, 64, true).scaled(-2),
        of(dtype, 70, 70, 1, 1, 64, true).scaled(0),
        new AttentionCase(dtype, 3, 66, 66, 2, 1, 32, true, 1));
  }

  @TestFactory
  Stream<DynamicTest> ofEachSize() {
    return Stream.of(DType.F32, DType.BF16, DType.F16)
        .flatMap(AttentionKernelsTest::cases)
        .map(each -> DynamicTest.dynamicTest(each.toString(), () -> check(each)));
  }

  private static void check(AttentionCase each) {
    Values[] qkv = each.inputs();
    Values dy = each.slopes();
    List<Values> forward =
        Emulated.run(gpu.backend(), new Attention(each.causal(), each.scale()), qkv);
    AttentionOracle truth = AttentionOracle.exact(each, qkv);
    AttentionOracle rounded = AttentionOracle.rounded(each, qkv);
    within(each, "y", truth.y(), forward.get(0), rounded.y(), 2);
    // The statistic is F32 for all: a sum of products of rounded numbers, not rounded itself.
    double largest = 0;
    for (int i = 0; i < truth.lse().length; i++) {
      largest = Math.max(largest, Math.abs(truth.lse()[i]));
    }
    for (int i = 0; i < truth.lse().length; i++) {
      assertEquals(truth.lse()[i], forward.get(1).data()[i], 4e-6 * (1 + largest), "lse at " + i);
    }
    // Backward is given what forward gave; the truth of slopes goes by the exact y and lse.
    List<Values> backward =
        Emulated.run(
            gpu.backend(),
            new AttentionGrad(each.causal(), each.scale()),
            qkv[0],
            qkv[1],
            qkv[2],
            forward.get(0),
            forward.get(1),
            dy);
    AttentionOracle.Slopes slopes = truth.slopes(dy);
    AttentionOracle.Slopes roundedSlopes = rounded.slopes(dy);
    within(each, "dq", slopes.dq(), backward.get(0), roundedSlopes.dq(), 3);
    within(each, "dk", slopes.dk(), backward.get(1), roundedSlopes.dk(), 3);
    within(each, "dv", slopes.dv(), backward.get(2), roundedSlopes.dv(), 3);
    if (each.queries() == each.keys()) {
      packed(each, qkv, dy, forward, backward);
    }
  }

  /** The same numbers side by side give the same bits, one kernel doing both. */
  private static void packed(
      AttentionCase each, Values[] qkv, Values dy, List<Values> forward, List<Values> backward) {
    Values all = each.packed(qkv[0], qkv[1], qkv[2]);
    List<Values> y =
        Emulated.run(
            gpu.backend(),
            new PackedAttention(each.heads(), each.keyHeads(), each.causal(), each.scale()),
            all);
    same(each + ": packed y", forward.get(0), y.get(0));
    same(each + ": packed lse", forward.get(1), y.get(1));
    List<Values> dqkv =
        Emulated.run(
            gpu.backend(),
            new PackedAttentionGrad(each.heads(), each.keyHeads(), each.causal(), each.scale()),
            all,
            y.get(0),
            y.get(1),
            new Values(y.get(0).type(), dy.data()));
    same(
        each + ": packed slopes",
        each.packed(backward.get(0), backward.get(1), backward.get(2)),
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
