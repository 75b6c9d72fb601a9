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

  static void step(OptimizerStep step, DoubleWeight t, int from, int to) {
    switch (step.rule()) {
      case Update.Sgd op -> sgd(op, step, t, from, to);
      case Update.Momentum op -> momentum(op, step, t, from, to);
      case Update.Adagrad op -> adagrad(op, step, t, from, to);
      case Update.RmsProp op -> rmsProp(op, step, t, from, to);
      case Update.Adam _ -> adam(step, t, from, to);
      case Update.Lion op -> lion(op, step, t, from, to);
    }
  }

  private static void sgd(Update.Sgd op, OptimizerStep step, DoubleWeight t, int from, int to) {
    double[] w = t.w();
    double[] dw = t.dw();
    double lr = step.lr();
    double factor = step.factor();
    double decay = op.weightDecay();
    if (decay == 0) {
      for (int i = from; i < to; i++) {
        w[i] -= lr * (factor * dw[i]);
      }
    } else {
      for (int i = from; i < to; i++) {
        w[i] -= lr * (factor * dw[i] + decay * w[i]);
      }
    }
  }

  private static void momentum(
      Update.Momentum op, OptimizerStep step, DoubleWeight t, int from, int to) {
    double[] w = t.w();
    double[] v = t.first();
    double[] dw = t.dw();
    double lr = step.lr();
    double factor = step.factor();
    double momentum = op.momentum();
    double decay = op.weightDecay();
    if (op.nesterov()) {
      for (int i = from; i < to; i++) {
        double g = factor * dw[i] + decay * w[i];
        v[i] = momentum * v[i] + g;
        w[i] -= lr * (g + momentum * v[i]);
      }
    } else {
      for (int i = from; i < to; i++) {
        v[i] = momentum * v[i] + (factor * dw[i] + decay * w[i]);
        w[i] -= lr * v[i];
      }
    }
  }

  private static void adagrad(
      Update.Adagrad op, OptimizerStep step, DoubleWeight t, int from, int to) {
    double[] w = t.w();
    double[] s = t.first();
    double[] dw = t.dw();
    double lr = step.lr();
    double factor = step.factor();
    double epsilon = op.epsilon();
    double decay = op.weightDecay();
    for (int i = from; i < to; i++) {
      double g = factor * dw[i] + decay * w[i];
      s[i] += g * g;
      w[i] -= lr * g / (Math.sqrt(s[i]) + epsilon);
    }
  }

  private static void rmsProp(
      Update.RmsProp op, OptimizerStep step, DoubleWeight t, int from, int to) {
    double[] w = t.w();
    double[] s = t.first();
    double[] dw = t.dw();
    double lr = step.lr();
    double factor = step.factor();
    double alpha = op.alpha();
    double rest = (1 - op.alpha());
    double epsilon = op.epsilon();
    double decay = op.weightDecay();
    for (int i = from; i < to; i++) {
      double g = factor * dw[i] + decay * w[i];
      s[i] = alpha * s[i] + rest * g * g;
      w[i] -= lr * g / (Math.sqrt(s[i]) + epsilon);
    }
  }

  /** The corrections are lr / (1 - beta1^t) and 1 / sqrt(1 - beta2^t). */
  private static void adam(OptimizerStep step, DoubleWeight t, int from, int to) {
    AdamStep adam = step.adam();
    double[] w = t.w();
    double[] m = t.first();
    double[] v = t.second();
    double[] dw = t.dw();
    double factor = step.factor();
    double beta1 = adam.op().beta1();
    double beta2 = adam.op().beta2();
    double rest1 = (1 - adam.op().beta1());
    double rest2 = (1 - adam.op().beta2());
    double epsilon = adam.op().epsilon();
    double keep = adam.keep();
    double decay = adam.decay();
    double rate = adam.rate();
    double correction = adam.rootCorrection();
    for (int i = from; i < to; i++) {
      double g = factor * dw[i] + decay * w[i];
      m[i] = beta1 * m[i] + rest1 * g;
      v[i] = beta2 * v[i] + rest2 * g * g;
      w[i] = keep * w[i] - rate * m[i] / (Math.sqrt(v[i]) * correction + epsilon);
    }
  }

  private static void lion(Update.Lion op, OptimizerStep step, DoubleWeight t, int from, int to) {
    double[] w = t.w();
    double[] m = t.first();
    double[] dw = t.dw();
    double lr = step.lr();
    double factor = step.factor();
    double beta1 = op.beta1();
    double beta2 = op.beta2();
    double rest1 = (1 - op.beta1());
    double rest2 = (1 - op.beta2());
    double keep = (1 - step.lr() * op.weightDecay());
    for (int i = from; i < to; i++) {
      double g = factor * dw[i];
      double u = Math.signum(beta1 * m[i] + rest1 * g);
      w[i] = keep * w[i] - lr * u;
      m[i] = beta2 * m[i] + rest2 * g;
    }
  }
}
