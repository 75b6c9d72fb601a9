package dev.tandem.cuda;

import dev.tandem.conformance.Values;
import dev.tandem.shape.DType;

/**
 * Attention in plain loops in double, from its definition; or with every intermediate result rounded to the case's element type:
 * scores, weights, results, slopes of weights and of scores, as a composition of single ops would round them.
 *
 * @param p weights (batches, heads, queries, keys)
 */
record AttentionOracle(
    AttentionCase of, Values[] qkv, DType rounding, double[] p, double[] y, double[] lse) {
  /** Gradients, as q, k and v lie. */
  record Slopes(double[] dq, double[] dk, double[] dv) {}

  static AttentionOracle exact(AttentionCase of, Values[] qkv) {
    return forward(of, qkv, DType.F64);
  }

  static AttentionOracle rounded(AttentionCase of, Values[] qkv) {
    return forward(of, qkv, of.dtype());
  }

  private static AttentionOracle forward(AttentionCase c, Values[] qkv, DType rounding) {
    double[] p = new double[c.batches() * c.heads() * c.queries() * c.keys()];
    double[] y = new double[qkv[0].data().length];
    double[] lse = new double[c.batches() * c.heads() * c.queries()];
    AttentionOracle oracle = new AttentionOracle(c, qkv, rounding, p, y, lse);
    for (int line = 0; line < lse.length; line++) {
      oracle.line(line);
    }
    return oracle;
  }

  private double round(double x) {
    return rounding == DType.F64 ? x : Values.scalar(rounding, x).data()[0];
  }

  /** Where a query's or a key's row of a head begins. */
  private int row(int batch, int row, int head, int rows, int heads) {
    return ((batch * rows + row) * heads + head) * of.columns();
  }

  private int query(int line) {
    int query = line % of.queries();
    int head = line / of.queries() % of.heads();
    return row(line / of.queries() / of.heads(), query, head, of.queries(), of.heads());
  }

  private int key(int line, int key) {
    int head = line / of.queries() % of.heads() / (of.heads() / of.keyHeads());
    return row(line / of.queries() / of.heads(), key, head, of.keys(), of.keyHeads());
  }

  /** How many keys a query sees: the first ones. */
  private int seen(int line) {
    return of.causal() ? line % of.queries() + 1 + of.keys() - of.queries() : of.keys();
  }

  /** One more term of a sum, which has F32 where results are rounded. */
  private double add(double sum, double term) {
    return rounding == DType.F64 ? sum + term : (float) (sum + term);
  }

  private double dot(double[] a, int at, double[] b, int bt) {
    double sum = 0;
    for (int i = 0; i < of.columns(); i++) {
      sum = add(sum, a[at + i] * b[bt + i]);
    }
    return sum;
  }

  private void line(int line) {
    int seen = seen(line);
    int at = line * of.keys();
    double max = Double.NEGATIVE_INFINITY;
    for (int key = 0; key < seen; key++) {
      double score = dot(qkv[0].data(), query(line), qkv[1].data(), key(line, key));
      p[at + key] = round(round(score) * of.scale());
      max = Math.max(max, p[at + key]);
    }
    double sum = 0;
    for (int key = 0; key < seen; key++) {
      sum = add(sum, Math.exp(p[at + key] - max));
    }
    lse[line] = max + Math.log(sum);
    for (int key = 0; key < seen; key++) {
      p[at + key] = round(Math.exp(p[at + key] - lse[line]));
    }
    for (int c = 0; c < of.columns(); c++) {
      double result = 0;
      for (int key = 0; key < seen; key++) {
        result = add(result, p[at + key] * qkv[2].data()[key(line, key) + c]);
      }
      y[query(line) + c] = round(result);
    }
  }

  Slopes slopes(Values dy) {
    Slopes slopes =
        new Slopes(
            new double[qkv[0].data().length],
            new double[qkv[1].data().length],
            new double[qkv[2].data().length]);
    for (int line = 0; line < lse.length; line++) {
      int query = query(line);
      int at = line * of.keys();
      double[] dp = new double[seen(line)];
      double delta = 0;
      for (int key = 0; key < dp.length; key++) {
        dp[key] = round(dot(dy.data(), query, qkv[2].data(), key(line, key)));
        delta = add(delta, dp[key] * p[at + key]);
      }
      for (int key = 0; key < dp.length; key++) {
        double ds = round(round(p[at + key] * (dp[key] - delta)) * of.scale());
        for (int c = 0; c < of.columns(); c++) {
          int other = key(line, key) + c;
          slopes.dq[query + c] = add(slopes.dq[query + c], ds * qkv[1].data()[other]);
          slopes.dk[other] = add(slopes.dk[other], ds * qkv[0].data()[query + c]);
          slopes.dv[other] = add(slopes.dv[other], p[at + key] * dy.data()[query + c]);
        }
      }
    }
    for (double[] each : new double[][] {slopes.dq, slopes.dk, slopes.dv}) {
      for (int i = 0; i < each.length; i++) {
        each[i] = round(each[i]);
      }
    }
    return slopes;
  }

  static double largest(double[] numbers) {
    double largest = 0;
    for (double number : numbers) {
      largest = Math.max(largest, Math.abs(number));
    }
    return largest;
  }

  /** NaN where a difference is. */
  static double largestDifference(double[] a, double[] b) {
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i] - b[i]));
    }
    return largest;
  }
}
