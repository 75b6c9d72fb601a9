// The rules of optimizers, for one element: e[0] is the weight, then come its states, and last the gradient. Formulas:
// dev.tandem.op.Update; g = dw + decay * w.
#pragma once
#include "common.cuh"

struct Sgd {
  static constexpr int STATES = 0;
  float rate, decay;

  // Without decay exactly one product and one difference, as the op promises.
  __device__ void operator()(float (&e)[2]) const {
    float g = decay == 0 ? e[1] : e[1] + decay * e[0];
    e[0] = __fsub_rn(e[0], __fmul_rn(rate, g));
  }
};

struct Momentum {
  static constexpr int STATES = 1;
  float rate, momentum;
  int nesterov;
  float decay;

  __device__ void operator()(float (&e)[3]) const {
    float g = e[2] + decay * e[0];
    e[1] = momentum * e[1] + g;
    e[0] -= rate * (nesterov ? g + momentum * e[1] : e[1]);
  }
};

struct Adagrad {
  static constexpr int STATES = 1;
  float rate, epsilon, decay;

  __device__ void operator()(float (&e)[3]) const {
    float g = e[2] + decay * e[0];
    e[1] += g * g;
    e[0] -= rate * g / (sqrtf(e[1]) + epsilon);
  }
};

// rest = 1 - alpha, rounded from the exact difference.
struct RmsProp {
  static constexpr int STATES = 1;
  float rate, alpha, rest, epsilon, decay;

  __device__ void operator()(float (&e)[3]) const {
    float g = e[2] + decay * e[0];
    e[1] = alpha * e[1] + rest * g * g;
    e[0] -= rate * g / (sqrtf(e[1]) + epsilon);
  }
};

struct Beta {
  float beta, rest, log;

  // 1 - beta^t, for ln(beta) in F32. The difference of two near numbers would have few digits in F32; expm1 keeps them.
  __device__ float correction(int t) const { return -expm1f((float)t * log); }
};

struct Adam {
  static constexpr int STATES = 2;
  Beta one, two;
  float epsilon, coupled, rate, root, keep;

  // coupled is the decay that is part of g, decoupled AdamW's, which multiplies w by 1 - lr * decoupled.
  __device__ Adam(float lr, int t, Beta one, Beta two, float epsilon, float coupled, float decoupled)
      : one(one), two(two), epsilon(epsilon), coupled(coupled), rate(lr / one.correction(t)), root(1.f / sqrtf(two.correction(t))),
        keep(1.f - lr * decoupled) {}

  __device__ void operator()(float (&e)[4]) const {
    float g = e[3] + coupled * e[0];
    e[1] = one.beta * e[1] + one.rest * g;
    e[2] = two.beta * e[2] + two.rest * g * g;
    e[0] = keep * e[0] - rate * e[1] / (sqrtf(e[2]) * root + epsilon);
  }
};

struct Lion {
  static constexpr int STATES = 1;
  float rate, beta1, rest1, beta2, rest2, decay;

  __device__ void operator()(float (&e)[3]) const {
    float u = beta1 * e[1] + rest1 * e[2];
    float sign = u > 0 ? 1.f : u < 0 ? -1.f : u;  // NaN stays NaN
    e[0] = (1.f - rate * decay) * e[0] - rate * sign;
    e[1] = beta2 * e[1] + rest2 * e[2];
  }
};
