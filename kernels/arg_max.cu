// Where the largest along an axis is: the first of equals, and the first NaN if there is one. x is (outer, rows, columns) or
// (rows, columns), in reduction.cu's ways and with its parameters, but for the divisor; y: I32.
//   arg_max_few_f32, arg_max_short_rows_f32, arg_max_rows_f32, arg_max_columns_f32  from x to y
//   arg_max_keys_of_rows_f32, arg_max_keys_of_columns_f32                           from x to a key for each piece of a row or column
//   arg_max_of_keys_b64                                                             from keys to y, in the way of columns
// A key has a number's rank in its upper half, and in its lower one how far its place is from the end of all numbers; so the largest
// key is the first of the largest.
//
// Bound: memory. Bytes: 4 times the elements of x and y, 8 times the keys. Blocks of THREADS.
#include "folds.cuh"

typedef unsigned long long Key;

__device__ inline Key key(float x, i64 place) {
  u32 bits = __float_as_uint(x + 0.f);  // 0 and -0 are equal
  u32 rank = x != x ? ~0u : bits & 0x80000000u ? ~bits : bits | 0x80000000u;
  return (Key)rank << 32 | ~(u32)place;
}

__device__ inline int place(Key key) { return (int)~(u32)key; }

struct FirstLargest {
  typedef float In;
  typedef Key Acc;
  typedef int Out;
  __device__ static Key none() { return 0; }
  __device__ static Key of(float x, i64 place) { return key(x, place); }
  __device__ static Key fold(Key a, Key b) { return a > b ? a : b; }
  __device__ static int result(Key v, float) { return place(v); }

  __device__ static Key of_warp(Key v) {
#pragma unroll
    for (int mask = WARP / 2; mask > 0; mask /= 2) v = fold(v, __shfl_xor_sync(ALL_LANES, v, mask));
    return v;
  }
  __device__ static Key of(WarpTeam, Key v) { return of_warp(v); }
  __device__ static Key of(BlockTeam, Key v) {
    __shared__ Key of_warps[WARP];
    int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, warps = blockDim.x / WARP;
    v = of_warp(v);
    if (lane == 0) of_warps[warp] = v;
    __syncthreads();
    v = of_warp(lane < warps ? of_warps[lane] : none());
    __syncthreads();
    return v;
  }
  template <class Team>
  __device__ static Key all(Key v) {
    return of(Team(), v);
  }
};

struct KeyOfLargest : FirstLargest {
  typedef Key Out;
  __device__ static Key result(Key v, float) { return v; }
};

struct LargestKey : FirstLargest {
  typedef Key In;
  __device__ static Key of(Key v, i64) { return v; }
};

extern "C" __global__ void arg_max_few_f32(const float *x, int *y, i64 outer, i64 rows, i64 columns) {
  fold_few<FirstLargest>(x, y, outer, rows, columns);
}

extern "C" __global__ void arg_max_short_rows_f32(const float *x, int *y, i64 rows, i64 columns, i64 length) {
  fold_rows<FirstLargest, WarpTeam>(x, y, rows, columns, length);
}

extern "C" __global__ void arg_max_rows_f32(const float *x, int *y, i64 rows, i64 columns, i64 length) {
  fold_rows<FirstLargest, BlockTeam>(x, y, rows, columns, length);
}

extern "C" __global__ void arg_max_columns_f32(const float *x, int *y, i64 outer, i64 rows, i64 columns, i64 length, int width) {
  fold_columns<FirstLargest>(x, y, outer, rows, columns, length, width);
}

extern "C" __global__ void arg_max_keys_of_rows_f32(const float *x, Key *y, i64 rows, i64 columns, i64 length) {
  fold_rows<KeyOfLargest, BlockTeam>(x, y, rows, columns, length);
}

extern "C" __global__ void arg_max_keys_of_columns_f32(const float *x, Key *y, i64 outer, i64 rows, i64 columns, i64 length,
                                                       int width) {
  fold_columns<KeyOfLargest>(x, y, outer, rows, columns, length, width);
}

extern "C" __global__ void arg_max_of_keys_b64(const Key *x, int *y, i64 outer, i64 rows, i64 columns, i64 length, int width) {
  fold_columns<LargestKey>(x, y, outer, rows, columns, length, width);
}
