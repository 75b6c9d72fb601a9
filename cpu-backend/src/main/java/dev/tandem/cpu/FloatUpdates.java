package dev.tandem.cpu;

import dev.tandem.op.Update;

/**
 * Updates of floats as plain loops, which the compiler turns into vector code. Each step is one pass over a
 * span from from, inclusive, to to, exclusive; constants are computed in double, once a step.
 */
final class FloatUpdates {
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

  static void sgd(Update.Sgd op, float lr, float[] w, float[] dw, int from, int to) {
    float decay = (float) op.weightDecay();
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
      Update.Momentum op, float lr, float[] w, float[] v, float[] dw, int from, int to) {
    float momentum = (float) op.momentum();
    float decay = (float) op.weightDecay();
    if (op.nesterov()) {
      for (int i = from; i < to; i++) {
        float g = dw[i] + decay * w[i];
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
      Update.Adagrad op, float lr, float[] w, float[] s, float[] dw, int from, int to) {
    float epsilon = (float) op.epsilon();
    float decay = (float) op.weightDecay();
    for (int i = from; i < to; i++) {
      float g = dw[i] + decay * w[i];
      s[i] += g * g;
      w[i] -= lr * g / ((float) Math.sqrt(s[i]) + epsilon);
    }
  }

  static void rmsProp(
      Update.RmsProp op, float lr, float[] w, float[] s, float[] dw, int from, int to) {
    float alpha = (float) op.alpha();
    float rest = (float) (1 - op.alpha());
    float epsilon = (float) op.epsilon();
    float decay = (float) op.weightDecay();
    for (int i = from; i < to; i++) {
      float g = dw[i] + decay * w[i];
      s[i] = alpha * s[i] + rest * g * g;
      w[i] -= lr * g / ((float) Math.sqrt(s[i]) + epsilon);
    }
  }

  /** The corrections are lr / (1 - beta1^t) and 1 / sqrt(1 - beta2^t). */
  static void adam(AdamStep step, float[] w, float[] m, float[] v, float[] dw, int from, int to) {
    float beta1 = (float) step.op().beta1();
    float beta2 = (float) step.op().beta2();
    float rest1 = (float) (1 - step.op().beta1());
    float rest2 = (float) (1 - step.op().beta2());
    float epsilon = (float) step.op().epsilon();
    float keep = (float) step.keep();
    float decay = (float) step.decay();
    float rate = (float) step.rate();
    float correction = (float) step.rootCorrection();
    for (int i = from; i < to; i++) {
      float g = dw[i] + decay * w[i];
      m[i] = beta1 * m[i] + rest1 * g;
      v[i] = beta2 * v[i] + rest2 * g * g;
      w[i] = keep * w[i] - rate * m[i] / ((float) Math.sqrt(v[i]) * correction + epsilon);
    }
  }

  static void lion(Update.Lion op, float lr, float[] w, float[] m, float[] dw, int from, int to) {
    float beta1 = (float) op.beta1();
    float beta2 = (float) op.beta2();
    float rest1 = (float) (1 - op.beta1());
    float rest2 = (float) (1 - op.beta2());
    float keep = (float) (1 - lr * op.weightDecay());
    for (int i = from; i < to; i++) {
      float u = Math.signum(beta1 * m[i] + rest1 * dw[i]);
      w[i] = keep * w[i] - lr * u;
      m[i] = beta2 * m[i] + rest2 * dw[i];
    }
  }
}
