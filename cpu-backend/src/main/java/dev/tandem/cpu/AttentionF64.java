package dev.tandem.cpu;

import java.util.Arrays;

/** Attention in F64, for gradient checks: the formulas, in plain loops, a row of scores at a time. */
final class AttentionF64 {
  /** q, k and v, which may be one array, and the forward's results. */
  record Tensors(double[] q, double[] k, double[] v, double[] y, double[] lse) {}

  /** The arrays of the results, which may be one. */
  record Gradients(double[] dq, double[] dk, double[] dv) {}

  private final Parallel parallel;

  AttentionF64(Parallel parallel) {
    this.parallel = parallel;
  }

  void forward(AttentionSizes s, Tensors t) {
    parallel.range(
        s.sequences() * s.q().count(),
        1,
        (from, to) -> {
          double[] scores = new double[s.keys()];
          for (int i = from; i < to; i++) {
            for (int query = 0; query < s.queries(); query++) {
              attend(s, t, scores, i, query);
            }
          }
        });
  }

  private static void attend(AttentionSizes s, Tensors t, double[] scores, int i, int query) {
    int sequence = i / s.q().count();
    int head = i % s.q().count();
    int seen = s.seen(query);
    scores(s, t, scores, i, query);
    double max = Arrays.stream(scores, 0, seen).max().orElse(0);
    double total = 0;
    int y = s.y().at(sequence, query, head);
    Arrays.fill(t.y, y, y + s.length(), 0);
    for (int key = 0; key < seen; key++) {
      double weight = StrictMath.exp(scores[key] - max);
      total += weight;
      addScaled(weight, t.v, s.v().at(sequence, key, head / s.group()), t.y, y, s.length());
    }
    for (int j = y; j < y + s.length(); j++) {
      t.y[j] /= total;
    }
    t.lse[s.lseAt(sequence, head, query)] = max + StrictMath.log(total);
  }

  private static void scores(AttentionSizes s, Tensors t, double[] scores, int i, int query) {
    int sequence = i / s.q().count();
    int head = i % s.q().count();
    int q = s.q().at(sequence, query, head);
    for (int key = 0; key < s.seen(query); key++) {
      int k = s.k().at(sequence, key, head / s.group());
      scores[key] = s.weighting().scale() * dot(t.q, q, t.k, k, s.length());
    }
  }

  void backward(AttentionSizes s, Tensors t, double[] dy, Gradients g) {
    parallel.range(
        s.sequences() * s.k().count(),
        1,
        (from, to) -> {
          double[] scores = new double[s.keys()];
          for (int i = from; i < to; i++) {
            int sequence = i / s.k().count();
            int keyHead = i % s.k().count();
            for (int key = 0; key < s.keys(); key++) {
              clear(g.dk, s.k().at(sequence, key, keyHead), s.length());
              clear(g.dv, s.v().at(sequence, key, keyHead), s.length());
            }
            for (int j = i * s.group(); j < (i + 1) * s.group(); j++) {
              for (int query = 0; query < s.queries(); query++) {
                scores(s, t, scores, j, query);
                differentiate(s, t, dy, g, scores, j, query);
              }
            }
          }
        });
  }

  private static void differentiate(
      AttentionSizes s, Tensors t, double[] dy, Gradients g, double[] scores, int i, int query) {
    int sequence = i / s.q().count();
    int head = i % s.q().count();
    int n = s.length();
    int y = s.y().at(sequence, query, head);
    int q = s.q().at(sequence, query, head);
    double dot = dot(dy, y, t.y, y, n);
    double lse = t.lse[s.lseAt(sequence, head, query)];
    clear(g.dq, q, n);
    for (int key = 0; key < s.seen(query); key++) {
      int k = s.k().at(sequence, key, head / s.group());
      int v = s.v().at(sequence, key, head / s.group());
      double weight = StrictMath.exp(scores[key] - lse);
      double slope = weight * (dot(dy, y, t.v, v, n) - dot) * s.weighting().scale();
      addScaled(weight, dy, y, g.dv, v, n);
      addScaled(slope, t.q, q, g.dk, k, n);
      addScaled(slope, t.k, k, g.dq, q, n);
    }
  }

  private static double dot(double[] x, int xAt, double[] y, int yAt, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += x[xAt + i] * y[yAt + i];
    }
    return sum;
  }

  private static void addScaled(double a, double[] x, int xAt, double[] y, int yAt, int n) {
    for (int i = 0; i < n; i++) {
      y[yAt + i] += a * x[xAt + i];
    }
  }

  private static void clear(double[] x, int at, int n) {
    Arrays.fill(x, at, at + n, 0);
  }
}
