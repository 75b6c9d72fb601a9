// Updates in place: <update>_f32(w, states..., dw, lr, [t,] n, attributes...). One pass over weight, states and gradient, by fours.
// Learning rate lr (F32) and step count t (I32, from 1) are scalars on the device, so that a captured step need not be captured again
// when they change. Formulas: dev.tandem.op.Update; g = dw + decay * w.
//
// Of halves there are accumulate and scale, whose factor is of their type; weights of halves have masters, which other kernels step.
//
// Bound: memory. Bytes, n times, of halves half of that: accumulate, running_average and sgd 12, clamp_in_place and scale 8, one state 20, Adam 28.
#include "common.cuh"

// Loads N tensors' elements, calls f on them, and stores the first WRITTEN.
template <int N, int WRITTEN, class T, class F>
__device__ inline void change(T *const (&tensor)[N], i64 n, F f) {
  constexpr int W = LANES<T>;
  for_packs<W>(n, [&](i64 i) {
    Floats<W> v[N];
#pragma unroll
    for (int t = 0; t < N; t++) v[t] = load<W>(tensor[t] + i);
#pragma unroll
    for (int k = 0; k < W; k++) {
      float e[N];
#pragma unroll
      for (int t = 0; t < N; t++) e[t] = v[t].v[k];
      f(e);
#pragma unroll
      for (int t = 0; t < WRITTEN; t++) v[t].v[k] = e[t];
    }
#pragma unroll
    for (int t = 0; t < WRITTEN; t++) store(tensor[t] + i, v[t]);
  });
  for_tail<W>(n, [&](i64 i) {
    float e[N];
#pragma unroll
    for (int t = 0; t < N; t++) e[t] = widen(tensor[t][i]);
    f(e);
#pragma unroll
    for (int t = 0; t < WRITTEN; t++) narrow(e[t], tensor[t][i]);
  });
}

#define OF_ANY_TYPE(T)                                                                 \
  extern "C" __global__ void accumulate_##T(T *target, T *source, i64 n) {             \
    change<2, 1>({target, source}, n, [](float(&e)[2]) { e[0] += e[1]; });             \
  }                                                                                    \
  extern "C" __global__ void scale_##T(T *target, const T *factor, i64 n) {            \
    float by = widen(*factor);                                                         \
    change<1, 1>({target}, n, [=](float(&e)[1]) { e[0] *= by; });                      \
  }

OF_ANY_TYPE(f32)
OF_ANY_TYPE(bf16)
OF_ANY_TYPE(f16)

extern "C" __global__ void accumulate_i32(int *target, const int *source, i64 n) {
  for (i64 i = thread_in_grid(); i < n; i += threads_in_grid()) target[i] += source[i];
}

extern "C" __global__ void running_average_f32(float *target, float *source, i64 n, float weight) {
  change<2, 1>({target, source}, n, [=](float(&e)[2]) { e[0] += weight * (e[1] - e[0]); });
}

extern "C" __global__ void clamp_in_place_f32(float *target, i64 n, float low, float high) {
  change<1, 1>({target}, n, [=](float(&e)[1]) { e[0] = e[0] != e[0] ? e[0] : fmaxf(fminf(e[0], high), low); });
}

extern "C" __global__ void increment_i32(int *t) {
  if (thread_in_grid() == 0) *t += 1;
}

// The 64-bit draw number in words 2 and 3 of a generator's state.
extern "C" __global__ void next_draw_i32(u32 *state) {
  if (thread_in_grid() == 0) {
    state[2] += 1;
    if (state[2] == 0) state[3] += 1;
  }
}

// Without decay exactly one product and one difference, as the op promises.
extern "C" __global__ void sgd_f32(float *w, float *dw, const float *lr, i64 n, float decay) {
  float rate = *lr;
  change<2, 1>({w, dw}, n, [=](float(&e)[2]) {
    float g = decay == 0 ? e[1] : e[1] + decay * e[0];
    e[0] = __fsub_rn(e[0], __fmul_rn(rate, g));
  });
}

extern "C" __global__ void momentum_f32(float *w, float *v, float *dw, const float *lr, i64 n, float momentum, int nesterov,
                                        float decay) {
  float rate = *lr;
  change<3, 2>({w, v, dw}, n, [=](float(&e)[3]) {
    float g = e[2] + decay * e[0];
    e[1] = momentum * e[1] + g;
    e[0] -= rate * (nesterov ? g + momentum * e[1] : e[1]);
  });
}

extern "C" __global__ void adagrad_f32(float *w, float *s, float *dw, const float *lr, i64 n, float epsilon, float decay) {
  float rate = *lr;
  change<3, 2>({w, s, dw}, n, [=](float(&e)[3]) {
    float g = e[2] + decay * e[0];
    e[1] += g * g;
    e[0] -= rate * g / (sqrtf(e[1]) + epsilon);
  });
}

// rest = 1 - alpha, rounded from the exact difference.
extern "C" __global__ void rms_prop_f32(float *w, float *s, float *dw, const float *lr, i64 n, float alpha, float rest, float epsilon,
                                        float decay) {
  float rate = *lr;
  change<3, 2>({w, s, dw}, n, [=](float(&e)[3]) {
    float g = e[2] + decay * e[0];
    e[1] = alpha * e[1] + rest * g * g;
    e[0] -= rate * g / (sqrtf(e[1]) + epsilon);
  });
}

// 1 - beta^t, for ln(beta) in F32. The difference of two near numbers would have few digits in F32; expm1 keeps them.
__device__ inline float bias_correction(float log_beta, int t) { return -expm1f((float)t * log_beta); }

// coupled is the decay that is part of g, decoupled AdamW's, which multiplies w by 1 - lr * decoupled.
extern "C" __global__ void adam_f32(float *w, float *m, float *v, float *dw, const float *lr, const int *t, i64 n, float beta1,
                                    float rest1, float log_beta1, float beta2, float rest2, float log_beta2, float epsilon,
                                    float coupled, float decoupled) {
  float rate = *lr / bias_correction(log_beta1, *t);
  float root = 1.f / sqrtf(bias_correction(log_beta2, *t));
  float keep = 1.f - *lr * decoupled;
  change<4, 3>({w, m, v, dw}, n, [=](float(&e)[4]) {
    float g = e[3] + coupled * e[0];
    e[1] = beta1 * e[1] + rest1 * g;
    e[2] = beta2 * e[2] + rest2 * g * g;
    e[0] = keep * e[0] - rate * e[1] / (sqrtf(e[2]) * root + epsilon);
  });
}

extern "C" __global__ void lion_f32(float *w, float *m, float *dw, const float *lr, i64 n, float beta1, float rest1, float beta2,
                                    float rest2, float decay) {
  float rate = *lr;
  float keep = 1.f - rate * decay;
  change<3, 2>({w, m, dw}, n, [=](float(&e)[3]) {
    float u = beta1 * e[1] + rest1 * e[2];
    float sign = u > 0 ? 1.f : u < 0 ? -1.f : u;  // NaN stays NaN
    e[0] = keep * e[0] - rate * sign;
    e[1] = beta2 * e[1] + rest2 * e[2];
  });
}
