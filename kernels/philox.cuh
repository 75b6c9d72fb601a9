// Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, section 5.2): four words for each counter, the same as on every backend.
#pragma once
#include "common.cuh"

// A generator's state: the key's two words, the draw's two.
struct Philox {
  u32 key[2];
  u32 draw[2];

  __device__ explicit Philox(const u32 *__restrict__ state) : key{state[0], state[1]}, draw{state[2], state[3]} {}

  __device__ Quad<u32> block(i64 number) const { return block((u32)number, (u32)(number >> 32)); }

  // The block of a counter's two lower words.
  __device__ Quad<u32> block(u32 c0, u32 c1) const {
    u32 k0 = key[0], k1 = key[1];
    u32 c2 = draw[0], c3 = draw[1];
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
