// Tiles of 16-bit floats in shared memory, as tensor cores take them: mma.sync.m16n8k16 with sums in F32.
//
// A tile has rows of P columns, P being 32, 64 or 128; columns beyond a head's and rows beyond the tensor's are zeros. Its 16-byte
// chunks are swizzled, so that eight rows' chunks at one column lie in all 32 banks: ldmatrix meets no conflict.
//
// Fragments, with q = lane % 4, g = lane / 4, each register two neighbours along the columns:
//   of A (16 x 16): rows g, g + 8, g, g + 8, columns 2 q for the first two, 2 q + 8 for the others
//   of B (16 x 8): its rows 2 q and 2 q + 1, then 2 q + 8 and 2 q + 9, of column g
//   of sums (16 x 8): row g, columns 2 q and 2 q + 1, then row g + 8
// So sums of two products side by side, rounded, are the A of the next: scores never leave the registers.
#pragma once
#include "attention.cuh"

constexpr int MMA_ROWS = 16, MMA_COLUMNS = 8, MMA_DEPTH = 16;
constexpr int CHUNK = 8;   // elements in 16 bytes
constexpr int TEAM = 128;  // threads of a block: four warps
constexpr int TEAM_WARPS = TEAM / WARP;

// sums += a times b.
__device__ inline void multiply(float (&sums)[4], const u32 (&a)[4], u32 b0, u32 b1, bf16) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

__device__ inline void multiply(float (&sums)[4], const u32 (&a)[4], u32 b0, u32 b1, f16) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// The halves of a pair.
template <class T>
__device__ inline float first_of(u32 both) {
  return widen(T{(u16)both});
}

template <class T>
__device__ inline float second_of(u32 both) {
  return widen(T{(u16)(both >> 16)});
}

// 2^x to the 22 bits that the hardware has; its results are rounded to 8 or 11 before they are multiplied.
__device__ inline float power_of_2(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// ---- copies that are under way while others compute

__device__ inline u32 shared_address(const void *at) { return (u32)__cvta_generic_to_shared(at); }

// Copies 16 bytes, or writes as many zeros.
__device__ inline void copy_16(u32 to, const void *from, bool inside) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(inside ? 16 : 0) : "memory");
}

__device__ inline void copy_4(u32 to, const void *from, bool inside) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(from), "r"(inside ? 4 : 0) : "memory");
}

// Waits for this thread's copies, then for the block: what all have copied is there, and what all have read may be written over.
__device__ inline void arrive() {
  asm volatile("cp.async.wait_all;" ::: "memory");
  __syncthreads();
}

__device__ inline float2 load_pair(u32 from) {
  float2 pair;
  asm volatile("ld.shared.v2.f32 {%0,%1}, [%2];" : "=f"(pair.x), "=f"(pair.y) : "r"(from) : "memory");
  return pair;
}

// ---- tiles

template <int P>
__device__ constexpr int swizzle(int row) {
  return P == 32 ? row / 2 % 4 : row % 8;
}

template <int P>
__device__ constexpr u32 tile_bytes(int rows) {
  return rows * P * 2;
}

// Where a chunk lies from the beginning of its tile.
template <int P>
__device__ inline u32 chunk_at(int row, int chunk) {
  return row * P * 2 + (chunk ^ swizzle<P>(row)) * 16;
}

// The block begins to copy rows of a head, from row first on; before arrive() they are not there.
template <int P, int ROWS, class T>
__device__ inline void load_tile(u32 tile, const T *__restrict__ head, i64 stride, int first, int rows, const Attention &a) {
  constexpr int CHUNKS = P / CHUNK;
  if (a.vector) {
    static_assert(ROWS * CHUNKS % TEAM == 0 && TEAM % CHUNKS == 0, "whole rows at a time");
    constexpr int STEP = TEAM / CHUNKS;
    int row = threadIdx.x / CHUNKS, chunk = threadIdx.x % CHUNKS;
    int left = chunk * CHUNK < a.columns ? rows - first - row : 0;
    // What lies beyond the tensor is pointed at and not read.
    const T *from = head + (first + row) * stride + chunk * CHUNK;
#pragma unroll
    for (int i = 0; i < ROWS; i += STEP, from += STEP * stride) copy_16(tile + chunk_at<P>(row + i, chunk), from, i < left);
  } else {
#pragma unroll 1
    for (int i = threadIdx.x; i < ROWS * P / 2; i += TEAM) {
      int r = i / (P / 2), c = i % (P / 2) * 2;
      const T *from = head + (first + r) * stride + c;
      u32 low = first + r < rows && c < a.columns ? from[0].bits : 0;
      u32 high = first + r < rows && c + 1 < a.columns ? from[1].bits : 0;
      u32 to = tile + chunk_at<P>(r, c / CHUNK) + c % CHUNK * 2;
      asm volatile("st.shared.u32 [%0], %1;" ::"r"(to), "r"(low | high << 16) : "memory");
    }
  }
}

// A warp writes 16 rows of its own, scaled and rounded, into a tile where none but itself has read them since the last barrier, and from
// there to the head: so they go out 16 bytes at a time.
template <int P, class T>
__device__ inline void store_rows(u32 tile, int row, const float (&sums)[P / MMA_COLUMNS][4], float scale0, float scale1,
                                  T *__restrict__ head, i64 stride, int first, int rows, const Attention &a) {
  int lane = threadIdx.x % WARP;
  __syncwarp();
#pragma unroll
  for (int n = 0; n < P / MMA_COLUMNS; n++) {
    u32 upper = tile + chunk_at<P>(row + lane / 4, n) + lane % 4 * 4;
    u32 lower = tile + chunk_at<P>(row + lane / 4 + 8, n) + lane % 4 * 4;
    asm volatile("st.shared.u32 [%0], %1;" ::"r"(upper), "r"(pair(sums[n][0] * scale0, sums[n][1] * scale0, T())) : "memory");
    asm volatile("st.shared.u32 [%0], %1;" ::"r"(lower), "r"(pair(sums[n][2] * scale1, sums[n][3] * scale1, T())) : "memory");
  }
  __syncwarp();
  constexpr int CHUNKS = P / CHUNK;
#pragma unroll
  for (int i = 0; i < MMA_ROWS * CHUNKS / WARP; i++) {
    int r = (lane + i * WARP) / CHUNKS, chunk = lane % CHUNKS;
    if (first + r >= rows || chunk * CHUNK >= a.columns) continue;
    u32 v[4];
    asm volatile("ld.shared.v4.u32 {%0,%1,%2,%3}, [%4];"
                 : "=r"(v[0]), "=r"(v[1]), "=r"(v[2]), "=r"(v[3])
                 : "r"(tile + chunk_at<P>(row + r, chunk))
                 : "memory");
    T *to = head + (first + r) * stride + chunk * CHUNK;
    if (a.vector) {
      *reinterpret_cast<uint4 *>(to) = make_uint4(v[0], v[1], v[2], v[3]);
    } else {
#pragma unroll
      for (int k = 0; k < CHUNK; k++) {
        if (chunk * CHUNK + k < a.columns) to[k].bits = (u16)(v[k / 2] >> k % 2 * 16);
      }
    }
  }
}

// Turns the signs of a warp's own rows, which is exact.
template <int P>
__device__ inline void negate_rows(u32 tile, int row, int rows) {
  for (int i = threadIdx.x % WARP; i < rows * P / 2; i += WARP) {
    u32 at = tile + row * P * 2 + i * 4, both;
    asm volatile("ld.shared.u32 %0, [%1];" : "=r"(both) : "r"(at) : "memory");
    asm volatile("st.shared.u32 [%0], %1;" ::"r"(at), "r"(both ^ 0x80008000u) : "memory");
  }
  __syncwarp();
}

// ---- fragments

// Where a lane looks in a tile: the address of its row's chunk, from which step k along the columns, of 16 each, and rows in
// multiples of 16 are reached by exclusive or and addition.
template <int P>
struct Place {
  u32 at;

  __device__ Place(u32 tile, int row, int chunk) : at(tile + chunk_at<P>(row, chunk)) {}

  // row: a multiple of 8.
  __device__ u32 step(int k, int row = 0) const { return (at ^ k * 32) + row * P * 2; }
};

// For A, and for B whose rows are the tile's rows (transposed by ldmatrix): rows by lane % 16, columns by lane / 16.
template <int P>
__device__ inline Place<P> place_by_rows(u32 tile, int row) {
  int lane = threadIdx.x % WARP;
  return Place<P>(tile, row + lane % 16, lane / 16);
}

// For B whose columns are the tile's rows: two blocks of 8 of these.
template <int P>
__device__ inline Place<P> place_by_columns(u32 tile) {
  int lane = threadIdx.x % WARP;
  return Place<P>(tile, lane % 8 + lane / 16 * 8, lane / 8 % 2);
}

__device__ inline void fetch(u32 (&to)[4], u32 from) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(from)
               : "memory");
}

__device__ inline void fetch_transposed(u32 (&to)[4], u32 from) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(from)
               : "memory");
}

// M times 16 rows of a tile as A: in registers for as long as the block lasts, or fetched anew for each product where there are too
// few registers.
template <int P, int M, bool KEPT>
struct Rows {
  u32 kept[KEPT ? M : 1][KEPT ? P / MMA_DEPTH : 1][4];
  Place<P> place;

  __device__ Rows(u32 tile, int row) : place(place_by_rows<P>(tile, row)) {}

  __device__ void keep() {
    if constexpr (KEPT) {
#pragma unroll
      for (int i = 0; i < M * P / MMA_DEPTH; i++) {
        int m = i / (P / MMA_DEPTH), k = i % (P / MMA_DEPTH);
        fetch(kept[m][k], place.step(k, m * MMA_ROWS));
      }
    }
  }

  __device__ void at(u32 (&a)[4], int m, int k) const {
    if constexpr (KEPT) {
#pragma unroll
      for (int i = 0; i < 4; i++) a[i] = kept[m][k][i];
    } else {
      fetch(a, place.step(k, m * MMA_ROWS));
    }
  }
};

template <int M, int N>
__device__ inline void clear(float (&sums)[M][N][4]) {
#pragma unroll
  for (int m = 0; m < M; m++) {
#pragma unroll
    for (int n = 0; n < N; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) sums[m][n][i] = 0;
    }
  }
}

// sums = rows (M times 16, P columns) times the transpose of N * 8 rows of a tile, from row first on.
template <class T, int P, int M, int N, bool KEPT>
__device__ inline void multiply_transposed(float (&sums)[M][N][4], const Rows<P, M, KEPT> &rows, const Place<P> &tile,
                                           int first = 0) {
  clear(sums);
#pragma unroll
  for (int k = 0; k < P / MMA_DEPTH; k++) {
    u32 a[M][4];
#pragma unroll
    for (int m = 0; m < M; m++) rows.at(a[m], m, k);
#pragma unroll
    for (int n = 0; n < N; n += 2) {
      u32 b[4];
      fetch(b, tile.step(k, first + n * MMA_COLUMNS));
#pragma unroll
      for (int m = 0; m < M; m++) {
        multiply(sums[m][n], a[m], b[0], b[1], T());
        multiply(sums[m][n + 1], a[m], b[2], b[3], T());
      }
    }
  }
}

// sums += weights (M times 16, N * 8) times N * 8 rows of a tile, from row first on.
template <class T, int P, int M, int N>
__device__ inline void multiply_add(float (&sums)[M][P / MMA_COLUMNS][4], const u32 (&weights)[M][N / 2][4], const Place<P> &tile,
                                    int first = 0) {
#pragma unroll
  for (int k = 0; k < N / 2; k++) {
#pragma unroll
    for (int n = 0; n < P / MMA_DEPTH; n++) {
      u32 b[4];
      fetch_transposed(b, tile.step(n, first + k * MMA_DEPTH));
#pragma unroll
      for (int m = 0; m < M; m++) {
        multiply(sums[m][2 * n], weights[m][k], b[0], b[1], T());
        multiply(sums[m][2 * n + 1], weights[m][k], b[2], b[3], T());
      }
    }
  }
}

// Numbers laid out as sums, rounded and laid out as A.
template <class T, int N>
__device__ inline void round_to_rows(u32 (&a)[N / 2][4], const float (&sums)[N][4]) {
#pragma unroll
  for (int k = 0; k < N / 2; k++) {
    a[k][0] = pair(sums[2 * k][0], sums[2 * k][1], T());
    a[k][1] = pair(sums[2 * k][2], sums[2 * k][3], T());
    a[k][2] = pair(sums[2 * k + 1][0], sums[2 * k + 1][1], T());
    a[k][3] = pair(sums[2 * k + 1][2], sums[2 * k + 1][3], T());
  }
}

// The fold over the four lanes that hold a row of sums.
template <class F>
__device__ inline float quad_fold(float v) {
  v = F::fold(v, __shfl_xor_sync(ALL_LANES, v, 1));
  return F::fold(v, __shfl_xor_sync(ALL_LANES, v, 2));
}
