package dev.tandem.cpu;

/**
 * Cheap functions of floats as plain loops, one a function. The compiler turns them into vector code by itself,
 * for all arrays are read at the same place and nothing depends on a condition. Spans run from from, inclusive,
 * to to, exclusive.
 */
final class PlainLoops {
  private PlainLoops() {}

  static void affine(float scale, float shift, float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = scale * x[i] + shift;
    }
  }

  static void sqrt(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = (float) Math.sqrt(x[i]);
    }
  }

  static void rsqrt(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = 1 / (float) Math.sqrt(x[i]);
    }
  }

  static void abs(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = Math.abs(x[i]);
    }
  }

  static void sign(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = Math.signum(x[i]);
    }
  }

  static void clamp(float low, float high, float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = Math.max(Math.min(x[i], high), low);
    }
  }

  static void relu(float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = Math.max(x[i], 0);
    }
  }

  /** In this form, for max and min become vector code and a condition does not. */
  static void leakyRelu(float slope, float[] x, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = Math.max(x[i], 0) + slope * Math.min(x[i], 0);
    }
  }

  static void sigmoidGrad(float[] y, float[] dy, float[] dx, int from, int to) {
    for (int i = from; i < to; i++) {
      dx[i] = dy[i] * y[i] * (1 - y[i]);
    }
  }

  static void tanhGrad(float[] y, float[] dy, float[] dx, int from, int to) {
    for (int i = from; i < to; i++) {
      dx[i] = dy[i] * ((1 - y[i]) * (1 + y[i]));
    }
  }

  /** The exponents that networks use are products and roots; others go element by element through double. */
  static void pow(double exponent, float[] x, float[] y, int from, int to) {
    if (exponent == 2) {
      for (int i = from; i < to; i++) {
        y[i] = x[i] * x[i];
      }
    } else if (exponent == 3) {
      for (int i = from; i < to; i++) {
        y[i] = x[i] * x[i] * x[i];
      }
    } else if (exponent == -1) {
      for (int i = from; i < to; i++) {
        y[i] = 1 / x[i];
      }
    } else if (exponent == 0.5) {
      for (int i = from; i < to; i++) {
        y[i] = powerRoot(x[i]);
      }
    } else if (exponent == -0.5) {
      for (int i = from; i < to; i++) {
        y[i] = 1 / powerRoot(x[i]);
      }
    } else {
      for (int i = from; i < to; i++) {
        y[i] = (float) StrictMath.pow(x[i], exponent);
      }
    }
  }

  /** x^0.5, which differs from the root: it is 0 for -0, and infinite for -infinity. */
  private static float powerRoot(float x) {
    return x == Float.NEGATIVE_INFINITY ? Float.POSITIVE_INFINITY : (float) Math.sqrt(x + 0f);
  }
}
