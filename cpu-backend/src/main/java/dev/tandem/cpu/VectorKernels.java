package dev.tandem.cpu;

import dev.tandem.op.Elementwise.Add;
import dev.tandem.op.Elementwise.Binary;
import dev.tandem.op.Elementwise.Div;
import dev.tandem.op.Elementwise.Maximum;
import dev.tandem.op.Elementwise.Minimum;
import dev.tandem.op.Elementwise.Mul;
import dev.tandem.op.Elementwise.Sub;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The kernels with the Vector API. Elements left over at the end are done one at a time by {@link
 * ScalarKernels}, whose bits are the same.
 */
final class VectorKernels implements Kernels {
  private static final VectorSpecies<Float> LANES = Lanes.FLOAT;
  private static final int WIDTH = LANES.length();
  private static final VectorShuffle<Float> BY_8 = partner(8);
  private static final VectorShuffle<Float> BY_4 = partner(4);
  private static final VectorShuffle<Float> BY_2 = partner(2);
  private static final VectorShuffle<Float> BY_1 = partner(1);

  private final ScalarKernels rest = new ScalarKernels();

  @Override
  public void exp(float[] x, float[] y, int from, int to) {
    int end = lastVector(from, to);
    VectorMath.exp(x, y, from, end);
    rest.exp(x, y, end, to);
  }

  @Override
  public void log(float[] x, float[] y, int from, int to) {
    int end = lastVector(from, to);
    VectorMath.log(x, y, from, end);
    rest.log(x, y, end, to);
  }

  @Override
  public void tanh(float[] x, float[] y, int from, int to) {
    int end = lastVector(from, to);
    VectorMath.tanh(x, y, from, end);
    rest.tanh(x, y, end, to);
  }

  @Override
  public void sigmoid(float[] x, float[] y, int from, int to) {
    int end = lastVector(from, to);
    for (int i = from; i < end; i++) {
      y[i] = -Math.abs(x[i]);
    }
    VectorMath.exp(y, y, from, end);
    VectorMath.logistic(x, y, from, end);
    rest.sigmoid(x, y, end, to);
  }

  @Override
  public void softplus(float[] x, float[] y, int from, int to) {
    int end = lastVector(from, to);
    for (int i = from; i < end; i++) {
      y[i] = -Math.abs(x[i]);
    }
    VectorMath.exp(y, y, from, end);
    VectorMath.softplus(x, y, from, end);
    rest.softplus(x, y, end, to);
  }

  @Override
  public void silu(float[] x, float[] y, int from, int to) {
    int end = lastVector(from, to);
    for (int i = from; i < end; i++) {
      y[i] = -Math.abs(x[i]);
    }
    VectorMath.exp(y, y, from, end);
    VectorMath.gate(x, y, from, end);
    rest.silu(x, y, end, to);
  }

  @Override
  public void geluTanh(float[] x, float[] y, int from, int to) {
    int end = lastVector(from, to);
    VectorMath.geluTanh(x, null, 0, y, from, end);
    rest.geluTanh(x, y, end, to);
  }

  @Override
  public void biasGeluTanh(float[] x, float[] b, int bAt, float[] y, int from, int to) {
    int end = lastVector(from, to);
    VectorMath.geluTanh(x, b, bAt - from, y, from, end);
    rest.biasGeluTanh(x, b, bAt + end - from, y, end, to);
  }

  @Override
  public void geluErf(float[] x, float[] y, int from, int to) {
    int end = lastVector(from, to);
    for (int i = from; i < end; i++) {
      y[i] = FloatMath.bellExponent(FloatMath.limited(x[i], FloatMath.NORMAL_SATURATION));
    }
    VectorMath.exp(y, y, from, end);
    VectorMath.geluErf(x, null, y, from, end);
    rest.geluErf(x, y, end, to);
  }

  @Override
  public void siluGrad(float[] x, float[] dy, float[] dx, int from, int to) {
    int end = lastVector(from, to);
    for (int i = from; i < end; i++) {
      dx[i] = -Math.abs(x[i]);
    }
    VectorMath.exp(dx, dx, from, end);
    VectorMath.siluGrad(x, dy, dx, from, end);
    rest.siluGrad(x, dy, dx, end, to);
  }

  @Override
  public void geluTanhGrad(float[] x, float[] dy, float[] dx, int from, int to) {
    int end = lastVector(from, to);
    VectorMath.geluTanhGrad(x, null, 0, dy, dx, from, end);
    rest.geluTanhGrad(x, dy, dx, end, to);
  }

  @Override
  public void biasGeluTanhGrad(
      float[] x, float[] b, int bAt, float[] dy, float[] dx, int from, int to) {
    int end = lastVector(from, to);
    VectorMath.geluTanhGrad(x, b, bAt - from, dy, dx, from, end);
    rest.biasGeluTanhGrad(x, b, bAt + end - from, dy, dx, end, to);
  }

  @Override
  public void geluErfGrad(float[] x, float[] dy, float[] dx, int from, int to) {
    int end = lastVector(from, to);
    for (int i = from; i < end; i++) {
      dx[i] = FloatMath.bellExponent(FloatMath.limited(x[i], FloatMath.NORMAL_SATURATION));
    }
    VectorMath.exp(dx, dx, from, end);
    VectorMath.geluErf(x, dy, dx, from, end);
    rest.geluErfGrad(x, dy, dx, end, to);
  }

  @Override
  public void reluGrad(float[] y, float[] dy, float[] dx, int from, int to) {
    int end = lastVector(from, to);
    FloatVector zero = FloatVector.zero(LANES);
    for (int i = from; i < end; i += WIDTH) {
      VectorMask<Float> positive =
          FloatVector.fromArray(LANES, y, i).compare(VectorOperators.GT, 0f);
      zero.blend(FloatVector.fromArray(LANES, dy, i), positive).intoArray(dx, i);
    }
    rest.reluGrad(y, dy, dx, end, to);
  }

  @Override
  public void addBias(float[] y, int at, float[] b, int bAt, int count, boolean relu) {
    int end = lastVector(0, count);
    for (int i = 0; i < end; i += WIDTH) {
      FloatVector sum =
          FloatVector.fromArray(LANES, y, at + i).add(FloatVector.fromArray(LANES, b, bAt + i));
      // No maximum: that of floats takes several instructions, for NaN's and -0's sake.
      (relu ? sum.blend(0f, sum.compare(VectorOperators.LE, 0f)) : sum).intoArray(y, at + i);
    }
    rest.addBias(y, at + end, b, bAt + end, count - end, relu);
  }

  @Override
  public void addBias(float[] y, int at, float b, int count, boolean relu) {
    int end = lastVector(at, at + count);
    FloatVector bias = FloatVector.broadcast(LANES, b);
    for (int i = at; i < end; i += WIDTH) {
      FloatVector sum = FloatVector.fromArray(LANES, y, i).add(bias);
      (relu ? sum.blend(0f, sum.compare(VectorOperators.LE, 0f)) : sum).intoArray(y, i);
    }
    rest.addBias(y, end, b, at + count - end, relu);
  }

  @Override
  public void leakyReluGrad(float slope, float[] x, float[] dy, float[] dx, int from, int to) {
    int end = lastVector(from, to);
    for (int i = from; i < end; i += WIDTH) {
      FloatVector whole = FloatVector.fromArray(LANES, dy, i);
      VectorMask<Float> positive =
          FloatVector.fromArray(LANES, x, i).compare(VectorOperators.GT, 0f);
      whole.mul(slope).blend(whole, positive).intoArray(dx, i);
    }
    rest.leakyReluGrad(slope, x, dy, dx, end, to);
  }

  @Override
  public void binary(
      Binary op, float[] a, int aAt, float[] b, int bAt, float[] y, int yAt, int count) {
    int done = LANES.loopBound(count);
    switch (op) {
      case Add _ -> {
        for (int i = 0; i < done; i += WIDTH) {
          FloatVector.fromArray(LANES, a, aAt + i)
              .add(FloatVector.fromArray(LANES, b, bAt + i))
              .intoArray(y, yAt + i);
        }
      }
      case Sub _ -> {
        for (int i = 0; i < done; i += WIDTH) {
          FloatVector.fromArray(LANES, a, aAt + i)
              .sub(FloatVector.fromArray(LANES, b, bAt + i))
              .intoArray(y, yAt + i);
        }
      }
      case Mul _ -> {
        for (int i = 0; i < done; i += WIDTH) {
          FloatVector.fromArray(LANES, a, aAt + i)
              .mul(FloatVector.fromArray(LANES, b, bAt + i))
              .intoArray(y, yAt + i);
        }
      }
      case Div _ -> {
        for (int i = 0; i < done; i += WIDTH) {
          FloatVector.fromArray(LANES, a, aAt + i)
              .div(FloatVector.fromArray(LANES, b, bAt + i))
              .intoArray(y, yAt + i);
        }
      }
      case Maximum _ -> {
        for (int i = 0; i < done; i += WIDTH) {
          FloatVector.fromArray(LANES, a, aAt + i)
              .max(FloatVector.fromArray(LANES, b, bAt + i))
              .intoArray(y, yAt + i);
        }
      }
      case Minimum _ -> {
        for (int i = 0; i < done; i += WIDTH) {
          FloatVector.fromArray(LANES, a, aAt + i)
              .min(FloatVector.fromArray(LANES, b, bAt + i))
              .intoArray(y, yAt + i);
        }
      }
    }
    rest.binary(op, a, aAt + done, b, bAt + done, y, yAt + done, count - done);
  }

  @Override
  public float sum(float[] x, int at, int count) {
    FloatVector v =
        switch (SUM_COLUMN / WIDTH) {
          case 1 -> column(x, at, count, 0);
          case 2 -> column(x, at, count, 0).add(column(x, at, count, 8));
          default ->
              column(x, at, count, 0)
                  .add(column(x, at, count, 8))
                  .add(column(x, at, count, 4).add(column(x, at, count, 12)));
        };
    v = WIDTH > 8 ? v.add(v.rearrange(BY_8)) : v;
    v = WIDTH > 4 ? v.add(v.rearrange(BY_4)) : v;
    v = v.add(v.rearrange(BY_2));
    return v.add(v.rearrange(BY_1)).lane(0);
  }

  /**
   * The partial sums offset + i, + 16, + 32 and + 48 folded into one, for i below WIDTH. Four hide the latency
   * of adding.
   */
  private static FloatVector column(float[] x, int at, int count, int offset) {
    FloatVector c0 = FloatVector.zero(LANES);
    FloatVector c1 = c0;
    FloatVector c2 = c0;
    FloatVector c3 = c0;
    int i = at + offset;
    int end = i + count - count % SUM_LANES;
    for (; i < end; i += SUM_LANES) {
      c0 = c0.add(FloatVector.fromArray(LANES, x, i));
      c1 = c1.add(FloatVector.fromArray(LANES, x, i + SUM_COLUMN));
      c2 = c2.add(FloatVector.fromArray(LANES, x, i + 2 * SUM_COLUMN));
      c3 = c3.add(FloatVector.fromArray(LANES, x, i + 3 * SUM_COLUMN));
    }
    int last = at + count;
    for (int part = 0; i < last + part * SUM_COLUMN && part < 4; part++, i += SUM_COLUMN) {
      FloatVector sum = c0.add(FloatVector.fromArray(LANES, x, i, LANES.indexInRange(i, last)));
      c0 = c1;
      c1 = c2;
      c2 = c3;
      c3 = sum;
    }
    return c0.add(c2).add(c1.add(c3));
  }

  @Override
  public float max(float[] x, int at, int count) {
    if (count < 2 * WIDTH) {
      return rest.max(x, at, count);
    }
    FloatVector v0 = FloatVector.fromArray(LANES, x, at);
    FloatVector v1 = FloatVector.fromArray(LANES, x, at + WIDTH);
    int done = count - count % (2 * WIDTH);
    for (int i = 2 * WIDTH; i < done; i += 2 * WIDTH) {
      v0 = v0.max(FloatVector.fromArray(LANES, x, at + i));
      v1 = v1.max(FloatVector.fromArray(LANES, x, at + i + WIDTH));
    }
    return Math.max(
        v0.max(v1).reduceLanes(VectorOperators.MAX), rest.max(x, at + done, count - done));
  }

  @Override
  public float min(float[] x, int at, int count) {
    if (count < 2 * WIDTH) {
      return rest.min(x, at, count);
    }
    FloatVector v0 = FloatVector.fromArray(LANES, x, at);
    FloatVector v1 = FloatVector.fromArray(LANES, x, at + WIDTH);
    int done = count - count % (2 * WIDTH);
    for (int i = 2 * WIDTH; i < done; i += 2 * WIDTH) {
      v0 = v0.min(FloatVector.fromArray(LANES, x, at + i));
      v1 = v1.min(FloatVector.fromArray(LANES, x, at + i + WIDTH));
    }
    return Math.min(
        v0.min(v1).reduceLanes(VectorOperators.MIN), rest.min(x, at + done, count - done));
  }

  @Override
  public float maxNumber(float[] x, int at, int count) {
    FloatVector v = FloatVector.broadcast(LANES, Float.NEGATIVE_INFINITY);
    FloatVector u = v;
    int done = count - count % (2 * WIDTH);
    for (int i = 0; i < done; i += 2 * WIDTH) {
      FloatVector next = FloatVector.fromArray(LANES, x, at + i);
      v = v.blend(next, next.compare(VectorOperators.GT, v));
      next = FloatVector.fromArray(LANES, x, at + i + WIDTH);
      u = u.blend(next, next.compare(VectorOperators.GT, u));
    }
    v = v.blend(u, u.compare(VectorOperators.GT, v));
    if (count - done >= WIDTH) {
      u = FloatVector.fromArray(LANES, x, at + done);
      v = v.blend(u, u.compare(VectorOperators.GT, v));
      done += WIDTH;
    }
    FloatVector other;
    if (WIDTH > 8) {
      other = v.rearrange(BY_8);
      v = v.blend(other, other.compare(VectorOperators.GT, v));
    }
    if (WIDTH > 4) {
      other = v.rearrange(BY_4);
      v = v.blend(other, other.compare(VectorOperators.GT, v));
    }
    other = v.rearrange(BY_2);
    v = v.blend(other, other.compare(VectorOperators.GT, v));
    other = v.rearrange(BY_1);
    v = v.blend(other, other.compare(VectorOperators.GT, v));
    return Math.max(v.lane(0), rest.maxNumber(x, at + done, count - done));
  }

  @Override
  public float weights(float[] x, int at, int count, float scale, float shift) {
    FloatVector v = VectorMath.weights(x, at, at + count, scale, shift);
    if (WIDTH < SUM_COLUMN) {
      v = lanes(x, at, count, 0).add(lanes(x, at, count, 8));
    }
    if (WIDTH < 8) {
      v = v.add(lanes(x, at, count, 4).add(lanes(x, at, count, 12)));
    }
    v = WIDTH > 8 ? v.add(v.rearrange(BY_8)) : v;
    v = WIDTH > 4 ? v.add(v.rearrange(BY_4)) : v;
    v = v.add(v.rearrange(BY_2));
    return v.add(v.rearrange(BY_1)).lane(0);
  }

  /** The partial sums offset + i of {@link #SUM_COLUMN}, for i below WIDTH. */
  private static FloatVector lanes(float[] x, int at, int count, int offset) {
    FloatVector v = FloatVector.zero(LANES);
    for (int i = at + offset; i < at + count; i += SUM_COLUMN) {
      v = v.add(FloatVector.fromArray(LANES, x, i));
    }
    return v;
  }

  @Override
  public void philox(long key, long draw, long first, int[] words, int count) {
    rest.philox(key, draw, first, words, count, VectorPhilox.words(key, draw, first, words, count));
  }

  @Override
  public void widenBf16(short[] x, int xAt, float[] y, int yAt, int count) {
    int done = VectorHalf.widen(x, xAt, y, yAt, count);
    rest.widenBf16(x, xAt + done, y, yAt + done, count - done);
  }

  @Override
  public void roundBf16(float[] x, int xAt, short[] y, int yAt, int count) {
    int done = VectorHalf.round(x, xAt, y, yAt, count);
    rest.roundBf16(x, xAt + done, y, yAt + done, count - done);
  }

  private static int lastVector(int from, int to) {
    return from + LANES.loopBound(to - from);
  }

  private static VectorShuffle<Float> partner(int distance) {
    return VectorShuffle.fromOp(LANES, lane -> (lane + distance) % WIDTH);
  }
}
