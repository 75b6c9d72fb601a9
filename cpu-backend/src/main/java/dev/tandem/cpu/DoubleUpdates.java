package dev.tandem.cpu;

import dev.tandem.op.Update;

/**
 * Updates of doubles: {@link FloatUpdates} word for word in the other type, for Java has no loop over both.
 * Each step is one pass over a span from from, inclusive, to to, exclusive; constants are computed in double,
 * once a step.
 */
final class DoubleUpdates {
  private DoubleUpdates() {}

  static void accumulate(double[] target, double[] source, int from, int to) {
    for (int i = from; i < to; i++) {
      target[i] += source[i];
    }
  }

  static void runningAverage(double weight, double[] target, double[] source, int from, int to) {
    for (int i = from; i < to; i++) {
      target[i] += weight * (source[i] - target[i]);
    }
  }

  static void clamp(double low, double high, double[] target, int from, int to) {
    for (int i = from; i < to; i++) {
      target[i] = Math.max(Math.min(target[i], high), low);
    }
  }

  static void scale(double factor, double[] target, int from, int to) {
    for (int i = from; i < to; i++) {
      target[i] *= factor;
    }
  }

  static void sgd(Update.Sgd op, double lr, double[] w, double[] dw, int from, int to) {
    double decay = op.weightDecay();
    if (decay == 0) {
      for (int i = from; i < to; i++) {
        w[i] -= lr * dw[i];
      }
    } else {
      for (int i = from; i < to; i++) {
        w[i] -= lr * (dw[i] + decay * w[i]);
      }
    }
  }

  static void momentum(
      Update.Momentum op, double lr, double[] w, double[] v, double[] dw, int from, int to) {
    double momentum = op.momentum();
    double decay = op.weightDecay();
    if (op.nesterov()) {
      for (int i = from; i < to; i++) {
        double g = dw[i] + decay * w[i];
        v[i] = momentum * v[i] + g;
        w[i] -= lr * (g + momentum * v[i]);
      }
    } else {
      for (int i = from; i < to; i++) {
        v[i] = momentum * v[i] + (dw[i] + decay * w[i]);
        w[i] -= lr * v[i];
      }
    }
  }

  static void adagrad(
      Update.Adagrad op, double lr, double[] w, double[] s, double[] dw, int from, int to) {
    double epsilon = op.epsilon();
    double decay = op.weightDecay();
    for (int i = from; i < to; i++) {
      double g = dw[i] + decay * w[i];
      s[i] += g * g;
      w[i] -= lr * g / (Math.sqrt(s[i]) + epsilon);
    }
  }

  static void rmsProp(
      Update.RmsProp op, double lr, double[] w, double[] s, double[] dw, int from, int to) {
    double alpha = op.alpha();
    double rest = (1 - op.alpha());
    double epsilon = op.epsilon();
    double decay = op.weightDecay();
    for (int i = from; i < to; i++) {
      double g = dw[i] + decay * w[i];
      s[i] = alpha * s[i] + rest * g * g;
      w[i] -= lr * g / (Math.sqrt(s[i]) + epsilon);
    }
  }

  /** The corrections are lr / (1 - beta1^t) and 1 / sqrt(1 - beta2^t). */
  static void adam(
      AdamStep step, double[] w, double[] m, double[] v, double[] dw, int from, int to) {
    double beta1 = step.op().beta1();
    double beta2 = step.op().beta2();
    double rest1 = (1 - step.op().beta1());
    double rest2 = (1 - step.op().beta2());
    double epsilon = step.op().epsilon();
    double keep = step.keep();
    double decay = step.decay();
    double rate = step.rate();
    double correction = step.rootCorrection();
    for (int i = from; i < to; i++) {
      double g = dw[i] + decay * w[i];
      m[i] = beta1 * m[i] + rest1 * g;
      v[i] = beta2 * v[i] + rest2 * g * g;
      w[i] = keep * w[i] - rate * m[i] / (Math.sqrt(v[i]) * correction + epsilon);
    }
  }

  static void lion(
      Update.Lion op, double lr, double[] w, double[] m, double[] dw, int from, int to) {
    double beta1 = op.beta1();
    double beta2 = op.beta2();
    double rest1 = (1 - op.beta1());
    double rest2 = (1 - op.beta2());
    double keep = (1 - lr * op.weightDecay());
    for (int i = from; i < to; i++) {
      double u = Math.signum(beta1 * m[i] + rest1 * dw[i]);
      w[i] = keep * w[i] - lr * u;
      m[i] = beta2 * m[i] + rest2 * dw[i];
    }
  }
}
