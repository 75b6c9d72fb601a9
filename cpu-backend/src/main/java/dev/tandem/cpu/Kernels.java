package dev.tandem.cpu;

import dev.tandem.op.Elementwise.Binary;

/**
 * The hot loops over spans of floats that the compiler does not turn into vector code by itself: what has
 * conditions, polynomials, sums, or operands at different places. Both implementations give the same bits.
 */
interface Kernels {
  /** Partial sums of {@link #sum}, whatever the width of a vector, so that the width does not show in a result. */
  int SUM_LANES = 64;

  /** Neighbouring partial sums that the widest vector holds. */
  int SUM_COLUMN = 16;

  static Kernels best() {
    return Vectorization.available() ? new WarmingKernels() : new ScalarKernels();
  }

  /** Functions of one element: y[i] = f(x[i]) for i from the first, inclusive, to the last, exclusive. */
  void exp(float[] x, float[] y, int from, int to);

  void log(float[] x, float[] y, int from, int to);

  void tanh(float[] x, float[] y, int from, int to);

  void sigmoid(float[] x, float[] y, int from, int to);

  void softplus(float[] x, float[] y, int from, int to);

  void silu(float[] x, float[] y, int from, int to);

  void geluTanh(float[] x, float[] y, int from, int to);

  /** y[i] = f(x[i] + b[bAt + i - from]). */
  void biasGeluTanh(float[] x, float[] b, int bAt, float[] y, int from, int to);

  void geluErf(float[] x, float[] y, int from, int to);

  /** Chain rule: dx[i] = dy[i] * f'(x[i]). */
  void siluGrad(float[] x, float[] dy, float[] dx, int from, int to);

  void geluTanhGrad(float[] x, float[] dy, float[] dx, int from, int to);

  /** dx[i] = dy[i] * f'(x[i] + b[bAt + i - from]). */
  void biasGeluTanhGrad(float[] x, float[] b, int bAt, float[] dy, float[] dx, int from, int to);

  void geluErfGrad(float[] x, float[] dy, float[] dx, int from, int to);

  /** dx[i] = dy[i] where y[i] > 0, 0 elsewhere. */
  void reluGrad(float[] y, float[] dy, float[] dx, int from, int to);

  /** dx[i] = dy[i] where x[i] > 0, slope * dy[i] elsewhere. */
  void leakyReluGrad(float slope, float[] x, float[] dy, float[] dx, int from, int to);

  /** y[yAt + i] = a[aAt + i] op b[bAt + i] for i below count. */
  void binary(Binary op, float[] a, int aAt, float[] b, int bAt, float[] y, int yAt, int count);

  /** y[at + i] = f(y[at + i] + b[bAt + i]) for i below count, f being relu or nothing. */
  void addBias(float[] y, int at, float[] b, int bAt, int count, boolean relu);

  /** y[at + i] = f(y[at + i] + b) for i below count, f being relu or nothing. */
  void addBias(float[] y, int at, float b, int count, boolean relu);

  /**
   * The sum of x[at] to x[at + count - 1], in {@link #SUM_LANES} partial sums that are folded in halves. 0 for
   * none.
   */
  float sum(float[] x, int at, int count);

  /** The largest of x[at] to x[at + count - 1]: -infinity for none, NaN if any is. */
  float max(float[] x, int at, int count);

  /** The smallest of x[at] to x[at + count - 1]: infinity for none, NaN if any is. */
  float min(float[] x, int at, int count);

  /** The largest that is a number of x[at] to x[at + count - 1], -infinity for none. */
  float maxNumber(float[] x, int at, int count);

  /**
   * x[at + i] = e^(scale * x[at + i] - shift) for i below count where that is a normal float, and 0 below; the exponent must not be
   * above 88. Gives the sum, in {@link #SUM_COLUMN} partial sums that are folded in halves; the count is a multiple of those.
   */
  float weights(float[] x, int at, int count, float scale, float shift);

  /**
   * Philox4x32-10 under the key at the counters (first + i, draw), low words first, for i below count: word j
   * becomes words[j * count + i]. The low word of first + i must not overflow.
   */
  void philox(long key, long draw, long first, int[] words, int count);

  /** y[yAt + i] = the BF16 number x[xAt + i] for i below count. */
  void widenBf16(short[] x, int xAt, float[] y, int yAt, int count);

  /** y[yAt + i] = x[xAt + i] rounded as {@link Half#roundBf16} does, for i below count. */
  void roundBf16(float[] x, int xAt, short[] y, int yAt, int count);
}
