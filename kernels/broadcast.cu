// broadcast.cuh for F32, its comparisons for integers, and a choice for elements of any type, by their width in bits:
// select_<bits>(condition, a, b, y, n, strides).
#define ELEMENT f32
#include "broadcast.cuh"

#define INTEGERS(name, relation)                             \
  BINARY(name##_i32, int, int, u8, u8, v relation w)         \
  BINARY(name##_u8, u8, u8, u8, u8, v relation w)

INTEGERS(equal, ==)
INTEGERS(less, <)
INTEGERS(less_equal, <=)

template <class T>
__device__ inline void choose(const u8 *__restrict__ condition, const T *__restrict__ a, const T *__restrict__ b, T *__restrict__ y,
                              i64 n, const Strides<3> &s) {
  constexpr int W = LANES<T>;
  auto one = [&](i64 i, i64(&at)[3]) { y[i] = condition[at[0]] ? a[at[1]] : b[at[2]]; };
  auto several = [&](i64 i, i64(&at)[3]) {
    Pack<u8, W> c = load_pack<W>(condition + at[0], s.stride[0][0]);
    Pack<T, W> v = load_pack<W>(a + at[1], s.stride[1][0]), w = load_pack<W>(b + at[2], s.stride[2][0]);
#pragma unroll
    for (int k = 0; k < W; k++) v.v[k] = c.v[k] ? v.v[k] : w.v[k];
    store_pack(y + i, v);
  };
  for_box<W>(s, n, one, several);
}

#define SELECT(bits, T)                                                                                                                \
  extern "C" __global__ void select_##bits(const u8 *condition, const T *a, const T *b, T *y, i64 n, const __grid_constant__ Strides<3> s) { \
    choose(condition, a, b, y, n, s);                                                                                                  \
  }

SELECT(b32, u32)
SELECT(b16, u16)
SELECT(b8, u8)
