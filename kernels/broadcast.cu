// Functions of one element of each of two or three inputs, which are stretched to the result's box: <op>_<type>(a, b, y, n,
// strides). By fours where the innermost axis allows it.
//
// Bound: memory. Bytes: those of each input once, and of the result.
#include "common.cuh"

template <class T, class R, class F>
__device__ inline void map2(const T *__restrict__ a, const T *__restrict__ b, R *__restrict__ y, i64 n, const Strides<2> &s, F f) {
  auto one = [&](i64 i, i64(&at)[2]) { y[i] = f(a[at[0]], b[at[1]]); };
  auto four = [&](i64 i, i64(&at)[2]) {
    Quad<T> v = load4(a + at[0], s.stride[0][0]), w = load4(b + at[1], s.stride[1][0]);
    Quad<R> r;
#pragma unroll
    for (int k = 0; k < 4; k++) r.v[k] = f(v.v[k], w.v[k]);
    store4(y + i, r);
  };
  if (s.wide) for_box<i64>(s, n, one, four);
  else for_box<u32>(s, n, one, four);
}

#define BINARY(name, T, R, suffix, expression)                                                                     \
  extern "C" __global__ void name##_##suffix(const T *a, const T *b, R *y, i64 n, const __grid_constant__ Strides<2> s) { \
    map2(a, b, y, n, s, [](T v, T w) -> R { return expression; });                                                 \
  }

// No contraction: a sum of a product is two ops, and rounds twice on every backend.
BINARY(add, float, float, f32, __fadd_rn(v, w))
BINARY(sub, float, float, f32, __fsub_rn(v, w))
BINARY(mul, float, float, f32, __fmul_rn(v, w))
BINARY(div, float, float, f32, __fdiv_rn(v, w))
BINARY(maximum, float, float, f32, v != v ? v : w != w ? w : fmaxf(v, w))
BINARY(minimum, float, float, f32, v != v ? v : w != w ? w : fminf(v, w))

#define COMPARISON(name, relation)         \
  BINARY(name, float, u8, f32, v relation w) \
  BINARY(name, int, u8, i32, v relation w)   \
  BINARY(name, u8, u8, u8, v relation w)

COMPARISON(equal, ==)
COMPARISON(less, <)
COMPARISON(less_equal, <=)

// ---- a choice

template <class T>
__device__ inline void choose(const u8 *__restrict__ condition, const T *__restrict__ a, const T *__restrict__ b, T *__restrict__ y,
                              i64 n, const Strides<3> &s) {
  auto one = [&](i64 i, i64(&at)[3]) { y[i] = condition[at[0]] ? a[at[1]] : b[at[2]]; };
  auto four = [&](i64 i, i64(&at)[3]) {
    Quad<u8> c = load4(condition + at[0], s.stride[0][0]);
    Quad<T> v = load4(a + at[1], s.stride[1][0]), w = load4(b + at[2], s.stride[2][0]);
#pragma unroll
    for (int k = 0; k < 4; k++) v.v[k] = c.v[k] ? v.v[k] : w.v[k];
    store4(y + i, v);
  };
  if (s.wide) for_box<i64>(s, n, one, four);
  else for_box<u32>(s, n, one, four);
}

extern "C" __global__ void select_b32(const u8 *condition, const u32 *a, const u32 *b, u32 *y, i64 n, const __grid_constant__ Strides<3> s) {
  choose(condition, a, b, y, n, s);
}

extern "C" __global__ void select_b8(const u8 *condition, const u8 *a, const u8 *b, u8 *y, i64 n, const __grid_constant__ Strides<3> s) {
  choose(condition, a, b, y, n, s);
}
