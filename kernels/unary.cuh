// Functions of one element: <op>_<element>(x, y, n, attributes...), y = f(x). 16 bytes an access.
//
// Bound: memory; pow on some cards, and more of halves, their instructions. Bytes: 8 n; of halves 4 n.
#pragma once
#include "activations.cuh"
#include "common.cuh"

template <class T, class F>
__device__ inline void map(const T *__restrict__ x, T *__restrict__ y, i64 n, F f) {
  constexpr int W = LANES<T>;
  for_packs<W>(n, [&](i64 i) {
    Floats<W> v = load<W>(x + i);
#pragma unroll
    for (int k = 0; k < W; k++) v.v[k] = f(v.v[k]);
    store(y + i, v);
  });
  for_tail<W>(n, [&](i64 i) { narrow(f(widen(x[i])), y[i]); });
}

#define UNARY(name, expression)                                                                              \
  extern "C" __global__ void ENTRY(name)(const ELEMENT *x, ELEMENT *y, i64 n) {                              \
    map(x, y, n, [](float v) -> float { return expression; });                                               \
  }
#define UNARY_1(name, a, expression)                                                                         \
  extern "C" __global__ void ENTRY(name)(const ELEMENT *x, ELEMENT *y, i64 n, float a) {                     \
    map(x, y, n, [=](float v) -> float { return expression; });                                              \
  }
#define UNARY_2(name, a, b, expression)                                                                      \
  extern "C" __global__ void ENTRY(name)(const ELEMENT *x, ELEMENT *y, i64 n, float a, float b) {            \
    map(x, y, n, [=](float v) -> float { return expression; });                                              \
  }

// x^p as java.lang.Math.pow has it, which differs from C in the cases without an answer.
__device__ inline float power(float v, float exponent) {
  if (exponent == 0) return 1;
  if (exponent == 1) return v;
  if (exponent == 2) return v * v;
  if (exponent != exponent || (fabsf(v) == 1 && isinf(exponent))) return __int_as_float(0x7fffffff);
  return powf(v, exponent);
}

UNARY_2(affine, scale, shift, fmaf(scale, v, shift))
UNARY(exp, expf(v))
UNARY(log, logf(v))
UNARY(sqrt, sqrtf(v))
UNARY(rsqrt, 1.f / sqrtf(v))
UNARY_1(pow, exponent, power(v, exponent))
UNARY(abs, fabsf(v))
UNARY(sign, nan_or(v, v > 0 ? 1.f : v < 0 ? -1.f : v))
UNARY_2(clamp, low, high, nan_or(v, fmaxf(fminf(v, high), low)))
UNARY(relu, nan_or(v, fmaxf(v, 0.f)))
UNARY_1(leaky_relu, slope, v > 0 ? v : slope * v)
UNARY(sigmoid, sigmoid(v))
UNARY(tanh, tanhf(v))
UNARY(gelu_tanh, gelu_tanh(v))
UNARY(gelu_erf, v * normal(v))
UNARY(silu, v * sigmoid(v))
UNARY(softplus, nan_or(v, fmaxf(v, 0.f)) + log1pf(expf(-fabsf(v))))
