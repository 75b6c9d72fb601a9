package dev.tandem.conformance;

import dev.tandem.op.Sequence;
import dev.tandem.op.Sequence.Attention;
import dev.tandem.op.Sequence.AttentionGrad;
import dev.tandem.op.Sequence.PackedAttention;
import dev.tandem.op.Sequence.PackedAttentionGrad;
import dev.tandem.op.Sequence.Rotary;
import dev.tandem.shape.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * The definition of the ops over positions: every score and every probability is written down, a row of them at a time. The gradient of
 * attention is the chain rule through them, for a slope would cost as many forwards as there are numbers; {@code GradientTest} holds it
 * to the slope where that is small. As a backend does it goes by the lse and y that it is given: a half type rounds them.
 */
final class OracleSequence {
  private OracleSequence() {}

  /** @param kept what becomes of each number that is written down on the way: itself, for the definition */
  static List<double[]> run(Sequence op, List<Values> in, DoubleUnaryOperator kept) {
    return switch (op) {
      case Attention a ->
          new Heads(in.get(0), in.get(1), in.get(2), a.causal(), a.scale(), kept).forward();
      case AttentionGrad a ->
          new Heads(in.get(0), in.get(1), in.get(2), a.causal(), a.scale(), kept)
              .backward(in.get(3).data(), in.get(4).data(), in.get(5).data());
      case PackedAttention a ->
          packed(in.getFirst(), a.heads(), a.keyHeads(), a.causal(), a.scale(), kept).forward();
      case PackedAttentionGrad a -> {
        List<double[]> gradients =
            packed(in.getFirst(), a.heads(), a.keyHeads(), a.causal(), a.scale(), kept)
                .backward(in.get(1).data(), in.get(2).data(), in.get(3).data());
        yield List.of(joined(gradients, rows(in.getFirst()), in.getFirst().shape().length(2)));
      }
      case Rotary rotary -> List.of(rotary(rotary, in.getFirst()));
    };
  }

  /** Queries (B, T, H, D) and keys and values (B, S, G, D). */
  private record Heads(
      Values q, Values k, Values v, boolean causal, double scale, DoubleUnaryOperator kept) {
    private int queries() {
      return q.shape().length(1);
    }

    private int keys() {
      return k.shape().length(1);
    }

    private int heads() {
      return q.shape().length(2);
    }

    private int length() {
      return q.shape().length(3);
    }

    /** Where the numbers of a head of q, y or their gradients begin. */
    private int query(int b, int t, int h) {
      return ((b * queries() + t) * heads() + h) * length();
    }

    /** Where the numbers of the head of k, v or their gradients begin that a query head looks at. */
    private int key(int b, int s, int h) {
      int keyHeads = k.shape().length(2);
      return ((b * keys() + s) * keyHeads + h / (heads() / keyHeads)) * length();
    }

    private int row(int b, int h, int t) {
      return (b * heads() + h) * queries() + t;
    }

    private boolean sees(int t, int s) {
      return !causal || s <= t + keys() - queries();
    }

    private double dot(double[] a, int atA, double[] b, int atB) {
      double sum = 0;
      for (int d = 0; d < length(); d++) {
        sum += a[atA + d] * b[atB + d];
      }
      return kept.applyAsDouble(sum);
    }

    /** What a query makes of each key that it sees, in their order. */
    private double[] scores(int b, int t, int h) {
      return IntStream.range(0, keys())
          .filter(s -> sees(t, s))
          .mapToDouble(s ->
              kept.applyAsDouble(scale * dot(q.data(), query(b, t, h), k.data(), key(b, s, h))))
          .toArray();
    }

    private interface RowWork {
      void of(int b, int t, int h);
    }

    private void eachRow(RowWork work) {
      for (int b = 0; b < q.shape().length(0); b++) {
        for (int h = 0; h < heads(); h++) {
          for (int t = 0; t < queries(); t++) {
            work.of(b, t, h);
          }
        }
      }
    }

    private List<double[]> forward() {
      double[] y = new double[q.data().length];
      double[] lse = new double[q.shape().length(0) * heads() * queries()];
      eachRow((b, t, h) -> {
        double[] scores = scores(b, t, h);
        double[] p = OracleNormalization.softmax(scores);
        lse[row(b, h, t)] = OracleNormalization.logSumExp(scores);
        for (int s = 0; s < p.length; s++) {
          add(y, query(b, t, h), kept.applyAsDouble(p[s]), v.data(), key(b, s, h));
        }
      });
      return List.of(rounded(y), rounded(lse));
    }

    private List<double[]> backward(double[] y, double[] lse, double[] dy) {
      double[] dq = new double[q.data().length];
      double[] dk = new double[k.data().length];
      double[] dv = new double[v.data().length];
      eachRow((b, t, h) -> {
        int at = query(b, t, h);
        double[] scores = scores(b, t, h);
        double mean = dot(dy, at, y, at);
        for (int s = 0; s < scores.length; s++) {
          double p = kept.applyAsDouble(Math.exp(scores[s] - lse[row(b, h, t)]));
          double dscore = kept.applyAsDouble(p * (dot(dy, at, v.data(), key(b, s, h)) - mean));
          add(dq, at, scale * dscore, k.data(), key(b, s, h));
          add(dk, key(b, s, h), scale * dscore, q.data(), at);
          add(dv, key(b, s, h), p, dy, at);
        }
      });
      return List.of(rounded(dq), rounded(dk), rounded(dv));
    }

    private double[] rounded(double[] x) {
      return Arrays.stream(x).map(kept).toArray();
    }

    /** Adds a multiple of one head's numbers to another's. */
    private void add(double[] to, int at, double factor, double[] from, int start) {
      for (int d = 0; d < length(); d++) {
        to[at + d] += factor * from[start + d];
      }
    }
  }

  /** Takes rows of queries, keys and values apart. */
  private static Heads packed(
      Values qkv, int heads, int keyHeads, boolean causal, double scale, DoubleUnaryOperator kept) {
    int width = qkv.shape().length(2);
    int length = width / (heads + 2 * keyHeads);
    return new Heads(
        part(qkv, 0, heads, length),
        part(qkv, heads * length, keyHeads, length),
        part(qkv, (heads + keyHeads) * length, keyHeads, length),
        causal,
        scale,
        kept);
  }

  private static Values part(Values qkv, int start, int heads, int length) {
    Shape shape = Shape.of(qkv.shape().length(0), qkv.shape().length(1), heads, length);
    int width = qkv.shape().length(2);
    double[] part = new double[Positions.elements(shape)];
    for (int i = 0; i < part.length; i++) {
      int taken = heads * length;
      part[i] = qkv.data()[i / taken * width + start + i % taken];
    }
    return new Values(qkv.type().withShape(shape), part);
  }

  private static int rows(Values qkv) {
    return Positions.elements(qkv.shape().without(-1));
  }

  /** Rows of several tensors side by side. */
  private static double[] joined(List<double[]> parts, int rows, int width) {
    double[] whole = new double[rows * width];
    int start = 0;
    for (double[] part : parts) {
      int taken = rows == 0 ? 0 : part.length / rows;
      for (int row = 0; row < rows; row++) {
        System.arraycopy(part, row * taken, whole, row * width + start, taken);
      }
      start += taken;
    }
    return whole;
  }

  private static double[] rotary(Rotary op, Values x) {
    double[] y = Arrays.copyOf(x.data(), x.data().length);
    int length = x.shape().length(3);
    int half = length / 2;
    for (int i = 0; i < y.length; i++) {
      int[] place = Positions.place(x.shape(), i);
      if (place[2] < op.rotated()) {
        int pair = place[3] % half;
        double angle = ((double) op.start() + place[1]) * Math.pow(op.base(), -2.0 * pair / length);
        double sin = op.inverse() ? -Math.sin(angle) : Math.sin(angle);
        boolean first = place[3] < half;
        double other = x.data()[first ? i + half : i - half];
        y[i] = x.data()[i] * Math.cos(angle) + (first ? -other : other) * sin;
      }
    }
    return y;
  }
}
