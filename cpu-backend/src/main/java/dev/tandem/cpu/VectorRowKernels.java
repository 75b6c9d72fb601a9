package dev.tandem.cpu;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.NE;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** Rows on the Vector API. */
final class VectorRowKernels implements RowKernels {
  private static final VectorSpecies<Float> S = Lanes.FLOAT;
  private static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, S.vectorShape());
  private static final int L = S.length();
  // Elsewhere C2 has no instruction for a masked store, or a slow one.
  private static final boolean MASKS = S.vectorBitSize() == 512;
  private static final int COLUMN = Kernels.SUM_COLUMN;
  private static final int LANES = Kernels.SUM_LANES;
  private static final FloatVector NOTHING = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
  private static final IntVector INDEX = IntVector.zero(I).addIndex(1);
  private static final VectorShuffle<Float> EVEN = VectorShuffle.makeUnzip(S, 0);
  private static final VectorShuffle<Float> ODD = VectorShuffle.makeUnzip(S, 1);
  private static final VectorShuffle<Integer> EVEN_INTS = VectorShuffle.makeUnzip(I, 0);
  private static final VectorShuffle<Float> BY_8 = partner(8);
  private static final VectorShuffle<Float> BY_4 = partner(4);
  private static final VectorShuffle<Float> BY_2 = partner(2);
  private static final VectorShuffle<Float> BY_1 = partner(1);

  // Loads are written out: from a method of our own that the compiler does not inline a vector
  // comes as an object.

  private static VectorShuffle<Float> partner(int distance) {
    return VectorShuffle.fromOp(S, lane -> (lane + distance) % L);
  }

  @Override
  public float dot(float[] x, int xAt, float[] y, int yAt, int n) {
    FloatVector v = dotColumn(x, xAt, y, yAt, n, 0);
    if (COLUMN / L == 2) {
      v = v.add(dotColumn(x, xAt, y, yAt, n, 8));
    } else if (COLUMN / L == 4) {
      v =
          v.add(dotColumn(x, xAt, y, yAt, n, 8))
              .add(dotColumn(x, xAt, y, yAt, n, 4).add(dotColumn(x, xAt, y, yAt, n, 12)));
    }
    // By halves, for reduceLanes may add in another order once it is compiled. Here and in both
    // sums
    // below, for a vector passed to a method of our own goes through the heap.
    v = L > 8 ? v.add(v.rearrange(BY_8)) : v;
    v = L > 4 ? v.add(v.rearrange(BY_4)) : v;
    v = v.add(v.rearrange(BY_2));
    return v.add(v.rearrange(BY_1)).lane(0);
  }

  /**
   * The partial sums offset + i, + 16, + 32 and + 48 folded into one, for i below L. Four hide the latency of
   * adding.
   */
  private static FloatVector dotColumn(float[] x, int xAt, float[] y, int yAt, int n, int offset) {
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = c0;
    FloatVector c2 = c0;
    FloatVector c3 = c0;
    int i = offset;
    for (int end = offset + n - n % LANES; i < end; i += LANES) {
      c0 = FloatVector.fromArray(S, x, xAt + i).fma(FloatVector.fromArray(S, y, yAt + i), c0);
      c1 =
          FloatVector.fromArray(S, x, xAt + i + COLUMN)
              .fma(FloatVector.fromArray(S, y, yAt + i + COLUMN), c1);
      c2 =
          FloatVector.fromArray(S, x, xAt + i + 2 * COLUMN)
              .fma(FloatVector.fromArray(S, y, yAt + i + 2 * COLUMN), c2);
      c3 =
          FloatVector.fromArray(S, x, xAt + i + 3 * COLUMN)
              .fma(FloatVector.fromArray(S, y, yAt + i + 3 * COLUMN), c3);
    }
    for (int part = 0; i < n + part * COLUMN && part < 4; part++, i += COLUMN) {
      var live = S.indexInRange(i, n);
      FloatVector sum =
          FloatVector.fromArray(S, x, xAt + i, live)
              .fma(FloatVector.fromArray(S, y, yAt + i, live), c0);
      c0 = c1;
      c1 = c2;
      c2 = c3;
      c3 = sum;
    }
    return c0.add(c2).add(c1.add(c3));
  }

  @Override
  public float sumOfDifferences(float[] x, int at, int n, float shift) {
    FloatVector v = differencesColumn(x, at, n, shift, 0);
    if (COLUMN / L == 2) {
      v = v.add(differencesColumn(x, at, n, shift, 8));
    } else if (COLUMN / L == 4) {
      v =
          v.add(differencesColumn(x, at, n, shift, 8))
              .add(
                  differencesColumn(x, at, n, shift, 4)
                      .add(differencesColumn(x, at, n, shift, 12)));
    }
    v = L > 8 ? v.add(v.rearrange(BY_8)) : v;
    v = L > 4 ? v.add(v.rearrange(BY_4)) : v;
    v = v.add(v.rearrange(BY_2));
    return v.add(v.rearrange(BY_1)).lane(0);
  }

  private static FloatVector differencesColumn(float[] x, int at, int n, float shift, int offset) {
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = c0;
    FloatVector c2 = c0;
    FloatVector c3 = c0;
    int i = at + offset;
    for (int end = i + n - n % LANES; i < end; i += LANES) {
      c0 = c0.add(FloatVector.fromArray(S, x, i).sub(shift));
      c1 = c1.add(FloatVector.fromArray(S, x, i + COLUMN).sub(shift));
      c2 = c2.add(FloatVector.fromArray(S, x, i + 2 * COLUMN).sub(shift));
      c3 = c3.add(FloatVector.fromArray(S, x, i + 3 * COLUMN).sub(shift));
    }
    int last = at + n;
    for (int part = 0; i < last + part * COLUMN && part < 4; part++, i += COLUMN) {
      var live = S.indexInRange(i, last);
      FloatVector sum = c0.add(FloatVector.fromArray(S, x, i, live).sub(shift, live));
      c0 = c1;
      c1 = c2;
      c2 = c3;
      c3 = sum;
    }
    return c0.add(c2).add(c1.add(c3));
  }

  @Override
  public float sumOfSquares(float[] x, int at, int n, float shift) {
    FloatVector v = squaresColumn(x, at, n, shift, 0);
    if (COLUMN / L == 2) {
      v = v.add(squaresColumn(x, at, n, shift, 8));
    } else if (COLUMN / L == 4) {
      v =
          v.add(squaresColumn(x, at, n, shift, 8))
              .add(squaresColumn(x, at, n, shift, 4).add(squaresColumn(x, at, n, shift, 12)));
    }
    v = L > 8 ? v.add(v.rearrange(BY_8)) : v;
    v = L > 4 ? v.add(v.rearrange(BY_4)) : v;
    v = v.add(v.rearrange(BY_2));
    return v.add(v.rearrange(BY_1)).lane(0);
  }

  private static FloatVector squaresColumn(float[] x, int at, int n, float shift, int offset) {
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = c0;
    FloatVector c2 = c0;
    FloatVector c3 = c0;
    int i = at + offset;
    for (int end = i + n - n % LANES; i < end; i += LANES) {
      FloatVector d0 = FloatVector.fromArray(S, x, i).sub(shift);
      FloatVector d1 = FloatVector.fromArray(S, x, i + COLUMN).sub(shift);
      FloatVector d2 = FloatVector.fromArray(S, x, i + 2 * COLUMN).sub(shift);
      FloatVector d3 = FloatVector.fromArray(S, x, i + 3 * COLUMN).sub(shift);
      c0 = d0.fma(d0, c0);
      c1 = d1.fma(d1, c1);
      c2 = d2.fma(d2, c2);
      c3 = d3.fma(d3, c3);
    }
    int last = at + n;
    for (int part = 0; i < last + part * COLUMN && part < 4; part++, i += COLUMN) {
      var live = S.indexInRange(i, last);
      FloatVector d = FloatVector.fromArray(S, x, i, live).sub(shift, live);
      FloatVector sum = d.fma(d, c0);
      c0 = c1;
      c1 = c2;
      c2 = c3;
      c3 = sum;
    }
    return c0.add(c2).add(c1.add(c3));
  }

  @Override
  public void add(float[] x, int xAt, float[] y, int yAt, int n) {
    int i = 0;
    for (; i + L <= n; i += L) {
      FloatVector.fromArray(S, y, yAt + i)
          .add(FloatVector.fromArray(S, x, xAt + i))
          .intoArray(y, yAt + i);
    }
    for (; i < n; i++) {
      y[yAt + i] += x[xAt + i];
    }
  }

  @Override
  public void sumOfRows(float[] x, int[] rows, int count, float[] y, int n) {
    System.arraycopy(x, rows[0], y, 0, n);
    int row = 1;
    for (; row + 5 <= count; row += 5) {
      addFive(x, rows, row, y, n);
    }
    for (; row < count; row++) {
      add(x, rows[row], y, 0, n);
    }
  }

  /** Five rows for one trip of y: three such trips after the first row make 16. */
  private static void addFive(float[] x, int[] rows, int row, float[] y, int n) {
    int r0 = rows[row], r1 = rows[row + 1], r2 = rows[row + 2], r3 = rows[row + 3];
    int r4 = rows[row + 4];
    int i = 0;
    for (; i + L <= n; i += L) {
      FloatVector.fromArray(S, y, i)
          .add(FloatVector.fromArray(S, x, r0 + i))
          .add(FloatVector.fromArray(S, x, r1 + i))
          .add(FloatVector.fromArray(S, x, r2 + i))
          .add(FloatVector.fromArray(S, x, r3 + i))
          .add(FloatVector.fromArray(S, x, r4 + i))
          .intoArray(y, i);
    }
    for (; i < n; i++) {
      y[i] = y[i] + x[r0 + i] + x[r1 + i] + x[r2 + i] + x[r3 + i] + x[r4 + i];
    }
  }

  @Override
  public void scale(float a, float[] x, int xAt, float[] y, int yAt, int n) {
    int i = 0;
    for (; i + L <= n; i += L) {
      FloatVector.fromArray(S, x, xAt + i).mul(a).intoArray(y, yAt + i);
    }
    for (; i < n; i++) {
      y[yAt + i] = a * x[xAt + i];
    }
  }

  @Override
  public void addScaled(float a, float[] x, int xAt, float[] y, int yAt, int n) {
    FloatVector factor = FloatVector.broadcast(S, a);
    int i = 0;
    for (; i + L <= n; i += L) {
      factor
          .fma(FloatVector.fromArray(S, x, xAt + i), FloatVector.fromArray(S, y, yAt + i))
          .intoArray(y, yAt + i);
    }
    for (; i < n; i++) {
      y[yAt + i] = Math.fma(a, x[xAt + i], y[yAt + i]);
    }
  }

  // Which element wins is anyone's guess, so the branches of plain Java took most of the time of
  // pooling.
  @Override
  public void slopes(float[] weights, float[] slopes, int at, int n, float dot, float scale) {
    int i = at;
    for (; i + L <= at + n; i += L) {
      FloatVector.fromArray(S, weights, i)
          .mul(FloatVector.fromArray(S, slopes, i).sub(dot))
          .mul(scale)
          .intoArray(slopes, i);
    }
    for (; i < at + n; i++) {
      slopes[i] = weights[i] * (slopes[i] - dot) * scale;
    }
  }

  @Override
  public void maxOfColumns(Windows w, float[] x, int at, int row) {
    int j = 0;
    for (; j + L <= w.width; j += L) {
      foldColumns(w, FloatVector.fromArray(S, x, at + j), j, row);
    }
    if (!MASKS) {
      w.columns(x, at, row, j);
    } else if (j < w.width) {
      var live = S.indexInRange(j, w.width);
      foldColumns(w, NOTHING.blend(FloatVector.fromArray(S, x, at + j, live), live), j, row);
    }
  }

  private static void foldColumns(Windows w, FloatVector value, int column, int row) {
    int j = w.padding + column;
    FloatVector old = FloatVector.fromArray(S, w.best, j);
    // Not less or equal: larger, or one of them NaN.
    var wins = value.compare(LE, old).not().and(old.compare(EQ, old));
    old.blend(value, wins).intoArray(w.best, j);
    IntVector.fromArray(I, w.where, j).blend(row, wins.cast(I)).intoArray(w.where, j);
  }

  @Override
  public void maxOfWindows(Windows w) {
    if (w.stride > 2) {
      w.windows(0);
      return;
    }
    for (int j = 0; j < w.columns; j += L) {
      // Made here: a loop that begins with the constant object allocates its vector in every turn.
      FloatVector most = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
      IntVector place = IntVector.broadcast(I, Integer.MAX_VALUE);
      for (int q = 0; q < w.kernel; q++) {
        int at = j * w.stride + q;
        FloatVector value = FloatVector.fromArray(S, w.best, at);
        IntVector row = IntVector.fromArray(I, w.where, at);
        if (w.stride == 2) {
          value = value.rearrange(EVEN, FloatVector.fromArray(S, w.best, at + L));
          row = row.rearrange(EVEN_INTS, IntVector.fromArray(I, w.where, at + L));
        }
        IntVector candidate = row.mul(w.width).add(INDEX.mul(w.stride)).add(at - w.padding);
        var nan = value.compare(NE, value);
        var first = candidate.compare(LT, place).cast(S).and(value.compare(EQ, most).or(nan));
        var wins = value.compare(GT, most).or(nan.and(most.compare(EQ, most))).or(first);
        most = most.blend(value, wins);
        place = place.blend(candidate, wins.cast(I));
      }
      most.intoArray(w.largest, j);
      place.intoArray(w.index, j);
    }
  }

  @Override
  public boolean maxOfPairs(
      float[] x, int at, Windows w, int index, float[] y, int[] places, int to, int end) {
    int vectors = (w.columns + L - 1) / L;
    if (to + vectors * L > end || at + w.width + 2 * vectors * L > x.length) {
      return false;
    }
    for (int j = 0; j < w.columns; j += L) {
      int first = at + 2 * j;
      FloatVector a = FloatVector.fromArray(S, x, first);
      FloatVector b = FloatVector.fromArray(S, x, first + L);
      FloatVector most = a.rearrange(EVEN, b);
      FloatVector value = a.rearrange(ODD, b);
      // Not less or equal: larger, or one of them NaN.
      var wins = value.compare(LE, most).not().and(most.compare(EQ, most));
      IntVector place = IntVector.zero(I).blend(1, wins.cast(I));
      most = most.blend(value, wins);
      a = FloatVector.fromArray(S, x, first + w.width);
      b = FloatVector.fromArray(S, x, first + w.width + L);
      value = a.rearrange(EVEN, b);
      wins = value.compare(LE, most).not().and(most.compare(EQ, most));
      place = place.blend(w.width, wins.cast(I));
      most = most.blend(value, wins);
      value = a.rearrange(ODD, b);
      wins = value.compare(LE, most).not().and(most.compare(EQ, most));
      place = place.blend(w.width + 1, wins.cast(I));
      most.blend(value, wins).intoArray(y, to + j);
      place.add(INDEX.mul(2)).add(index + 2 * j).intoArray(places, to + j);
    }
    return true;
  }

  @Override
  public void normalize(Row r) {
    int j = 0;
    for (; j + L <= r.n; j += L) {
      FloatVector.fromArray(S, r.x, r.at + j)
          .sub(r.mean)
          .sub(r.rest)
          .mul(r.rstd)
          .fma(FloatVector.fromArray(S, r.gamma, j), FloatVector.fromArray(S, r.beta, j))
          .intoArray(r.out, r.at + j);
    }
    ScalarRowKernels.normalize(r, j);
  }

  @Override
  public void normalizeGradSums(Row r) {
    int j = 0;
    for (; j + L <= r.n; j += L) {
      FloatVector dy = FloatVector.fromArray(S, r.dy, r.at + j);
      FloatVector h = FloatVector.fromArray(S, r.x, r.at + j).sub(r.mean).mul(r.rstd);
      h.intoArray(r.h, j);
      dy.mul(FloatVector.fromArray(S, r.gamma, j)).intoArray(r.g, j);
      dy.fma(h, FloatVector.fromArray(S, r.dgamma, r.part + j)).intoArray(r.dgamma, r.part + j);
      FloatVector.fromArray(S, r.dbeta, r.part + j).add(dy).intoArray(r.dbeta, r.part + j);
    }
    ScalarRowKernels.normalizeGradSums(r, j);
  }

  @Override
  public void normalizeGrad(Row r, float meanG, float meanGh) {
    int j = 0;
    for (; j + L <= r.n; j += L) {
      FloatVector dx =
          FloatVector.fromArray(S, r.g, j)
              .sub(meanG)
              .sub(FloatVector.fromArray(S, r.h, j).mul(meanGh))
              .mul(r.rstd);
      if (r.dsum != null) {
        dx = dx.add(FloatVector.fromArray(S, r.dsum, r.at + j));
      }
      dx.intoArray(r.out, r.at + j);
    }
    ScalarRowKernels.normalizeGrad(r, meanG, meanGh, j);
  }

  @Override
  public void turn(Turn t) {
    int j = 0;
    for (; j + L <= t.pairs; j += L) {
      FloatVector cosine = FloatVector.fromArray(S, t.cosines, t.angle + j);
      FloatVector sine = FloatVector.fromArray(S, t.sines, t.angle + j).mul(t.sign);
      FloatVector a = FloatVector.fromArray(S, t.x, t.at + j);
      FloatVector b = FloatVector.fromArray(S, t.x, t.at + t.pairs + j);
      sine.neg().fma(b, a.mul(cosine)).intoArray(t.y, t.at + j);
      sine.fma(a, b.mul(cosine)).intoArray(t.y, t.at + t.pairs + j);
    }
    t.turn(j);
  }

  @Override
  public void addRows(Rows r) {
    int j = 0;
    for (; j + L <= r.length; j += L) {
      for (int i = 0, from = r.at + j, to = r.to + j;
          i < r.count;
          i++, from += r.step, to += r.toStep) {
        FloatVector.fromArray(S, r.y, to)
            .add(FloatVector.fromArray(S, r.x, from))
            .intoArray(r.y, to);
      }
    }
    if (!MASKS) {
      r.add(j);
    } else if (j < r.length) {
      var live = S.indexInRange(j, r.length);
      for (int i = 0, from = r.at + j, to = r.to + j;
          i < r.count;
          i++, from += r.step, to += r.toStep) {
        FloatVector.fromArray(S, r.y, to, live)
            .add(FloatVector.fromArray(S, r.x, from, live))
            .intoArray(r.y, to, live);
      }
    }
  }

  @Override
  public void copyRows(Rows r) {
    int j = 0;
    for (; j + L <= r.length; j += L) {
      for (int i = 0, from = r.at + j, to = r.to + j;
          i < r.count;
          i++, from += r.step, to += r.toStep) {
        FloatVector.fromArray(S, r.x, from).intoArray(r.y, to);
      }
    }
    if (!MASKS) {
      r.copy(j);
    } else if (j < r.length) {
      var live = S.indexInRange(j, r.length);
      for (int i = 0, from = r.at + j, to = r.to + j;
          i < r.count;
          i++, from += r.step, to += r.toStep) {
        FloatVector.fromArray(S, r.x, from, live).intoArray(r.y, to, live);
      }
    }
  }
}
