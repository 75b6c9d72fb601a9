package dev.tandem.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Rows on the Vector API. Four accumulators hide the latency of the addition. */
final class VectorRowKernels implements RowKernels {
  private static final VectorSpecies<Float> S = Lanes.FLOAT;
  private static final int L = S.length();
  // Elsewhere C2 has no instruction for a masked store, or a slow one.
  private static final boolean MASKS = S.vectorBitSize() == 512;

  // reduceLanes may add in another order once it is compiled.
  private static float total(FloatVector v) {
    float[] lanes = v.toArray();
    float total = lanes[0];
    for (int i = 1; i < L; i++) {
      total += lanes[i];
    }
    return total;
  }

  @Override
  public float dot(float[] x, int xAt, float[] y, int yAt, int n) {
    var s0 = FloatVector.zero(S);
    int i = 0;
    if (n >= 4 * L) {
      FloatVector s1 = s0, s2 = s0, s3 = s0;
      for (; i + 4 * L <= n; i += 4 * L) {
        s0 = FloatVector.fromArray(S, x, xAt + i).fma(FloatVector.fromArray(S, y, yAt + i), s0);
        s1 = FloatVector.fromArray(S, x, xAt + i + L).fma(FloatVector.fromArray(S, y, yAt + i + L), s1);
        s2 = FloatVector.fromArray(S, x, xAt + i + 2 * L).fma(FloatVector.fromArray(S, y, yAt + i + 2 * L), s2);
        s3 = FloatVector.fromArray(S, x, xAt + i + 3 * L).fma(FloatVector.fromArray(S, y, yAt + i + 3 * L), s3);
      }
      s0 = s0.add(s1).add(s2.add(s3));
    }
    for (; i + L <= n; i += L) {
      s0 = FloatVector.fromArray(S, x, xAt + i).fma(FloatVector.fromArray(S, y, yAt + i), s0);
    }
    float s = i == 0 ? 0f : total(s0);
    for (; i < n; i++) {
      s = Math.fma(x[xAt + i], y[yAt + i], s);
    }
    return s;
  }

  @Override
  public void moments(float[] x, int xAt, int n, float shift, float[] moments) {
    var first = FloatVector.zero(S);
    FloatVector first1 = first, second = first, second1 = first;
    int i = 0;
    for (; i + 2 * L <= n; i += 2 * L) {
      var d = FloatVector.fromArray(S, x, xAt + i).sub(shift);
      var d1 = FloatVector.fromArray(S, x, xAt + i + L).sub(shift);
      first = first.add(d);
      first1 = first1.add(d1);
      second = d.fma(d, second);
      second1 = d1.fma(d1, second1);
    }
    float s = i == 0 ? 0f : total(first.add(first1));
    float ss = i == 0 ? 0f : total(second.add(second1));
    for (; i < n; i++) {
      float d = x[xAt + i] - shift;
      s += d;
      ss = Math.fma(d, d, ss);
    }
    moments[0] = s;
    moments[1] = ss;
  }

  @Override
  public void add(float[] x, int xAt, float[] y, int yAt, int n) {
    int i = 0;
    for (; i + L <= n; i += L) {
      FloatVector.fromArray(S, y, yAt + i).add(FloatVector.fromArray(S, x, xAt + i)).intoArray(y, yAt + i);
    }
    for (; i < n; i++) {
      y[yAt + i] += x[xAt + i];
    }
  }

  @Override
  public void addScaled(float a, float[] x, int xAt, float[] y, int yAt, int n) {
    var factor = FloatVector.broadcast(S, a);
    int i = 0;
    for (; i + L <= n; i += L) {
      factor.fma(FloatVector.fromArray(S, x, xAt + i), FloatVector.fromArray(S, y, yAt + i)).intoArray(y, yAt + i);
    }
    for (; i < n; i++) {
      y[yAt + i] = Math.fma(a, x[xAt + i], y[yAt + i]);
    }
  }

  @Override
  public void gather(Gather g) {
    if (g.step != 1) {
      g.copy(0);
      return;
    }
    int j = 0;
    for (; j + L <= g.count; j += L) {
      for (int k = 0, to = g.to + j; k < g.depth; k++, to += g.toStep) {
        FloatVector.fromArray(S, g.x, g.at + j + g.offsets[g.first + k]).intoArray(g.y, to);
      }
    }
    if (!MASKS) {
      g.copy(j);
    } else if (j < g.count) {
      var live = S.indexInRange(j, g.count);
      for (int k = 0, to = g.to + j; k < g.depth; k++, to += g.toStep) {
        FloatVector.fromArray(S, g.x, g.at + j + g.offsets[g.first + k], live).intoArray(g.y, to, live);
      }
    }
  }

  @Override
  public void addRows(Rows r) {
    int j = 0;
    for (; j + L <= r.length; j += L) {
      for (int i = 0, from = r.at + j, to = r.to + j; i < r.count; i++, from += r.step, to += r.toStep) {
        FloatVector.fromArray(S, r.y, to).add(FloatVector.fromArray(S, r.x, from)).intoArray(r.y, to);
      }
    }
    if (!MASKS) {
      r.add(j);
    } else if (j < r.length) {
      var live = S.indexInRange(j, r.length);
      for (int i = 0, from = r.at + j, to = r.to + j; i < r.count; i++, from += r.step, to += r.toStep) {
        FloatVector.fromArray(S, r.y, to, live).add(FloatVector.fromArray(S, r.x, from, live))
            .intoArray(r.y, to, live);
      }
    }
  }
}
