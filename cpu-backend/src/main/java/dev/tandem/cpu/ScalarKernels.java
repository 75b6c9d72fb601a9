package dev.tandem.cpu;

import dev.tandem.op.Elementwise.Add;
import dev.tandem.op.Elementwise.Binary;
import dev.tandem.op.Elementwise.Div;
import dev.tandem.op.Elementwise.Maximum;
import dev.tandem.op.Elementwise.Minimum;
import dev.tandem.op.Elementwise.Mul;
import dev.tandem.op.Elementwise.Sub;
import dev.tandem.op.Philox;

/** The kernels in plain Java: where the Vector API is absent, and for what is left over at the end of vectors. */
final class ScalarKernels implements Kernels {
  @Override
  public void exp(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = FloatMath.exp(x[i]);
    }
  }

  @Override
  public void log(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = FloatMath.log(x[i]);
    }
  }

  @Override
  public void tanh(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = FloatMath.tanh(x[i]);
    }
  }

  @Override
  public void sigmoid(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = FloatMath.sigmoid(x[i]);
    }
  }

  @Override
  public void softplus(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = FloatMath.softplus(x[i]);
    }
  }

  @Override
  public void silu(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = FloatMath.silu(x[i]);
    }
  }

  @Override
  public void geluTanh(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = FloatMath.geluTanh(x[i]);
    }
  }

  @Override
  public void geluErf(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = FloatMath.geluErf(x[i]);
    }
  }

  @Override
  public void siluGrad(float[] x, float[] dy, float[] dx, int from, int to) {
    for (int i = from; i < to; i++) {
      dx[i] = FloatMath.siluSlope(x[i]) * dy[i];
    }
  }

  @Override
  public void geluTanhGrad(float[] x, float[] dy, float[] dx, int from, int to) {
    for (int i = from; i < to; i++) {
      dx[i] = FloatMath.geluTanhSlope(x[i]) * dy[i];
    }
  }

  @Override
  public void geluErfGrad(float[] x, float[] dy, float[] dx, int from, int to) {
    for (int i = from; i < to; i++) {
      dx[i] = FloatMath.geluErfSlope(x[i]) * dy[i];
    }
  }

  @Override
  public void reluGrad(float[] y, float[] dy, float[] dx, int from, int to) {
    for (int i = from; i < to; i++) {
      dx[i] = y[i] > 0 ? dy[i] : 0;
    }
  }

  @Override
  public void addBias(float[] y, int at, float[] b, int bAt, int count, boolean relu) {
    for (int i = 0; i < count; i++) {
      float sum = y[at + i] + b[bAt + i];
      y[at + i] = relu && sum <= 0 ? 0 : sum;
    }
  }

  @Override
  public void addBias(float[] y, int at, float b, int count, boolean relu) {
    for (int i = at; i < at + count; i++) {
      float sum = y[i] + b;
      y[i] = relu && sum <= 0 ? 0 : sum;
    }
  }

  @Override
  public void leakyReluGrad(float slope, float[] x, float[] dy, float[] dx, int from, int to) {
    for (int i = from; i < to; i++) {
      dx[i] = x[i] > 0 ? dy[i] : slope * dy[i];
    }
  }

  @Override
  public void binary(
      Binary op, float[] a, int aAt, float[] b, int bAt, float[] y, int yAt, int count) {
    switch (op) {
      case Add _ -> {
        for (int i = 0; i < count; i++) {
          y[yAt + i] = a[aAt + i] + b[bAt + i];
        }
      }
      case Sub _ -> {
        for (int i = 0; i < count; i++) {
          y[yAt + i] = a[aAt + i] - b[bAt + i];
        }
      }
      case Mul _ -> {
        for (int i = 0; i < count; i++) {
          y[yAt + i] = a[aAt + i] * b[bAt + i];
        }
      }
      case Div _ -> {
        for (int i = 0; i < count; i++) {
          y[yAt + i] = a[aAt + i] / b[bAt + i];
        }
      }
      case Maximum _ -> {
        for (int i = 0; i < count; i++) {
          y[yAt + i] = Math.max(a[aAt + i], b[bAt + i]);
        }
      }
      case Minimum _ -> {
        for (int i = 0; i < count; i++) {
          y[yAt + i] = Math.min(a[aAt + i], b[bAt + i]);
        }
      }
    }
  }

  @Override
  public float sum(float[] x, int at, int count) {
    float[] lanes = new float[SUM_LANES];
    int whole = count - count % SUM_LANES;
    for (int i = 0; i < whole; i += SUM_LANES) {
      for (int lane = 0; lane < SUM_LANES; lane++) {
        lanes[lane] += x[at + i + lane];
      }
    }
    for (int i = whole; i < count; i++) {
      lanes[i - whole] += x[at + i];
    }
    for (int half = SUM_LANES / 2; half > 0; half /= 2) {
      for (int lane = 0; lane < half; lane++) {
        lanes[lane] += lanes[lane + half];
      }
    }
    return lanes[0];
  }

  @Override
  public float max(float[] x, int at, int count) {
    float largest = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      largest = Math.max(largest, x[at + i]);
    }
    return largest;
  }

  @Override
  public float min(float[] x, int at, int count) {
    float smallest = Float.POSITIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      smallest = Math.min(smallest, x[at + i]);
    }
    return smallest;
  }

  @Override
  public float maxNumber(float[] x, int at, int count) {
    float largest = Float.NEGATIVE_INFINITY;
    for (int i = at; i < at + count; i++) {
      largest = x[i] > largest ? x[i] : largest;
    }
    return largest;
  }

  @Override
  public float weights(float[] x, int at, int count, float scale, float shift) {
    float[] lanes = new float[SUM_COLUMN];
    weights(x, at, count, scale, shift, lanes);
    for (int half = SUM_COLUMN / 2; half > 0; half /= 2) {
      for (int lane = 0; lane < half; lane++) {
        lanes[lane] += lanes[lane + half];
      }
    }
    return lanes[0];
  }

  private static void weights(
      float[] x, int at, int count, float scale, float shift, float[] lanes) {
    for (int i = 0; i < count; i++) {
      x[at + i] = FloatMath.weight(Math.fma(x[at + i], scale, -shift));
      lanes[i % SUM_COLUMN] += x[at + i];
    }
  }

  @Override
  public void philox(long key, long draw, long first, int[] words, int count) {
    philox(key, draw, first, words, count, 0);
  }

  /** The blocks from first + done on. */
  void philox(long key, long draw, long first, int[] words, int count, int done) {
    int[] block = new int[4];
    for (int i = done; i < count; i++) {
      Philox.block(key, first + i, draw, block);
      for (int j = 0; j < block.length; j++) {
        words[j * count + i] = block[j];
      }
    }
  }

  @Override
  public void widenBf16(short[] x, int xAt, float[] y, int yAt, int count) {
    for (int i = 0; i < count; i++) {
      y[yAt + i] = Float.intBitsToFloat(x[xAt + i] << 16);
    }
  }

  @Override
  public void roundBf16(float[] x, int xAt, short[] y, int yAt, int count) {
    for (int i = 0; i < count; i++) {
      y[yAt + i] = Half.roundBf16(x[xAt + i]);
    }
  }
}
