// Rotary positions: rotary_<element>(x, y, rows, positions, heads, rotated, half, start, inverse, first, pairs, turns). x, y: (rows,
// heads, 2 half), a row being at position start + row % positions; pairs of numbers first to first + pairs - 1 of each head.
//
// turns: how far a pair turns from one position to the next, in 2^-64 of a whole turn. Whole turns drop out of a product of 64 bits, so
// the angle at any position is as exact as at the first, and needs no arithmetic in double.
//
// A thread has some neighbouring pairs of a few heads, so that it finds their sines once.
// Bound: memory. Bytes: 8 n; of halves 4 n.
#include "common.cuh"

typedef unsigned long long u64;

constexpr int MOST_PAIRS = 128;  // of a launch: MOST_PAIRS in Rotations.java
constexpr int HEADS = 4;         // of a thread

struct Turns {
  u64 of[MOST_PAIRS];
};

// Sine and cosine of so many 2^-64 of a turn, from the nearest quarter on: what is left is below an eighth, and rounded to F32 once.
__device__ inline void sine(u64 turn, float &sin, float &cos) {
  u64 quarter = (turn + (1ull << 61)) >> 62;
  float half_turns = (float)(i64)(turn - (quarter << 62)) * 0x1p-63f;
  float s, c;
  sincospif(half_turns, &s, &c);
  bool odd = quarter & 1, over = quarter & 2;
  sin = odd ? c : s;
  cos = odd ? -s : c;
  sin = over ? -sin : sin;
  cos = over ? -cos : cos;
}

template <int W, class T>
__device__ inline void rotary(const T *__restrict__ x, T *__restrict__ y, i64 rows, int positions, int heads, int rotated, int half,
                              int start, int inverse, int first, int pairs, const Turns &turns) {
  int packs = pairs / W, groups = (heads + HEADS - 1) / HEADS;
#pragma unroll 1
  for (i64 n = thread_in_grid(); n < rows * groups * packs; n += threads_in_grid()) {
    i64 line = n / packs, row = line / groups;
    int pair = (int)(n - line * packs) * W, head = (int)(line - row * groups) * HEADS;
    Floats<W> sin = {}, cos = {};
    if (head < rotated) {
      u64 position = (u64)start + (u64)(row % positions);
#pragma unroll
      for (int k = 0; k < W; k++) {
        sine(position * turns.of[pair + k], sin.v[k], cos.v[k]);
        if (inverse) sin.v[k] = -sin.v[k];
      }
    }
#pragma unroll
    for (int h = head; h < head + HEADS; h++) {
      if (h < heads) {
        i64 at = (row * heads + h) * 2 * half + first + pair;
        Floats<W> left = load<W>(x + at), right = load<W>(x + at + half);
        if (h < rotated) {
#pragma unroll
          for (int k = 0; k < W; k++) {
            float a = left.v[k], b = right.v[k];
            left.v[k] = a * cos.v[k] - b * sin.v[k];
            right.v[k] = b * cos.v[k] + a * sin.v[k];
          }
        }
        store(y + at, left);
        store(y + at + half, right);
      }
    }
  }
}

#define ROTARY(T)                                                                                                                 \
  extern "C" __global__ void rotary_##T(const T *x, T *y, i64 rows, int positions, int heads, int rotated, int half, int start,   \
                                        int inverse, int first, int pairs, const __grid_constant__ Turns turns) {                 \
    if (half % LANES<T> == 0)                                                                                                     \
      rotary<LANES<T>>(x, y, rows, positions, heads, rotated, half, start, inverse, first, pairs, turns);                         \
    else rotary<1>(x, y, rows, positions, heads, rotated, half, start, inverse, first, pairs, turns);                             \
  }

ROTARY(f32)
ROTARY(bf16)
ROTARY(f16)
