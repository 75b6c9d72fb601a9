// Functions of one element of each of two inputs, which are stretched to the result's box: <op>_<type>(a, b, y, n, strides). 16 bytes an
// access where the innermost axis allows it.
//
// Bound: memory. Bytes: those of each input once, and of the result.
#pragma once
#include "common.cuh"

// f takes and gives what widen and narrow make of elements that are numbers of two bytes, and others as they are.
__device__ inline int widen(int v) { return v; }

__device__ inline u8 widen(u8 v) { return v; }

__device__ inline void narrow(u8 v, u8 &to) { to = v; }

template <class T, class R, class F>
__device__ inline void map2(const T *__restrict__ a, const T *__restrict__ b, R *__restrict__ y, i64 n, const Strides<2> &s, F f) {
  constexpr int W = LANES<T>;
  auto one = [&](i64 i, i64(&at)[2]) { narrow(f(widen(a[at[0]]), widen(b[at[1]])), y[i]); };
  auto several = [&](i64 i, i64(&at)[2]) {
    Pack<T, W> v = load_pack<W>(a + at[0], s.stride[0][0]), w = load_pack<W>(b + at[1], s.stride[1][0]);
    Pack<R, W> r;
#pragma unroll
    for (int k = 0; k < W; k++) narrow(f(widen(v.v[k]), widen(w.v[k])), r.v[k]);
    store_pack(y + i, r);
  };
  for_box<W>(s, n, one, several);
}

#define BINARY(entry, T, V, R, Q, expression)                                                                  \
  extern "C" __global__ void entry(const T *a, const T *b, R *y, i64 n, const __grid_constant__ Strides<2> s) { \
    map2(a, b, y, n, s, [](V v, V w) -> Q { return expression; });                                              \
  }
#define ARITHMETIC(name, expression) BINARY(ENTRY(name), ELEMENT, float, ELEMENT, float, expression)
#define COMPARISON(name, relation) BINARY(ENTRY(name), ELEMENT, float, u8, u8, v relation w)

// No contraction: a sum of a product is two ops, and rounds twice on every backend.
ARITHMETIC(add, __fadd_rn(v, w))
ARITHMETIC(sub, __fsub_rn(v, w))
ARITHMETIC(mul, __fmul_rn(v, w))
ARITHMETIC(div, __fdiv_rn(v, w))
ARITHMETIC(maximum, v != v ? v : w != w ? w : fmaxf(v, w))
ARITHMETIC(minimum, v != v ? v : w != w ? w : fminf(v, w))
COMPARISON(equal, ==)
COMPARISON(less, <)
COMPARISON(less_equal, <=)
