package dev.tandem.cpu;

import dev.tandem.op.Elementwise;

/**
 * What a reduction does with many numbers. Floats are folded by kernels in short spans, the spans' results in
 * double.
 */
enum Fold {
  SUM(new Elementwise.Add(), 0) {
    @Override
    double join(double a, double b) {
      return a + b;
    }

    @Override
    void join(double[] to, int at, double[] from, int fromAt, int count) {
      for (int i = 0; i < count; i++) {
        to[at + i] += from[fromAt + i];
      }
    }

    @Override
    void join(double[] to, int at, float[] from, int count) {
      for (int i = 0; i < count; i++) {
        to[at + i] += from[i];
      }
    }

    @Override
    float span(Kernels kernels, float[] x, int at, int count) {
      return kernels.sum(x, at, count);
    }
  },
  MAX(new Elementwise.Maximum(), Double.NEGATIVE_INFINITY) {
    @Override
    double join(double a, double b) {
      return Math.max(a, b);
    }

    @Override
    float span(Kernels kernels, float[] x, int at, int count) {
      return kernels.max(x, at, count);
    }
  },
  MIN(new Elementwise.Minimum(), Double.POSITIVE_INFINITY) {
    @Override
    double join(double a, double b) {
      return Math.min(a, b);
    }

    @Override
    float span(Kernels kernels, float[] x, int at, int count) {
      return kernels.min(x, at, count);
    }
  };

  private final Elementwise.Binary rows;
  private final double ofNothing;

  Fold(Elementwise.Binary rows, double ofNothing) {
    this.rows = rows;
    this.ofNothing = ofNothing;
  }

  abstract double join(double a, double b);

  /** Joins one row to another: to[at + i] and from[fromAt + i] for i below count. */
  void join(double[] to, int at, double[] from, int fromAt, int count) {
    for (int i = 0; i < count; i++) {
      to[at + i] = join(to[at + i], from[fromAt + i]);
    }
  }

  void join(double[] to, int at, float[] from, int count) {
    for (int i = 0; i < count; i++) {
      to[at + i] = join(to[at + i], from[i]);
    }
  }

  /** The fold of x[at] to x[at + count - 1]. */
  abstract float span(Kernels kernels, float[] x, int at, int count);

  /** What joins two rows of floats, element by element. */
  Elementwise.Binary rows() {
    return rows;
  }

  double ofNothing() {
    return ofNothing;
  }
}
