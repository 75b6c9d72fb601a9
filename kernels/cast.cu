// Other element types: cast_<from>_<to>(x, y, n).
//
// Bound: memory. Bytes: those of both types, n times.
#include "common.cuh"

template <class T, class R, class F>
__device__ inline void convert(const T *__restrict__ x, R *__restrict__ y, i64 n, F f) {
  constexpr int W = LANES<T> > LANES<R> ? LANES<T> : LANES<R>;
  for_packs<W>(n, [&](i64 i) {
    Pack<T, W> v = load_pack<W>(x + i);
    Pack<R, W> r;
#pragma unroll
    for (int k = 0; k < W; k++) r.v[k] = f(v.v[k]);
    store_pack(y + i, r);
  });
  for_tail<W>(n, [&](i64 i) { y[i] = f(x[i]); });
}

#define CAST(from, to, T, R, expression)                                  \
  extern "C" __global__ void cast_##from##_##to(const T *x, R *y, i64 n) { \
    convert(x, y, n, [](T v) -> R { return expression; });                \
  }

// To an integer: toward zero, clamped, NaN to 0, which is what cvt.rzi does.
__device__ inline u8 byte_of(float v) { return (u8)min(max(__float2int_rz(v), 0), 255); }

CAST(f32, i32, float, int, __float2int_rz(v))
CAST(f32, u8, float, u8, byte_of(v))
CAST(i32, f32, int, float, __int2float_rn(v))
CAST(i32, u8, int, u8, (u8)min(max(v, 0), 255))
CAST(u8, f32, u8, float, (float)v)
CAST(u8, i32, u8, int, (int)v)

// From and to numbers of two bytes by way of F32, as everything is computed.
#define CASTS(half)                                                       \
  CAST(half, f32, half, float, widen(v))                                  \
  CAST(half, i32, half, int, __float2int_rz(widen(v)))                    \
  CAST(half, u8, half, u8, byte_of(widen(v)))                             \
  CAST(f32, half, float, half, narrowed<half>(v))                         \
  CAST(i32, half, int, half, narrowed<half>(__int2float_rn(v)))           \
  CAST(u8, half, u8, half, narrowed<half>((float)v))

CASTS(bf16)
CASTS(f16)
CAST(bf16, f16, bf16, f16, narrowed<f16>(widen(v)))
CAST(f16, bf16, f16, bf16, narrowed<bf16>(widen(v)))
