// Random numbers, drawn on the device by Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, section 5.2): the same as on every
// backend.
//
//   dropout_f32(x, state, y, mask, n, threshold, scale)    state: the key's two words, the draw's two; kept where a word's upper 24
//                                                          bits are at least the threshold: y = x * scale, mask = 1, else 0 and 0
//   dropout_grad_f32(dy, mask, dx, n, scale)
//
// A thread takes a block of four words, for four elements side by side: 16 bytes of x and y and 4 of the mask at a time.
// Bound: memory, with about 60 integer operations for 4 elements beside it. Bytes: 9 n.
#include "common.cuh"

struct Philox {
  u32 key[2];
  u32 draw[2];

  __device__ explicit Philox(const u32 *__restrict__ state) : key{state[0], state[1]}, draw{state[2], state[3]} {}

  __device__ Quad<u32> block(i64 number) const {
    u32 k0 = key[0], k1 = key[1];
    u32 c0 = (u32)number, c1 = (u32)(number >> 32), c2 = draw[0], c3 = draw[1];
#pragma unroll
    for (int round = 0; round < 10; round++) {
      u32 high0 = __umulhi(0xD2511F53u, c0), low0 = 0xD2511F53u * c0;
      u32 high1 = __umulhi(0xCD9E8D57u, c2), low1 = 0xCD9E8D57u * c2;
      c0 = high1 ^ c1 ^ k0;
      c2 = high0 ^ c3 ^ k1;
      c1 = low1;
      c3 = low0;
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    return {{c0, c1, c2, c3}};
  }
};

extern "C" __global__ void dropout_f32(const float *__restrict__ x, const u32 *__restrict__ state, float *__restrict__ y,
                                       u8 *__restrict__ mask, i64 n, int threshold, float scale) {
  Philox philox(state);
  auto kept = [=](u32 word) { return word >> 8 >= (u32)threshold; };
  for_quads(n, [&](i64 i) {
    Quad<u32> words = philox.block(i / 4);
    Quad<float> v = load4(x + i);
    Quad<u8> m;
#pragma unroll
    for (int k = 0; k < 4; k++) {
      m.v[k] = kept(words.v[k]);
      v.v[k] = m.v[k] ? v.v[k] * scale : 0.f;
    }
    store4(y + i, v);
    store4(mask + i, m);
  });
  for_tail(n, [&](i64 i) {
    Quad<u32> words = philox.block(i / 4);
    int k = i % 4;
    u8 m = kept(k == 0 ? words.v[0] : k == 1 ? words.v[1] : words.v[2]);
    y[i] = m ? x[i] * scale : 0.f;
    mask[i] = m;
  });
}

extern "C" __global__ void dropout_grad_f32(const float *__restrict__ dy, const u8 *__restrict__ mask, float *__restrict__ dx, i64 n,
                                            float scale) {
  for_quads(n, [&](i64 i) {
    Quad<float> v = load4(dy + i);
    Quad<u8> m = load4(mask + i);
#pragma unroll
    for (int k = 0; k < 4; k++) v.v[k] = m.v[k] ? v.v[k] * scale : 0.f;
    store4(dx + i, v);
  });
  for_tail(n, [&](i64 i) { dx[i] = mask[i] ? dy[i] * scale : 0.f; });
}
