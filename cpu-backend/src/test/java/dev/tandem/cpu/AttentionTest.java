package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.op.Op;
import dev.tandem.op.Sequence.Attention;
import dev.tandem.op.Sequence.AttentionGrad;
import dev.tandem.op.Sequence.PackedAttention;
import dev.tandem.op.Sequence.PackedAttentionGrad;
import dev.tandem.shape.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Attention against the formulas with whole matrices of scores, in double. */
class AttentionTest {
  /** Sizes: sequences, queries, keys, query heads, key heads, numbers a head. */
  private record Sizes(int b, int t, int s, int h, int g, int d) {
    Shape q() {
      return Shape.of(b, t, h, d);
    }

    Shape k() {
      return Shape.of(b, s, g, d);
    }
  }

  /** One of everything, odd lengths, tiles' borders and one beyond, grouped heads, more keys than queries. */
  private static final List<Sizes> SIZES =
      List.of(
          new Sizes(1, 1, 1, 1, 1, 1),
          new Sizes(2, 7, 7, 2, 2, 3),
          new Sizes(1, 5, 5, 4, 1, 8),
          new Sizes(2, 48, 48, 2, 2, 16),
          new Sizes(1, 49, 129, 6, 3, 20),
          new Sizes(3, 97, 128, 1, 1, 64),
          new Sizes(1, 130, 130, 4, 2, 33),
          new Sizes(1, 300, 300, 2, 1, 128),
          new Sizes(1, 3, 400, 2, 2, 40),
          new Sizes(1, 600, 600, 1, 1, 5),
          new Sizes(0, 4, 4, 1, 1, 4),
          new Sizes(1, 0, 4, 1, 1, 4));

  // A row's scores are sums of D products each near 1, and e^x makes an absolute error of a score a
  // relative one of a weight; the
  // sums of weighted rows add some 1e-7 of the sum of magnitudes. Errors seen are below a quarter
  // of these.
  private static final double FORWARD = 4e-6;
  private static final double BACKWARD = 2e-5;

  /** What the formulas give: y, lse, dq, dk, dv. */
  private static double[][] formulas(
      Sizes z, boolean causal, double scale, double[] q, double[] k, double[] v, double[] dy) {
    double[] y = new double[q.length];
    double[] lse = new double[z.b * z.h * z.t];
    double[] dq = new double[q.length];
    double[] dk = new double[k.length];
    double[] dv = new double[k.length];
    for (int b = 0; b < z.b; b++) {
      for (int h = 0; h < z.h; h++) {
        for (int t = 0; t < z.t; t++) {
          int at = ((b * z.t + t) * z.h + h) * z.d;
          int seen = causal ? t + 1 + z.s - z.t : z.s;
          double[] p = new double[seen];
          double[] dp = new double[seen];
          double total = 0;
          for (int s = 0; s < seen; s++) {
            int other = ((b * z.s + s) * z.g + h / (z.h / z.g)) * z.d;
            for (int i = 0; i < z.d; i++) {
              p[s] += scale * q[at + i] * k[other + i];
              dp[s] += dy[at + i] * v[other + i];
            }
            p[s] = Math.exp(p[s]);
            total += p[s];
          }
          lse[(b * z.h + h) * z.t + t] = Math.log(total);
          double dot = 0;
          for (int s = 0; s < seen; s++) {
            p[s] /= total;
            dot += p[s] * dp[s];
          }
          for (int s = 0; s < seen; s++) {
            int other = ((b * z.s + s) * z.g + h / (z.h / z.g)) * z.d;
            double ds = p[s] * (dp[s] - dot) * scale;
            for (int i = 0; i < z.d; i++) {
              y[at + i] += p[s] * v[other + i];
              dv[other + i] += p[s] * dy[at + i];
              dq[at + i] += ds * k[other + i];
              dk[other + i] += ds * q[at + i];
            }
          }
        }
      }
    }
    return new double[][] {y, lse, dq, dk, dv};
  }

  private static double[] numbers(int count, int seed) {
    Random random = new Random(seed);
    double[] numbers = new double[count];
    Arrays.setAll(numbers, i -> (float) (2 * random.nextDouble() - 1));
    return numbers;
  }

  private static void holds(String what, Trial trial, double f32, double[]... expected) {
    List<double[]> single = trial.f32();
    List<double[]> exact = trial.f64();
    for (int i = 0; i < expected.length; i++) {
      Trial.assertClose(what + " F32 result " + i, expected[i], single.get(i), f32);
      Trial.assertClose(what + " F64 result " + i, expected[i], exact.get(i), 1e-12);
    }
  }

  @Test
  void separate() {
    for (Sizes z : SIZES) {
      for (boolean causal : new boolean[] {false, true}) {
        if (causal && z.s < z.t) {
          continue;
        }
        // Not the usual 1 / sqrt(D), so that a scale left out shows where D is 1.
        double scale = 1.3 / Math.sqrt(z.d);
        double[] q = numbers(z.b * z.t * z.h * z.d, 1);
        double[] k = numbers(z.b * z.s * z.g * z.d, 2);
        double[] v = numbers(k.length, 3);
        double[] dy = numbers(q.length, 4);
        double[][] e = formulas(z, causal, scale, q, k, v, dy);
        holds(
            z + " causal " + causal,
            new Trial(new Attention(causal, scale))
                .values(z.q(), q)
                .values(z.k(), k)
                .values(z.k(), v),
            FORWARD,
            e[0],
            e[1]);
        holds(
            z + " grad, causal " + causal,
            new Trial(new AttentionGrad(causal, scale))
                .values(z.q(), q)
                .values(z.k(), k)
                .values(z.k(), v)
                .values(z.q(), e[0])
                .values(Shape.of(z.b, z.h, z.t), e[1])
                .values(z.q(), dy),
            BACKWARD,
            e[2],
            e[3],
            e[4]);
      }
    }
  }

  /** The same bits as of q, k and v apart. */
  @Test
  void packed() {
    for (Sizes z : SIZES) {
      if (z.s != z.t) {
        continue;
      }
      int rows = z.b * z.t;
      int heads = z.h * z.d;
      int keyHeads = z.g * z.d;
      double[] q = numbers(rows * heads, 1);
      double[] k = numbers(rows * keyHeads, 2);
      double[] v = numbers(rows * keyHeads, 3);
      double[] dy = numbers(rows * heads, 4);
      double[] qkv = joined(rows, q, heads, k, v, keyHeads);
      Shape packed = Shape.of(z.b, z.t, heads + 2 * keyHeads);
      Shape result = Shape.of(z.b, z.t, heads);
      List<double[]> apart =
          new Trial(new Attention(true, 0.4))
              .values(z.q(), q)
              .values(z.k(), k)
              .values(z.k(), v)
              .f32();
      same(
          "packed " + z,
          apart,
          new Trial(new PackedAttention(z.h, z.g, true, 0.4)).values(packed, qkv).f32());
      Shape lse = Shape.of(z.b, z.h, z.t);
      List<double[]> grads =
          new Trial(new AttentionGrad(true, 0.4))
              .values(z.q(), q)
              .values(z.k(), k)
              .values(z.k(), v)
              .values(z.q(), apart.get(0))
              .values(lse, apart.get(1))
              .values(z.q(), dy)
              .f32();
      double[] expected = joined(rows, grads.get(0), heads, grads.get(1), grads.get(2), keyHeads);
      Op grad = new PackedAttentionGrad(z.h, z.g, true, 0.4);
      Trial trial =
          new Trial(grad)
              .values(packed, qkv)
              .values(result, apart.get(0))
              .values(lse, apart.get(1))
              .values(result, dy);
      same("packed grad " + z, List.of(expected), trial.f32());
      Trial.assertClose("packed grad F64 " + z, trial.f64().get(0), expected, BACKWARD);
    }
  }

  private static void same(String what, List<double[]> expected, List<double[]> actual) {
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i), actual.get(i), what + " result " + i);
    }
  }

  private static double[] joined(
      int rows, double[] q, int heads, double[] k, double[] v, int keyHeads) {
    int width = heads + 2 * keyHeads;
    double[] qkv = new double[rows * width];
    for (int row = 0; row < rows; row++) {
      System.arraycopy(q, row * heads, qkv, row * width, heads);
      System.arraycopy(k, row * keyHeads, qkv, row * width + heads, keyHeads);
      System.arraycopy(v, row * keyHeads, qkv, row * width + heads + keyHeads, keyHeads);
    }
    return qkv;
  }

  /** Scores beyond the range of e^x in both directions, with the largest in the first tile, then in the last. */
  @Test
  void largeScores() {
    int keys = 300;
    for (int sign : new int[] {-1, 1}) {
      double[] k = new double[keys];
      double[] v = numbers(keys, 5);
      for (int i = 0; i < keys; i++) {
        k[i] = sign * i;
      }
      double[] y =
          new Trial(new Attention(false, 10))
              .values(Shape.of(1, 1, 1, 1), 1)
              .values(Shape.of(1, keys, 1, 1), k)
              .values(Shape.of(1, keys, 1, 1), v)
              .f32()
              .getFirst();
      // The second largest weighs e^-10.
      assertEquals(v[sign > 0 ? keys - 1 : 0], y[0], 2e-4);
    }
  }

  /** A key infinitely far weighs nothing, also where it fills a tile; NaN reaches only rows that see it. */
  @Test
  void infinitiesAndNaN() {
    int keys = 130;
    double[] k = new double[keys];
    double[] v = numbers(keys, 5);
    Arrays.fill(k, 0, 129, Double.NEGATIVE_INFINITY);
    k[129] = 1;
    List<double[]> far =
        new Trial(new Attention(false, 1))
            .values(Shape.of(1, 1, 1, 1), 1)
            .values(Shape.of(1, keys, 1, 1), k)
            .values(Shape.of(1, keys, 1, 1), v)
            .f32();
    assertEquals(v[129], far.get(0)[0]);
    assertEquals(1, far.get(1)[0]);

    double[] ones = new double[keys];
    Arrays.fill(ones, 1);
    double[] bad = ones.clone();
    bad[100] = Double.NaN;
    double[] y =
        new Trial(new Attention(true, 1))
            .values(Shape.of(1, keys, 1, 1), ones)
            .values(Shape.of(1, keys, 1, 1), bad)
            .values(Shape.of(1, keys, 1, 1), ones)
            .f32()
            .getFirst();
    for (int t = 0; t < keys; t++) {
      assertEquals(t < 100 ? 1 : Double.NaN, y[t], 1e-6, "row " + t);
    }
  }
}
