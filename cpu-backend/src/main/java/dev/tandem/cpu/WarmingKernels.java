package dev.tandem.cpu;

import dev.tandem.op.Elementwise.Add;
import dev.tandem.op.Elementwise.Binary;
import dev.tandem.op.Elementwise.Div;
import dev.tandem.op.Elementwise.Maximum;
import dev.tandem.op.Elementwise.Minimum;
import dev.tandem.op.Elementwise.Mul;
import dev.tandem.op.Elementwise.Sub;

/** Vector kernels as soon as they are compiled, and plain Java until then; see {@link WarmUp}. */
final class WarmingKernels implements Kernels {
  private enum Kernel {
    EXP,
    LOG,
    TANH,
    SIGMOID,
    SOFTPLUS,
    SILU,
    GELU_TANH,
    BIAS_GELU_TANH,
    GELU_ERF,
    SILU_GRAD,
    GELU_TANH_GRAD,
    BIAS_GELU_TANH_GRAD,
    GELU_ERF_GRAD,
    RELU_GRAD,
    LEAKY_RELU_GRAD,
    ADD_BIAS_OF_EACH,
    ADD_BIAS_OF_ALL,
    BINARY,
    SUM,
    MAX,
    MIN,
    MAX_NUMBER,
    WEIGHTS,
    PHILOX,
    WIDEN_BF16,
    ROUND_BF16
  }

  private static final VectorKernels VECTOR = new VectorKernels();
  private static final ScalarKernels SCALAR = new ScalarKernels();
  private static final WarmUp[] WARM_UPS = warmUps();

  private static WarmUp[] warmUps() {
    Kernel[] kernels = Kernel.values();
    WarmUp[] warmUps = new WarmUp[kernels.length];
    for (Kernel kernel : kernels) {
      warmUps[kernel.ordinal()] = new WarmUp(new SpanCalls(kernel));
    }
    return warmUps;
  }

  private static Kernels of(Kernel kernel) {
    return WARM_UPS[kernel.ordinal()].done() ? VECTOR : SCALAR;
  }

  /** Whether all of them are compiled. */
  static boolean ready() {
    boolean ready = true;
    for (WarmUp warmUp : WARM_UPS) {
      ready &= warmUp.done();
    }
    return ready;
  }

  @Override
  public void exp(float[] x, float[] y, int from, int to) {
    of(Kernel.EXP).exp(x, y, from, to);
  }

  @Override
  public void log(float[] x, float[] y, int from, int to) {
    of(Kernel.LOG).log(x, y, from, to);
  }

  @Override
  public void tanh(float[] x, float[] y, int from, int to) {
    of(Kernel.TANH).tanh(x, y, from, to);
  }

  @Override
  public void sigmoid(float[] x, float[] y, int from, int to) {
    of(Kernel.SIGMOID).sigmoid(x, y, from, to);
  }

  @Override
  public void softplus(float[] x, float[] y, int from, int to) {
    of(Kernel.SOFTPLUS).softplus(x, y, from, to);
  }

  @Override
  public void silu(float[] x, float[] y, int from, int to) {
    of(Kernel.SILU).silu(x, y, from, to);
  }

  @Override
  public void geluTanh(float[] x, float[] y, int from, int to) {
    of(Kernel.GELU_TANH).geluTanh(x, y, from, to);
  }

  @Override
  public void biasGeluTanh(float[] x, float[] b, int bAt, float[] y, int from, int to) {
    of(Kernel.BIAS_GELU_TANH).biasGeluTanh(x, b, bAt, y, from, to);
  }

  @Override
  public void geluErf(float[] x, float[] y, int from, int to) {
    of(Kernel.GELU_ERF).geluErf(x, y, from, to);
  }

  @Override
  public void siluGrad(float[] x, float[] dy, float[] dx, int from, int to) {
    of(Kernel.SILU_GRAD).siluGrad(x, dy, dx, from, to);
  }

  @Override
  public void geluTanhGrad(float[] x, float[] dy, float[] dx, int from, int to) {
    of(Kernel.GELU_TANH_GRAD).geluTanhGrad(x, dy, dx, from, to);
  }

  @Override
  public void biasGeluTanhGrad(
      float[] x, float[] b, int bAt, float[] dy, float[] dx, int from, int to) {
    of(Kernel.BIAS_GELU_TANH_GRAD).biasGeluTanhGrad(x, b, bAt, dy, dx, from, to);
  }

  @Override
  public void geluErfGrad(float[] x, float[] dy, float[] dx, int from, int to) {
    of(Kernel.GELU_ERF_GRAD).geluErfGrad(x, dy, dx, from, to);
  }

  @Override
  public void reluGrad(float[] y, float[] dy, float[] dx, int from, int to) {
    of(Kernel.RELU_GRAD).reluGrad(y, dy, dx, from, to);
  }

  @Override
  public void leakyReluGrad(float slope, float[] x, float[] dy, float[] dx, int from, int to) {
    of(Kernel.LEAKY_RELU_GRAD).leakyReluGrad(slope, x, dy, dx, from, to);
  }

  @Override
  public void addBias(float[] y, int at, float[] b, int bAt, int count, boolean relu) {
    of(Kernel.ADD_BIAS_OF_EACH).addBias(y, at, b, bAt, count, relu);
  }

  @Override
  public void addBias(float[] y, int at, float b, int count, boolean relu) {
    of(Kernel.ADD_BIAS_OF_ALL).addBias(y, at, b, count, relu);
  }

  @Override
  public void binary(
      Binary op, float[] a, int aAt, float[] b, int bAt, float[] y, int yAt, int count) {
    of(Kernel.BINARY).binary(op, a, aAt, b, bAt, y, yAt, count);
  }

  @Override
  public float sum(float[] x, int at, int count) {
    return of(Kernel.SUM).sum(x, at, count);
  }

  @Override
  public float max(float[] x, int at, int count) {
    return of(Kernel.MAX).max(x, at, count);
  }

  @Override
  public float min(float[] x, int at, int count) {
    return of(Kernel.MIN).min(x, at, count);
  }

  @Override
  public float maxNumber(float[] x, int at, int count) {
    return of(Kernel.MAX_NUMBER).maxNumber(x, at, count);
  }

  @Override
  public float weights(float[] x, int at, int count, float scale, float shift) {
    return of(Kernel.WEIGHTS).weights(x, at, count, scale, shift);
  }

  @Override
  public void philox(long key, long draw, long first, int[] words, int count) {
    of(Kernel.PHILOX).philox(key, draw, first, words, count);
  }

  @Override
  public void widenBf16(short[] x, int xAt, float[] y, int yAt, int count) {
    of(Kernel.WIDEN_BF16).widenBf16(x, xAt, y, yAt, count);
  }

  @Override
  public void roundBf16(float[] x, int xAt, short[] y, int yAt, int count) {
    of(Kernel.ROUND_BF16).roundBf16(x, xAt, y, yAt, count);
  }

  /** Spans of zeros: of some vectors, with a rest and without, and of less than one. */
  private static final class SpanCalls implements WarmUp.Calls {
    private static final int[] LENGTHS = {
      256, 272, 331, 7, 331
    }; // an odd number of them meets each flag
    // What comes before and after the loop counts as so many turns.
    private static final int ENDS = 8;
    private static final Binary[] BINARIES = {
      new Add(), new Sub(), new Mul(), new Div(), new Maximum(), new Minimum()
    };

    private final Kernel kernel;
    private final float[] x = new float[384];
    private final float[] dy = new float[x.length];
    private final float[] y = new float[x.length];
    private final int[] words = new int[4 * x.length];
    private final short[] halves = new short[x.length];
    private int turn;

    SpanCalls(Kernel kernel) {
      this.kernel = kernel;
    }

    @Override
    public int run() {
      int length = LENGTHS[turn % LENGTHS.length];
      call(kernel == Kernel.WEIGHTS ? length / SUM_COLUMN * SUM_COLUMN : length);
      turn++;
      return (length / Lanes.FLOAT.length() + ENDS) * operations();
    }

    @Override
    public void dry() {
      call(0);
    }

    /** Vector operations for a vector of the span, at least. */
    private int operations() {
      return switch (kernel) {
        case SUM, MAX, MIN -> 2;
        case RELU_GRAD,
            LEAKY_RELU_GRAD,
            ADD_BIAS_OF_EACH,
            ADD_BIAS_OF_ALL,
            BINARY,
            MAX_NUMBER,
            WIDEN_BF16,
            ROUND_BF16 ->
            4;
        case EXP, LOG, TANH, SIGMOID, SOFTPLUS, SILU, GELU_TANH, BIAS_GELU_TANH, WEIGHTS -> 20;
        case GELU_ERF, SILU_GRAD, GELU_TANH_GRAD, BIAS_GELU_TANH_GRAD, GELU_ERF_GRAD, PHILOX -> 40;
      };
    }

    private void call(int n) {
      switch (kernel) {
        case EXP -> VECTOR.exp(x, y, 0, n);
        case LOG -> VECTOR.log(x, y, 0, n);
        case TANH -> VECTOR.tanh(x, y, 0, n);
        case SIGMOID -> VECTOR.sigmoid(x, y, 0, n);
        case SOFTPLUS -> VECTOR.softplus(x, y, 0, n);
        case SILU -> VECTOR.silu(x, y, 0, n);
        case GELU_TANH -> VECTOR.geluTanh(x, y, 0, n);
        case BIAS_GELU_TANH -> VECTOR.biasGeluTanh(x, dy, 0, y, 0, n);
        case GELU_ERF -> VECTOR.geluErf(x, y, 0, n);
        case SILU_GRAD -> VECTOR.siluGrad(x, dy, y, 0, n);
        case GELU_TANH_GRAD -> VECTOR.geluTanhGrad(x, dy, y, 0, n);
        case BIAS_GELU_TANH_GRAD -> VECTOR.biasGeluTanhGrad(x, dy, 0, dy, y, 0, n);
        case GELU_ERF_GRAD -> VECTOR.geluErfGrad(x, dy, y, 0, n);
        case RELU_GRAD -> VECTOR.reluGrad(x, dy, y, 0, n);
        case LEAKY_RELU_GRAD -> VECTOR.leakyReluGrad(0.01f, x, dy, y, 0, n);
        case ADD_BIAS_OF_EACH -> VECTOR.addBias(y, 0, x, 0, n, turn % 2 == 0);
        case ADD_BIAS_OF_ALL -> VECTOR.addBias(y, 0, 0f, n, turn % 2 == 0);
        case BINARY -> VECTOR.binary(BINARIES[turn % BINARIES.length], x, 0, dy, 0, y, 0, n);
        case SUM -> VECTOR.sum(x, 0, n);
        case MAX -> VECTOR.max(x, 0, n);
        case MIN -> VECTOR.min(x, 0, n);
        case MAX_NUMBER -> VECTOR.maxNumber(x, 0, n);
        case WEIGHTS -> VECTOR.weights(y, 0, n, 0, 0);
        case PHILOX -> VECTOR.philox(0, 0, 0, words, n);
        case WIDEN_BF16 -> VECTOR.widenBf16(halves, 0, y, 0, n);
        case ROUND_BF16 -> VECTOR.roundBf16(x, 0, halves, 0, n);
      }
    }
  }
}
