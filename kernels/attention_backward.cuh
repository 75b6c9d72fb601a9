// The gradients of attention for 16-bit floats; Dao 2023, arXiv:2307.08691, algorithm 2, in two kernels.
//
// Sums in a fixed order, without atomics, want one block for each sum. One kernel for all three gradients would make dq's sums
// across blocks of keys: from memory, (keys / 64) * 4 bytes for each element of dq, written and read, which takes longer than making the
// scores twice, once a kernel: seven products instead of five, all of them in registers.
//
//   of queries: dq = scale * ds k, with ds = p * (dy v^T - delta), for 64 queries, 16 a warp, keys going by in tiles of 64. It also
//   makes delta, for y and dy are there.
//   of keys: dv = p^T dy and dk = scale * ds^T q, for 64 keys, 16 a warp, queries of all heads of the group going by in tiles of 64. The
//   scores are made transposed, with keys as rows: then p^T and ds^T are in registers as the next product takes them.
#pragma once
#include "attention_tiles.cuh"

constexpr int SIDE = 64;  // of the tiles of both kernels

// p of a tile: rows are queries, or keys. Scale in powers of 2.
__device__ inline float weight(float score, float scale, float lse) { return power_of_2(fmaf(score, scale, -lse)); }

// ---- of queries

// k's two tiles, then v's; q, dy and y pass through three of them first, dq through one last.
template <int P>
constexpr u32 GRAD_QUERIES_BYTES = tile_bytes<P>(4 * SIDE);

template <class T, int P>
__device__ inline void grad_queries_of(const Attention &a, const Tile &block, u32 memory, const T *__restrict__ q,
                                       const T *__restrict__ k, const T *__restrict__ v, const T *__restrict__ y,
                                       const float *__restrict__ lse, const T *__restrict__ dy, T *__restrict__ dq,
                                       float *__restrict__ delta) {
  constexpr int SCORES = SIDE / MMA_COLUMNS;
  constexpr u32 BYTES = tile_bytes<P>(SIDE);
  int lane = threadIdx.x % WARP, own = threadIdx.x / WARP * MMA_ROWS;
  int first = block.number * SIDE;
  int key_head = block.head / (a.heads / a.key_heads);
  k = head_of(k, a.k, block.batch, key_head);
  v = head_of(v, a.v, block.batch, key_head);
  int seen = last_key(a, min(first + SIDE, a.queries) - 1);
  int own_seen = last_key(a, first + own + MMA_ROWS - 1), seen_by_all = last_key(a, first + own);
  float scale = a.scale * LOG2_E;

  load_tile<P, SIDE>(memory, head_of(q, a.q, block.batch, block.head), a.q.row, first, a.queries, a);
  load_tile<P, SIDE>(memory + BYTES, head_of(dy, a.y, block.batch, block.head), a.y.row, first, a.queries, a);
  load_tile<P, SIDE>(memory + 2 * BYTES, head_of(y, a.y, block.batch, block.head), a.y.row, first, a.queries, a);
  commit();
  arrive<0>();
  Rows16<P, true> rows[1] = {{memory, own}}, slopes[1] = {{memory + BYTES, own}};
  rows[0].keep();
  slopes[0].keep();
  float own_delta[2] = {0, 0}, own_lse[2];
  int last[2];
#pragma unroll
  for (int step = 0; step < P / MMA_DEPTH; step++) {
    u32 of[4];
    fetch(of, place_by_rows<P>(memory + 2 * BYTES, own).step(step));
#pragma unroll
    for (int i = 0; i < 4; i++) {
      own_delta[i % 2] += first_of<T>(of[i]) * first_of<T>(slopes[0].kept[step][i]) + second_of<T>(of[i]) * second_of<T>(slopes[0].kept[step][i]);
    }
  }
#pragma unroll
  for (int h = 0; h < 2; h++) {
    own_delta[h] = quad_fold<Sum>(own_delta[h]);
    int query = first + own + lane / 4 + 8 * h;
    bool there = query < a.queries;
    i64 at = (block.batch * a.heads + block.head) * a.queries + query;
    own_lse[h] = there ? lse[at] * LOG2_E : 0;
    last[h] = last_key(a, query);
    if (there && lane % 4 == 0) delta[at] = own_delta[h];
  }
  __syncthreads();

  float sums[1][P / MMA_COLUMNS][4];
  clear(sums);
  load_tile<P, SIDE>(memory, k, a.k.row, 0, a.keys, a);
  load_tile<P, SIDE>(memory + 2 * BYTES, v, a.v.row, 0, a.keys, a);
  commit();
  u32 turn = 0;
#pragma unroll 1
  for (int key = 0; key <= seen; key += SIDE) {
    u32 keys = memory + turn, values = keys + 2 * BYTES;
    turn ^= BYTES;
    arrive<0>();
    if (key + SIDE <= seen) {
      load_tile<P, SIDE>(memory + turn, k, a.k.row, key + SIDE, a.keys, a);
      load_tile<P, SIDE>(memory + turn + 2 * BYTES, v, a.v.row, key + SIDE, a.keys, a);
      commit();
    }
    if (key > own_seen) continue;
    float scores[1][SCORES][4], slope[1][SCORES][4];
    multiply_transposed<T, P>(scores, rows, place_by_columns<P>(keys));
    multiply_transposed<T, P>(slope, slopes, place_by_columns<P>(values));
    bool masked = key + SIDE - 1 > seen_by_all;
#pragma unroll
    for (int n = 0; n < SCORES; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        float p = weight(scores[0][n][i], scale, own_lse[i / 2]);
        if (masked && key + n * MMA_COLUMNS + lane % 4 * 2 + i % 2 > last[i / 2]) p = 0;
        scores[0][n][i] = p * (slope[0][n][i] - own_delta[i / 2]);
      }
    }
    u32 weights[1][SCORES / 2][4];
    round_to_rows<T>(weights[0], scores[0]);
    multiply_add<T, P, 1, SCORES>(sums, weights, place_by_rows<P>(keys, 0));
  }
  __syncthreads();
  store_rows<P>(memory, own, sums[0], a.scale, a.scale, head_of(dq, a.q, block.batch, block.head), a.q.row, first + own, a.queries,
                   a);
}

template <class T, int P>
__device__ inline void attention_grad_queries(const Attention &a, const T *q, const T *k, const T *v, const T *y,
                                              const float *lse, const T *dy, T *dq, float *delta) {
  extern __shared__ __align__(256) u8 memory[];
  int tiles = tiles_of(a.queries, SIDE);
#pragma unroll 1
  for (i64 n = blockIdx.x; n < a.batches * a.heads * tiles; n += gridDim.x) {
    Tile block = tile_of(n, tiles, a.heads);
    block.number = tiles - 1 - block.number;
    grad_queries_of<T, P>(a, block, shared_address(memory), q, k, v, y, lse, dy, dq, delta);
    __syncthreads();
  }
}

// ---- of keys

// k's and v's tile, two of q, one of dy, two of what goes with q's rows: log-sum-exp and delta. dk and dv pass through q's two last.
template <int P>
constexpr u32 GRAD_KEYS_BYTES = tile_bytes<P>(5 * SIDE) + 4 * SIDE * sizeof(float);

// Queries going by: tile after tile of the first head of the group that can see the keys, then of the next.
struct Passing {
  int head, first;

  __device__ void next(int queries, int begin) {
    first += SIDE;
    if (first >= queries) {
      first = begin;
      head++;
    }
  }
};

template <class T, int P>
__device__ inline void grad_keys_of(const Attention &a, const Tile &block, u32 memory, const T *__restrict__ q,
                                    const T *__restrict__ k, const T *__restrict__ v, const float *__restrict__ lse,
                                    const T *__restrict__ dy, const float *__restrict__ delta, T *__restrict__ dk,
                                    T *__restrict__ dv) {
  constexpr int SCORES = SIDE / MMA_COLUMNS;
  constexpr u32 BYTES = tile_bytes<P>(SIDE), STATISTICS = 2 * SIDE * sizeof(float);
  u32 keys = memory, values = keys + BYTES, queries = values + BYTES, outputs = queries + 2 * BYTES, statistics = outputs + BYTES;
  int lane = threadIdx.x % WARP, own = threadIdx.x / WARP * MMA_ROWS;
  int first = block.number * SIDE, group = a.heads / a.key_heads;
  int begin = first_query(a, first) / SIDE * SIDE;
  int end = (block.head + 1) * group;
  float scale = a.scale * LOG2_E;

  auto load_queries = [&](const Passing &at, u32 turn) {
    load_tile<P, SIDE>(queries + turn * BYTES, head_of(q, a.q, block.batch, at.head), a.q.row, at.first, a.queries, a);
    int row = threadIdx.x % SIDE;
    const float *from = (threadIdx.x < SIDE ? lse : delta) + (block.batch * a.heads + at.head) * a.queries;
    bool there = at.first + row < a.queries;
    copy_4(statistics + turn * STATISTICS + threadIdx.x * 4, there ? from + at.first + row : from, there);
  };
  auto load_outputs = [&](const Passing &at) {
    load_tile<P, SIDE>(outputs, head_of(dy, a.y, block.batch, at.head), a.y.row, at.first, a.queries, a);
  };

  Passing now = {block.head * group, begin};
  load_tile<P, SIDE>(keys, head_of(k, a.k, block.batch, block.head), a.k.row, first, a.keys, a);
  load_tile<P, SIDE>(values, head_of(v, a.v, block.batch, block.head), a.v.row, first, a.keys, a);
  load_queries(now, 0);
  commit();
  load_outputs(now);
  commit();

  Rows16<P, P <= 64> key_rows[1] = {{keys, own}}, value_rows[1] = {{values, own}};
  float dk_sums[1][P / MMA_COLUMNS][4], dv_sums[1][P / MMA_COLUMNS][4];
  clear(dk_sums);
  clear(dv_sums);
  u32 turn = 0;
  bool fresh = true;
#pragma unroll 1
  while (now.head < end) {
    Passing next = now;
    next.next(a.queries, begin);
    u32 tile = queries + turn * BYTES, numbers = statistics + turn * STATISTICS + lane % 4 * 8;
    turn ^= 1;
    arrive<1>();
    if (next.head < end) load_queries(next, turn);
    commit();
    if (fresh) {
      key_rows[0].keep();
      value_rows[0].keep();
      fresh = false;
    }
    float scores[1][SCORES][4], slope[1][SCORES][4];
    u32 weights[1][SCORES / 2][4];
    multiply_transposed<T, P>(scores, key_rows, place_by_columns<P>(tile));
    // A row's last query is the first that all keys of the warp are seen by.
    int hidden = a.causal ? first + own + lane / 4 - (a.keys - a.queries) - now.first - lane % 4 * 2 : -SIDE;
    bool masked = a.causal && first_query(a, first + own + MMA_ROWS - 1) > now.first;
#pragma unroll
    for (int n = 0; n < SCORES; n++) {
      float of[2];
      asm volatile("ld.shared.v2.f32 {%0,%1}, [%2];"
                   : "=f"(of[0]), "=f"(of[1])
                   : "r"(numbers + n * MMA_COLUMNS * 4)
                   : "memory");
#pragma unroll
      for (int i = 0; i < 4; i++) {
        float p = weight(scores[0][n][i], scale, of[i % 2] * LOG2_E);
        if (masked && n * MMA_COLUMNS + i % 2 < hidden + i / 2 * 8) p = 0;
        scores[0][n][i] = p;
      }
    }
    arrive<1>();
    round_to_rows<T>(weights[0], scores[0]);
    multiply_add<T, P, 1, SCORES>(dv_sums, weights, place_by_rows<P>(outputs, 0));
    multiply_transposed<T, P>(slope, value_rows, place_by_columns<P>(outputs));
    __syncthreads();
    if (next.head < end) load_outputs(next);
    commit();
#pragma unroll
    for (int n = 0; n < SCORES; n++) {
      float of[2];
      asm volatile("ld.shared.v2.f32 {%0,%1}, [%2];"
                   : "=f"(of[0]), "=f"(of[1])
                   : "r"(numbers + SIDE * 4 + n * MMA_COLUMNS * 4)
                   : "memory");
#pragma unroll
      for (int i = 0; i < 4; i++) scores[0][n][i] *= slope[0][n][i] - of[i % 2];
    }
    round_to_rows<T>(weights[0], scores[0]);
    multiply_add<T, P, 1, SCORES>(dk_sums, weights, place_by_rows<P>(tile, 0));
    now = next;
  }
  __syncthreads();
  store_rows<P>(queries, own, dk_sums[0], a.scale, a.scale, head_of(dk, a.k, block.batch, block.head), a.k.row, first + own, a.keys,
                   a);
  store_rows<P>(queries + BYTES, own, dv_sums[0], 1, 1, head_of(dv, a.v, block.batch, block.head), a.v.row, first + own, a.keys, a);
}

// Of a causal head the first keys come first: most queries see them.
template <class T, int P>
__device__ inline void attention_grad_keys(const Attention &a, const T *q, const T *k, const T *v, const float *lse,
                                           const T *dy, const float *delta, T *dk, T *dv) {
  extern __shared__ __align__(256) u8 memory[];
  int tiles = tiles_of(a.keys, SIDE);
#pragma unroll 1
  for (i64 n = blockIdx.x; n < a.batches * a.key_heads * tiles; n += gridDim.x) {
    grad_keys_of<T, P>(a, tile_of(n, tiles, a.key_heads), shared_address(memory), q, k, v, lse, dy, delta, dk, dv);
    __syncthreads();
  }
}
