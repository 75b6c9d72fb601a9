package dev.tandem.conformance;

import static dev.tandem.conformance.Source.result;
import static dev.tandem.conformance.Source.uniform;

import dev.tandem.op.Op;
import dev.tandem.op.Sequence.Attention;
import dev.tandem.op.Sequence.AttentionGrad;
import dev.tandem.op.Sequence.PackedAttention;
import dev.tandem.op.Sequence.PackedAttentionGrad;
import dev.tandem.op.Sequence.Rotary;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.ArrayList;
import java.util.List;

/** Samples of the ops over positions. Backward ops get y and lse that belong to q, k and v, as they do in training. */
final class SequenceCases {
  private static final List<DType> EVERY = List.of(DType.F32, DType.F64, DType.BF16, DType.F16);
  private static final List<DType> WIDE = OpCase.FLOATING;
  private static final List<DType> WIDE_AND_BF16 = List.of(DType.F32, DType.F64, DType.BF16);

  /** Scores are up to about 6, as in training; and hundreds, of which the largest takes all. */
  static final double ORDINARY = 2;

  private static final double SATURATING = 20;

  /** B sequences of T queries and S keys, H heads that share G key heads, of D numbers. */
  private record Sizes(int b, int t, int s, int h, int g, int d) {}

  private final Cases cases = new Cases();

  private SequenceCases() {}

  static List<OpCase> all() {
    SequenceCases sequences = new SequenceCases();
    sequences.attention();
    sequences.packed();
    sequences.rotary();
    return sequences.cases.list();
  }

  private void attention() {
    // One of each; within a tile, a tile exactly, and one beyond; more keys than queries; each
    // length of a head.
    attention(WIDE, new Sizes(1, 1, 1, 1, 1, 1), false, ORDINARY);
    attention(EVERY, new Sizes(2, 5, 5, 2, 1, 8), true, ORDINARY);
    attention(EVERY, new Sizes(1, 5, 9, 4, 1, 33), true, ORDINARY);
    attention(WIDE_AND_BF16, new Sizes(1, 64, 64, 1, 1, 64), true, ORDINARY);
    attention(EVERY, new Sizes(1, 65, 65, 2, 2, 33), false, ORDINARY);
    attention(WIDE, new Sizes(1, 130, 130, 2, 1, 8), true, ORDINARY);
    attention(EVERY, new Sizes(1, 64, 130, 4, 2, 128), false, ORDINARY);
    attention(WIDE, new Sizes(1, 65, 130, 1, 1, 128), true, ORDINARY);
    attention(WIDE, new Sizes(1, 3, 2, 1, 1, 5), false, ORDINARY);
    attention(WIDE, new Sizes(0, 5, 5, 2, 1, 8), true, ORDINARY);
    attention(WIDE, new Sizes(2, 5, 5, 2, 1, 8), true, SATURATING);
    attention(WIDE_AND_BF16, new Sizes(1, 65, 65, 2, 2, 33), false, SATURATING);
  }

  private void attention(List<DType> dtypes, Sizes n, boolean causal, double bound) {
    double scale = 1 / Math.sqrt(n.d);
    Attention op = new Attention(causal, scale);
    Source q = uniform(Shape.of(n.b, n.t, n.h, n.d), -bound, bound);
    Source k = uniform(Shape.of(n.b, n.s, n.g, n.d), -bound, bound);
    Source v = uniform(Shape.of(n.b, n.s, n.g, n.d), -2, 2);
    Source dy = uniform(Shape.of(n.b, n.t, n.h, n.d), -2, 2);
    cases.add(dtypes, op, forward(bound), q, k, v);
    cases.add(
        dtypes,
        new AttentionGrad(causal, scale),
        backward(bound),
        q,
        k,
        v,
        result(op, 0, 0, 1, 2),
        result(op, 1, 0, 1, 2),
        dy);
  }

  private void packed() {
    packed(WIDE, new Sizes(1, 1, 1, 1, 1, 1), false);
    packed(EVERY, new Sizes(2, 5, 5, 2, 1, 8), true);
    packed(EVERY, new Sizes(1, 65, 65, 3, 1, 33), true);
    packed(WIDE_AND_BF16, new Sizes(1, 64, 64, 2, 2, 64), false);
    packed(WIDE, new Sizes(1, 130, 130, 1, 1, 128), true);
    packed(WIDE, new Sizes(0, 5, 5, 2, 1, 8), true);
  }

  private void packed(List<DType> dtypes, Sizes n, boolean causal) {
    double scale = 1 / Math.sqrt(n.d);
    PackedAttention op = new PackedAttention(n.h, n.g, causal, scale);
    Source qkv = uniform(Shape.of(n.b, n.t, (n.h + 2 * n.g) * n.d), -ORDINARY, ORDINARY);
    cases.add(dtypes, op, forward(ORDINARY), qkv);
    cases.add(
        dtypes,
        new PackedAttentionGrad(n.h, n.g, causal, scale),
        backward(ORDINARY),
        qkv,
        result(op, 0, 0),
        result(op, 1, 0),
        uniform(Shape.of(n.b, n.t, n.h * n.d), -2, 2));
  }

  /**
   * A score is a sum of products up to bound^2 and is rounded with it, its exponential by as many units; they weigh numbers up
   * to 2.
   */
  static Tolerance forward(double bound) {
    return Tolerance.relative(8).plusAbsolute(8 + 4 * bound * bound).orTimesStepwise(2);
  }

  /**
   * dq and dk are sums of probability * slope * number: the first is off by 4 bound^2 units as before, the second is about 1.3
   * sqrt(D), which scale undoes, the third the bound; a key that many queries look at gathers some times that.
   */
  static Tolerance backward(double bound) {
    return Tolerance.relative(8).plusAbsolute(40 * bound * bound * bound).orTimesStepwise(3);
  }

  private void rotary() {
    rotary(1, 10_000, 0, Shape.of(1, 1, 1, 2));
    rotary(2, 10_000, 0, Shape.of(2, 5, 3, 8));
    rotary(5, 10_000, 7, Shape.of(1, 65, 5, 34));
    rotary(0, 10_000, 3, Shape.of(2, 9, 2, 6));
    // Angles of many turns: an angle rounded to F32 would be off by a hundredth.
    rotary(3, 500_000, 131_000, Shape.of(1, 70, 4, 64));
    rotary(2, 10_000, 0, Shape.of(0, 5, 2, 8));
  }

  private void rotary(int rotated, double base, int start, Shape shape) {
    // Sine and cosine rounded, two products and a sum, of numbers up to 2.
    Tolerance tolerance = Tolerance.relative(2).plusAbsolute(6).ofAngle();
    List<Op> ops = new ArrayList<>();
    for (boolean inverse : new boolean[] {false, true}) {
      ops.add(new Rotary(rotated, base, start, inverse));
    }
    ops.forEach(op -> cases.add(op, tolerance, uniform(shape, -2, 2)));
  }
}
