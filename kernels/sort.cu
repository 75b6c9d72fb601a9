// A stable sort of 32-bit keys, each with a 32-bit value, by their digits of 8 bits from the least on; a pass is three launches:
//
//   digit_counts(keys, counts, n, shift)    counts: (256, tiles), how many keys of each digit a tile of 2048 has
//   digit_scan(counts, totals, tiles)       each digit's counts become the sums of those before; totals: (256)
//   digit_scatter(keys, values, counts, totals, sorted_keys, sorted_values, n, shift)
//
// All take blocks of 256: a thread for each digit, and 8 keys of a tile for each thread. n stays below 2^31.
// Bound: memory; digit_scan on some cards its instructions. Bytes: 20 n a pass, 8 n of it scattered in pieces of about 8 keys; counts are n / 2 bytes.
#include "common.cuh"

constexpr int DIGITS = 256;
constexpr int THREADS = DIGITS;
constexpr int WARPS = THREADS / WARP;
constexpr int KEYS = 8;
constexpr u32 TILE = THREADS * KEYS;

// Sum of the values of the threads before; total: of all. Shared memory is free again when it returns.
__device__ inline u32 block_sum_before(u32 v, u32 &total) {
  __shared__ u32 of_warp[WARPS];
  int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  u32 sum = v;
#pragma unroll
  for (int step = 1; step < WARP; step *= 2) {
    u32 before = __shfl_up_sync(ALL_LANES, sum, step);
    if (lane >= step) sum += before;
  }
  if (lane == WARP - 1) of_warp[warp] = sum;
  __syncthreads();
  u32 before = 0;
  total = 0;
#pragma unroll
  for (int w = 0; w < WARPS; w++) {
    if (w < warp) before += of_warp[w];
    total += of_warp[w];
  }
  __syncthreads();
  return before + sum - v;
}

extern "C" __global__ void digit_counts(const u32 *__restrict__ keys, u32 *__restrict__ counts, i64 n, int shift) {
  __shared__ u32 of_digit[DIGITS];
  u32 tiles = (u32)((n + TILE - 1) / TILE);
#pragma unroll 1
  for (u32 tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    of_digit[threadIdx.x] = 0;
    __syncthreads();
#pragma unroll
    for (int k = 0; k < KEYS; k++) {
      i64 i = (i64)tile * TILE + k * THREADS + threadIdx.x;
      if (i < n) atomicAdd(&of_digit[keys[i] >> shift & DIGITS - 1], 1u);
    }
    __syncthreads();
    counts[(i64)threadIdx.x * tiles + tile] = of_digit[threadIdx.x];
  }
}

extern "C" __global__ void digit_scan(u32 *__restrict__ counts, u32 *__restrict__ totals, i64 tiles) {
#pragma unroll 1
  for (int digit = blockIdx.x; digit < DIGITS; digit += gridDim.x) {
    u32 *row = counts + digit * tiles;
    u32 sum = 0;
#pragma unroll 1
    for (i64 first = 0; first < tiles; first += THREADS) {
      i64 tile = first + threadIdx.x;
      u32 total;
      u32 before = block_sum_before(tile < tiles ? row[tile] : 0, total);
      if (tile < tiles) row[tile] = sum + before;
      sum += total;
    }
    if (threadIdx.x == 0) totals[digit] = sum;
  }
}

extern "C" __global__ void digit_scatter(const u32 *__restrict__ keys, const u32 *__restrict__ values, const u32 *__restrict__ counts,
                                         const u32 *__restrict__ totals, u32 *__restrict__ sorted_keys, u32 *__restrict__ sorted_values,
                                         i64 n, int shift) {
  // Of each warp's keys of a digit, first how many there are, then where the first of them goes.
  __shared__ u32 of_warp[WARPS][DIGITS];
  int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  u32 tiles = (u32)((n + TILE - 1) / TILE);
  u32 all;
  u32 start = block_sum_before(totals[threadIdx.x], all);
#pragma unroll 1
  for (u32 tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    // A warp has 256 keys side by side, which it takes 32 at a time, so that their order is kept.
    i64 first = (i64)tile * TILE + warp * WARP * KEYS + lane;
    u32 key[KEYS], rank[KEYS];
#pragma unroll
    for (int k = 0; k < KEYS; k++) key[k] = first + k * WARP < n ? keys[first + k * WARP] : 0;
#pragma unroll
    for (int d = lane; d < DIGITS; d += WARP) of_warp[warp][d] = 0;
    __syncwarp();
#pragma unroll
    for (int k = 0; k < KEYS; k++) {
      bool live = first + k * WARP < n;
      u32 digit = key[k] >> shift & DIGITS - 1;
      u32 equals = __match_any_sync(ALL_LANES, live ? digit : DIGITS);
      u32 before = __popc(equals & (1u << lane) - 1);
      rank[k] = of_warp[warp][digit] + before;
      __syncwarp();
      if (live && before == 0) of_warp[warp][digit] += __popc(equals);
      __syncwarp();
    }
    __syncthreads();
    u32 at = start + counts[(i64)threadIdx.x * tiles + tile];
#pragma unroll
    for (int w = 0; w < WARPS; w++) {
      u32 count = of_warp[w][threadIdx.x];
      of_warp[w][threadIdx.x] = at;
      at += count;
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < KEYS; k++) {
      i64 i = first + k * WARP;
      if (i < n) {
        u32 to = of_warp[warp][key[k] >> shift & DIGITS - 1] + rank[k];
        sorted_keys[to] = key[k];
        sorted_values[to] = values[i];
      }
    }
    __syncthreads();
  }
}
