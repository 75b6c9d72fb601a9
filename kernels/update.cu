// Updates in place: <update>_f32(w, states..., dw, lr, [t,] n, attributes...). One pass over weight, states and gradient, by fours.
// Learning rate lr (F32) and step count t (I32, from 1) are scalars on the device, so that a captured step need not be captured again
// when they change. Formulas: dev.tandem.op.Update; g = dw + decay * w.
//
// Of halves there are accumulate and scale, whose factor is of their type; weights of halves have masters, which other kernels step.
//
// Bound: memory. Bytes, n times, of halves half of that: accumulate, running_average and sgd 12, clamp_in_place and scale 8, one state 20, Adam 28.
#include "rules.cuh"

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

// t + 1 where the factor is finite, for where it is not nothing was stepped.
extern "C" __global__ void increment_if_finite_i32(int *t, const float *factor) {
  if (thread_in_grid() == 0 && isfinite(*factor)) *t += 1;
}

// scale and streak after a step whose gradients had that norm. A scale beyond F32 is not taken.
extern "C" __global__ void loss_scale_f32(float *scale, int *streak, const float *norm, float growth, float backoff, int interval) {
  if (thread_in_grid() > 0) return;
  if (!isfinite(*norm)) {
    *scale = fmaxf(1.f, *scale * backoff);
    *streak = 0;
  } else if (*streak + 1 < interval) {
    *streak += 1;
  } else {
    float grown = *scale * growth;
    if (isfinite(grown)) *scale = grown;
    *streak = 0;
  }
}

template <class Rule, int N>
__device__ inline void step(const Rule &rule, float *const (&tensor)[N], i64 n) {
  change<N, N - 1>(tensor, n, rule);
}

extern "C" __global__ void sgd_f32(float *w, float *dw, const float *lr, i64 n, float decay) { step(Sgd{*lr, decay}, {w, dw}, n); }

extern "C" __global__ void momentum_f32(float *w, float *v, float *dw, const float *lr, i64 n, float momentum, int nesterov,
                                        float decay) {
  step(Momentum{*lr, momentum, nesterov, decay}, {w, v, dw}, n);
}

extern "C" __global__ void adagrad_f32(float *w, float *s, float *dw, const float *lr, i64 n, float epsilon, float decay) {
  step(Adagrad{*lr, epsilon, decay}, {w, s, dw}, n);
}

extern "C" __global__ void rms_prop_f32(float *w, float *s, float *dw, const float *lr, i64 n, float alpha, float rest, float epsilon,
                                        float decay) {
  step(RmsProp{*lr, alpha, rest, epsilon, decay}, {w, s, dw}, n);
}

extern "C" __global__ void adam_f32(float *w, float *m, float *v, float *dw, const float *lr, const int *t, i64 n, float beta1,
                                    float rest1, float log_beta1, float beta2, float rest2, float log_beta2, float epsilon,
                                    float coupled, float decoupled) {
  Adam adam(*lr, *t, {beta1, rest1, log_beta1}, {beta2, rest2, log_beta2}, epsilon, coupled, decoupled);
  step(adam, {w, m, v, dw}, n);
}

extern "C" __global__ void lion_f32(float *w, float *m, float *dw, const float *lr, i64 n, float beta1, float rest1, float beta2,
                                    float rest2, float decay) {
  step(Lion{*lr, beta1, rest1, beta2, rest2, decay}, {w, m, dw}, n);
}
