// Random numbers, drawn on the device by Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, section 5.2): the same as on every
// backend.
//
//   dropout_<element>(x, state, y, mask, n, threshold, scale)    state: the key's two words, the draw's two; kept where a word's upper 24
//                                                          bits are at least the threshold: y = x * scale, mask = 1, else 0 and 0
//   dropout_grad_<element>(dy, mask, dx, n, scale)
//
// A thread takes a block of four words, for four elements side by side: 16 bytes of x and y and 4 of the mask at a time; of halves two
// blocks, for eight elements.
// Bound: memory, with about 60 integer operations for 4 elements beside it. Bytes: 9 n; of halves 5 n.
#include "philox.cuh"

template <class T>
__device__ inline void dropout(const T *__restrict__ x, const u32 *__restrict__ state, T *__restrict__ y, u8 *__restrict__ mask, i64 n,
                               int threshold, float scale) {
  constexpr int W = LANES<T>;
  Philox philox(state);
  auto kept = [=](u32 word) { return word >> 8 >= (u32)threshold; };
  for_packs<W>(n, [&](i64 i) {
    Floats<W> v = load<W>(x + i);
    Pack<u8, W> m;
#pragma unroll
    for (int block = 0; block < W; block += 4) {
      Quad<u32> words = philox.block((i + block) / 4);
#pragma unroll
      for (int k = 0; k < 4; k++) {
        m.v[block + k] = kept(words.v[k]);
        v.v[block + k] = m.v[block + k] ? v.v[block + k] * scale : 0.f;
      }
    }
    store(y + i, v);
    store_pack(mask + i, m);
  });
  for_tail<W>(n, [&](i64 i) {
    Quad<u32> words = philox.block(i / 4);
    int k = i % 4;
    u8 m = kept(k == 0 ? words.v[0] : k == 1 ? words.v[1] : k == 2 ? words.v[2] : words.v[3]);
    narrow(m ? widen(x[i]) * scale : 0.f, y[i]);
    mask[i] = m;
  });
}

template <class T>
__device__ inline void dropout_grad(const T *__restrict__ dy, const u8 *__restrict__ mask, T *__restrict__ dx, i64 n, float scale) {
  constexpr int W = LANES<T>;
  for_packs<W>(n, [&](i64 i) {
    Floats<W> v = load<W>(dy + i);
    Pack<u8, W> m = load_pack<W>(mask + i);
#pragma unroll
    for (int k = 0; k < W; k++) v.v[k] = m.v[k] ? v.v[k] * scale : 0.f;
    store(dx + i, v);
  });
  for_tail<W>(n, [&](i64 i) { narrow(mask[i] ? widen(dy[i]) * scale : 0.f, dx[i]); });
}

#define DROPOUT(T)                                                                                                          \
  extern "C" __global__ void dropout_##T(const T *x, const u32 *state, T *y, u8 *mask, i64 n, int threshold, float scale) { \
    dropout(x, state, y, mask, n, threshold, scale);                                                                        \
  }                                                                                                                         \
  extern "C" __global__ void dropout_grad_##T(const T *dy, const u8 *mask, T *dx, i64 n, float scale) {                     \
    dropout_grad(dy, mask, dx, n, scale);                                                                                   \
  }

DROPOUT(f32)
DROPOUT(bf16)
DROPOUT(f16)
