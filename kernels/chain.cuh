// The chain rule through functions of one element: <op>_grad_<element>(x, dy, dx, n, attributes...), dx = dy f'(x), x being what
// the forward took or, for relu, sigmoid and tanh, gave. 16 bytes an access.
//
// Bound: memory. Bytes: 12 n; of halves 6 n.
#pragma once
#include "activations.cuh"
#include "common.cuh"

template <class T, class F>
__device__ inline void chain(const T *__restrict__ x, const T *__restrict__ dy, T *__restrict__ dx, i64 n, F f) {
  constexpr int W = LANES<T>;
  for_packs<W>(n, [&](i64 i) {
    Floats<W> v = load<W>(x + i), d = load<W>(dy + i);
#pragma unroll
    for (int k = 0; k < W; k++) d.v[k] = f(v.v[k], d.v[k]);
    store(dx + i, d);
  });
  for_tail<W>(n, [&](i64 i) { narrow(f(widen(x[i]), widen(dy[i])), dx[i]); });
}

#define CHAIN(name, expression)                                                                              \
  extern "C" __global__ void ENTRY(name)(const ELEMENT *x, const ELEMENT *dy, ELEMENT *dx, i64 n) {          \
    chain(x, dy, dx, n, [](float v, float d) -> float { return expression; });                               \
  }
#define CHAIN_1(name, a, expression)                                                                         \
  extern "C" __global__ void ENTRY(name)(const ELEMENT *x, const ELEMENT *dy, ELEMENT *dx, i64 n, float a) { \
    chain(x, dy, dx, n, [=](float v, float d) -> float { return expression; });                              \
  }

__device__ inline float gelu_erf_slope(float x) {
  float v = within(x);
  return normal(v) + v * DENSITY_AT_0 * expf(-v * v / 2);
}

CHAIN(relu_grad, v > 0 ? d : 0.f)
CHAIN_1(leaky_relu_grad, slope, v > 0 ? d : slope * d)
CHAIN(sigmoid_grad, d * v * (1 - v))
CHAIN(tanh_grad, d * ((1 - v) * (1 + v)))
CHAIN(gelu_tanh_grad, d * gelu_tanh_slope(v))
CHAIN(gelu_erf_grad, d * gelu_erf_slope(v))
CHAIN(silu_grad, d * sigmoid(v) * (1 + v * sigmoid(-v)))
