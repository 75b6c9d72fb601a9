// Copies of boxes, for every element type: elements of 4 bytes (b32), of 2 (b16) and of 1 (b8).
//
//   copy_<bits>(from, to, n, strides)    to[at 1] = from[at 0] for the n elements of a box. By fours, or
//                                        eights of 2 bytes, where the strides allow it.
//   transpose_<bits>(from, to, rows, columns, from_row, to_column, batches, strides)
//                                        to[batch + c * to_column + r] = from[batch + r * from_row + c], for each of the batches,
//                                        which the strides place in both. Tiles of 32 x 32 pass through shared memory, so that a
//                                        warp reads 32 neighbours and writes 32 neighbours. Blocks of 256.
//
// Bound: memory; transpose_b16 and transpose_b8, an element for each thread, on some cards its instructions. Bytes: the box twice.
#include "common.cuh"

template <class T>
__device__ inline void copy(const T *__restrict__ from, T *__restrict__ to, i64 n, const Strides<2> &s) {
  auto one = [&](i64, i64(&at)[2]) { to[at[1]] = from[at[0]]; };
  auto several = [&](i64, i64(&at)[2]) { store_pack(to + at[1], load_pack<LANES<T>>(from + at[0], s.stride[0][0])); };
  for_box<LANES<T>>(s, n, one, several);
}

extern "C" __global__ void copy_b32(const u32 *from, u32 *to, i64 n, const __grid_constant__ Strides<2> s) { copy(from, to, n, s); }

extern "C" __global__ void copy_b16(const u16 *from, u16 *to, i64 n, const __grid_constant__ Strides<2> s) { copy(from, to, n, s); }

extern "C" __global__ void copy_b8(const u8 *from, u8 *to, i64 n, const __grid_constant__ Strides<2> s) { copy(from, to, n, s); }

// ---- transposition

constexpr int TILE = WARP;

// Numbers of tiles fit 32 bits: no memory holds more.
template <class T>
__device__ inline void transpose(const T *__restrict__ from, T *__restrict__ to, i64 rows, i64 columns, i64 from_row, i64 to_column,
                                 i64 batches, const Strides<2> &s) {
  __shared__ T tile[TILE][TILE + 1];
  int lane = threadIdx.x % TILE, warp = threadIdx.x / TILE, warps = blockDim.x / TILE;
  u32 down = (u32)((rows + TILE - 1) / TILE), across = (u32)((columns + TILE - 1) / TILE);
  u32 tiles = (u32)batches * down * across;
#pragma unroll 1
  for (u32 t = blockIdx.x; t < tiles; t += gridDim.x) {
    u32 strip = t / across;
    u32 batch = strip / down;
    i64 row = (i64)(strip - batch * down) * TILE, column = (i64)(t - strip * across) * TILE;
    i64 at[2];
    locate<u32>(s, batch, at);
#pragma unroll 4
    for (int k = warp; k < TILE; k += warps) {
      i64 r = row + k, c = column + lane;
      if (r < rows && c < columns) tile[k][lane] = from[at[0] + r * from_row + c];
    }
    __syncthreads();
#pragma unroll 4
    for (int k = warp; k < TILE; k += warps) {
      i64 r = row + lane, c = column + k;
      if (r < rows && c < columns) to[at[1] + c * to_column + r] = tile[lane][k];
    }
    __syncthreads();
  }
}

extern "C" __global__ void transpose_b32(const u32 *from, u32 *to, i64 rows, i64 columns, i64 from_row, i64 to_column, i64 batches,
                                         const __grid_constant__ Strides<2> s) {
  transpose(from, to, rows, columns, from_row, to_column, batches, s);
}

extern "C" __global__ void transpose_b16(const u16 *from, u16 *to, i64 rows, i64 columns, i64 from_row, i64 to_column, i64 batches,
                                         const __grid_constant__ Strides<2> s) {
  transpose(from, to, rows, columns, from_row, to_column, batches, s);
}

extern "C" __global__ void transpose_b8(const u8 *from, u8 *to, i64 rows, i64 columns, i64 from_row, i64 to_column, i64 batches,
                                        const __grid_constant__ Strides<2> s) {
  transpose(from, to, rows, columns, from_row, to_column, batches, s);
}
