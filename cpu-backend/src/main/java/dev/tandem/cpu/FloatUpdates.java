package dev.tandem.cpu;

import dev.tandem.op.Update;

/**
 * Updates of floats as plain loops, which the compiler turns into vector code. Each step is one pass over a
 * span from from, inclusive, to to, exclusive; constants are computed in double, once a step.
 */
final class FloatUpdates {
  /**
   * Added to a moving average and taken away again: this keeps the bits of what is 2^24 times it or larger, and ends the decay of an
   * average whose gradient stays zero some 2^-22 below it. It would else end among the subnormal numbers and stay there for good, and
   * their products take Intel's cores 30 times as long: 9 against 0.3 ns an element.
   */
  private static final float FLOOR = 1e-25f;

  private FloatUpdates() {}

  static void accumulate(float[] target, float[] source, int from, int to) {
    for (int i = from; i < to; i++) {
      target[i] += source[i];
    }
  }

  static void runningAverage(float weight, float[] target, float[] source, int from, int to) {
    for (int i = from; i < to; i++) {
      target[i] += weight * (source[i] - target[i]);
    }
  }

  static void clamp(float low, float high, float[] target, int from, int to) {
    for (int i = from; i < to; i++) {
      target[i] = Math.max(Math.min(target[i], high), low);
    }
  }

  static void scale(float factor, float[] target, int from, int to) {
    for (int i = from; i < to; i++) {
      target[i] *= factor;
    }
  }

  static void step(OptimizerStep step, FloatWeight t, int from, int to) {
    switch (step.rule()) {
      case Update.Sgd op -> sgd(op, step, t, from, to);
      case Update.Momentum op -> momentum(op, step, t, from, to);
      case Update.Adagrad op -> adagrad(op, step, t, from, to);
      case Update.RmsProp op -> rmsProp(op, step, t, from, to);
      case Update.Adam _ -> adam(step, t, from, to);
      case Update.Lion op -> lion(op, step, t, from, to);
    }
  }

  private static void sgd(Update.Sgd op, OptimizerStep step, FloatWeight t, int from, int to) {
    float[] w = t.w();
    float[] dw = t.dw();
    float lr = (float) step.lr();
    float factor = (float) step.factor();
    float decay = (float) op.weightDecay();
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
      Update.Momentum op, OptimizerStep step, FloatWeight t, int from, int to) {
    float[] w = t.w();
    float[] v = t.first();
    float[] dw = t.dw();
    float lr = (float) step.lr();
    float factor = (float) step.factor();
    float momentum = (float) op.momentum();
    float decay = (float) op.weightDecay();
    if (op.nesterov()) {
      for (int i = from; i < to; i++) {
        float g = factor * dw[i] + decay * w[i];
        v[i] = momentum * v[i] + g + FLOOR - FLOOR;
        w[i] -= lr * (g + momentum * v[i]);
      }
    } else {
      for (int i = from; i < to; i++) {
        v[i] = momentum * v[i] + (factor * dw[i] + decay * w[i]) + FLOOR - FLOOR;
        w[i] -= lr * v[i];
      }
    }
  }

  private static void adagrad(
      Update.Adagrad op, OptimizerStep step, FloatWeight t, int from, int to) {
    float[] w = t.w();
    float[] s = t.first();
    float[] dw = t.dw();
    float lr = (float) step.lr();
    float factor = (float) step.factor();
    float epsilon = (float) op.epsilon();
    float decay = (float) op.weightDecay();
    for (int i = from; i < to; i++) {
      float g = factor * dw[i] + decay * w[i];
      s[i] += g * g;
      w[i] -= lr * g / ((float) Math.sqrt(s[i]) + epsilon);
    }
  }

  private static void rmsProp(
      Update.RmsProp op, OptimizerStep step, FloatWeight t, int from, int to) {
    float[] w = t.w();
    float[] s = t.first();
    float[] dw = t.dw();
    float lr = (float) step.lr();
    float factor = (float) step.factor();
    float alpha = (float) op.alpha();
    float rest = (float) (1 - op.alpha());
    float epsilon = (float) op.epsilon();
    float decay = (float) op.weightDecay();
    for (int i = from; i < to; i++) {
      float g = factor * dw[i] + decay * w[i];
      s[i] = alpha * s[i] + rest * g * g;
      w[i] -= lr * g / ((float) Math.sqrt(s[i]) + epsilon);
    }
  }

  /** The corrections are lr / (1 - beta1^t) and 1 / sqrt(1 - beta2^t). */
  private static void adam(OptimizerStep step, FloatWeight t, int from, int to) {
    AdamStep adam = step.adam();
    float[] w = t.w();
    float[] m = t.first();
    float[] v = t.second();
    float[] dw = t.dw();
    float factor = (float) step.factor();
    float beta1 = (float) adam.op().beta1();
    float beta2 = (float) adam.op().beta2();
    float rest1 = (float) (1 - adam.op().beta1());
    float rest2 = (float) (1 - adam.op().beta2());
    float epsilon = (float) adam.op().epsilon();
    float keep = (float) adam.keep();
    float decay = (float) adam.decay();
    float rate = (float) adam.rate();
    float correction = (float) adam.rootCorrection();
    for (int i = from; i < to; i++) {
      float g = factor * dw[i] + decay * w[i];
      m[i] = beta1 * m[i] + rest1 * g + FLOOR - FLOOR;
      v[i] = beta2 * v[i] + rest2 * g * g;
      w[i] = keep * w[i] - rate * m[i] / ((float) Math.sqrt(v[i]) * correction + epsilon);
    }
  }

  private static void lion(Update.Lion op, OptimizerStep step, FloatWeight t, int from, int to) {
    float[] w = t.w();
    float[] m = t.first();
    float[] dw = t.dw();
    float lr = (float) step.lr();
    float factor = (float) step.factor();
    float beta1 = (float) op.beta1();
    float beta2 = (float) op.beta2();
    float rest1 = (float) (1 - op.beta1());
    float rest2 = (float) (1 - op.beta2());
    float keep = (float) (1 - step.lr() * op.weightDecay());
    for (int i = from; i < to; i++) {
      float g = factor * dw[i];
      float u = Math.signum(beta1 * m[i] + rest1 * g);
      w[i] = keep * w[i] - lr * u;
      m[i] = beta2 * m[i] + rest2 * g + FLOOR - FLOOR;
    }
  }
}
