// Other element types: cast_<from>_<to>(x, y, n).
//
// Bound: memory. Bytes: those of both types, n times.
#include "common.cuh"

template <class T, class R, class F>
__device__ inline void convert(const T *__restrict__ x, R *__restrict__ y, i64 n, F f) {
  for_quads(n, [&](i64 i) {
    Quad<T> v = load4(x + i);
    Quad<R> r;
#pragma unroll
    for (int k = 0; k < 4; k++) r.v[k] = f(v.v[k]);
    store4(y + i, r);
  });
  for_tail(n, [&](i64 i) { y[i] = f(x[i]); });
}

#define CAST(name, T, R, expression)                                    \
  extern "C" __global__ void name(const T *x, R *y, i64 n) {            \
    convert(x, y, n, [](T v) -> R { return expression; });              \
  }

// To an integer: toward zero, clamped, NaN to 0, which is what cvt.rzi does.
CAST(cast_f32_i32, float, int, __float2int_rz(v))
CAST(cast_f32_u8, float, u8, (u8)min(max(__float2int_rz(v), 0), 255))
CAST(cast_i32_f32, int, float, __int2float_rn(v))
CAST(cast_i32_u8, int, u8, (u8)min(max(v, 0), 255))
CAST(cast_u8_f32, u8, float, (float)v)
CAST(cast_u8_i32, u8, int, (int)v)
