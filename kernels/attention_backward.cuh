// The gradients of attention for 16-bit floats; Dao 2023, arXiv:2307.08691, algorithm 2, in two kernels.
//
// Sums in a fixed order, without atomics, want one block for each sum. One kernel for all three gradients would make dq's sums
// across blocks of keys: through memory, (keys / 128) * 8 bytes for each element of dq, which takes longer than making the scores twice,
// once a kernel: seven products instead of five, all of them in registers.
//
//   of queries: dq = scale * ds k, with ds = p * (dy v^T - delta), keys going by in tiles. It also makes delta, for y and dy are there.
//   of keys: dv = p^T dy and dk = scale * ds^T q, queries of all heads of the group going by in tiles. The scores are made transposed,
//   with keys as rows: then p^T and ds^T are in registers as the next product takes them.
//
// A warp has 32 rows of its own where a head has up to 64 columns: a fragment of what goes by then serves two products; with 16 rows
// shared memory would be slower than the tensor cores. With 128 columns the sums of 16 rows fill the registers. So the other side
// is taken in pieces of few rows, for their scores and slopes need registers too.
#pragma once
#include "attention_tiles.cuh"

template <int P>
constexpr int STRIPS = P <= 64 ? 2 : 1;  // of 16 rows, a warp

template <int P>
constexpr int OWN = STRIPS<P> * MMA_ROWS;  // rows of a warp

template <int P>
constexpr int BLOCK_ROWS = TEAM_WARPS * OWN<P>;

// p of a score. Scale and the log-sum-exp are in powers of 2.
__device__ inline float weight(float score, float scale, float lse) { return power_of_2(fmaf(score, scale, -lse)); }

// ---- of queries

constexpr int PASSING_KEYS = 64;

// At a time.
template <int P>
constexpr int PIECE_KEYS = P <= 64 ? 32 : 64;

// k's two tiles, then v's; q, dy and y pass through first, dq last.
template <int P>
constexpr u32 GRAD_QUERIES_BYTES = tile_bytes<P>(4 * PASSING_KEYS > 3 * BLOCK_ROWS<P> ? 4 * PASSING_KEYS : 3 * BLOCK_ROWS<P>);

// What a warp knows of its queries; each lane of the rows that it has of the strips' sums.
template <int P>
struct Queries {
  Rows<P, STRIPS<P>, true> rows, slopes;
  float lse[STRIPS<P>][2], delta[STRIPS<P>][2];

  // From tiles of q and dy, whose row own is the first.
  __device__ Queries(u32 of_q, u32 of_dy, int own) : rows(of_q, own), slopes(of_dy, own) {}

  // From a tile of y.
  template <class T>
  __device__ void begin(u32 of_y, int own) {
    rows.keep();
    slopes.keep();
    Place<P> y = place_by_rows<P>(of_y, own);
#pragma unroll
    for (int s = 0; s < STRIPS<P>; s++) {
      delta[s][0] = delta[s][1] = 0;
#pragma unroll
      for (int k = 0; k < P / MMA_DEPTH; k++) {
        u32 of[4];
        fetch(of, y.step(k, s * MMA_ROWS));
#pragma unroll
        for (int i = 0; i < 4; i++) {
          u32 slope = slopes.kept[s][k][i];
          delta[s][i % 2] += first_of<T>(of[i]) * first_of<T>(slope) + second_of<T>(of[i]) * second_of<T>(slope);
        }
      }
#pragma unroll
      for (int h = 0; h < 2; h++) delta[s][h] = quad_fold<Sum>(delta[s][h]);
    }
  }
};

template <class T, int P>
__device__ inline void grad_queries_of(const Attention &a, const Tile &block, u32 memory, const T *__restrict__ q,
                                       const T *__restrict__ k, const T *__restrict__ v, const T *__restrict__ y,
                                       const float *__restrict__ lse, const T *__restrict__ dy, T *__restrict__ dq,
                                       float *__restrict__ delta) {
  constexpr int M = STRIPS<P>, N = PIECE_KEYS<P> / MMA_COLUMNS, ROWS = BLOCK_ROWS<P>;
  constexpr u32 OF_ROWS = tile_bytes<P>(ROWS), OF_KEYS = tile_bytes<P>(PASSING_KEYS);
  int lane = threadIdx.x % WARP, own = threadIdx.x / WARP * OWN<P>;
  int first = block.number * ROWS, key_head = block.head / (a.heads / a.key_heads);
  k = head_of(k, a.k, block.batch, key_head);
  v = head_of(v, a.v, block.batch, key_head);
  int seen = last_key(a, first, ROWS), own_seen = last_key(a, first + own, OWN<P>), seen_by_all = last_key(a, first + own);
  float scale = a.scale * LOG2_E;

  load_tile<P, ROWS>(memory, head_of(q, a.q, block.batch, block.head), a.q.row, first, a.queries, a);
  load_tile<P, ROWS>(memory + OF_ROWS, head_of(dy, a.y, block.batch, block.head), a.y.row, first, a.queries, a);
  load_tile<P, ROWS>(memory + 2 * OF_ROWS, head_of(y, a.y, block.batch, block.head), a.y.row, first, a.queries, a);
  arrive();
  Queries<P> queries(memory, memory + OF_ROWS, own);
  queries.template begin<T>(memory + 2 * OF_ROWS, own);
#pragma unroll
  for (int i = 0; i < 2 * M; i++) {
    int query = first + own + lane / 4 + 8 * i;
    i64 at = (block.batch * a.heads + block.head) * a.queries + query;
    bool there = query < a.queries;
    queries.lse[i / 2][i % 2] = there ? lse[at] * LOG2_E : 0;
    if (there && lane % 4 == 0) delta[at] = queries.delta[i / 2][i % 2];
  }
  __syncthreads();

  float sums[M][P / MMA_COLUMNS][4];
  clear(sums);
  load_tile<P, PASSING_KEYS>(memory, k, a.k.row, 0, a.keys, a);
  load_tile<P, PASSING_KEYS>(memory + 2 * OF_KEYS, v, a.v.row, 0, a.keys, a);
  u32 turn = 0;
#pragma unroll 1
  for (int tile = 0; tile <= seen; tile += PASSING_KEYS) {
    Place<P> keys = place_by_columns<P>(memory + turn), values = place_by_columns<P>(memory + turn + 2 * OF_KEYS);
    Place<P> keys_by_rows = place_by_rows<P>(memory + turn, 0);
    turn ^= OF_KEYS;
    arrive();
    if (tile + PASSING_KEYS <= seen) {
      load_tile<P, PASSING_KEYS>(memory + turn, k, a.k.row, tile + PASSING_KEYS, a.keys, a);
      load_tile<P, PASSING_KEYS>(memory + turn + 2 * OF_KEYS, v, a.v.row, tile + PASSING_KEYS, a.keys, a);
    }
#pragma unroll
    for (int piece = 0; piece < PASSING_KEYS; piece += PIECE_KEYS<P>) {
      int key = tile + piece;
      if (key > own_seen) break;
      float scores[M][N][4], slopes[M][N][4];
      multiply_transposed<T, P>(scores, queries.rows, keys, piece);
      multiply_transposed<T, P>(slopes, queries.slopes, values, piece);
      bool masked = key + PIECE_KEYS<P> - 1 > seen_by_all;
      u32 weights[M][N / 2][4];
#pragma unroll
      for (int s = 0; s < M; s++) {
        int query = first + own + s * MMA_ROWS + lane / 4;
        int last[2] = {last_key(a, query) - key - lane % 4 * 2, last_key(a, query + 8) - key - lane % 4 * 2};
#pragma unroll
        for (int n = 0; n < N; n++) {
#pragma unroll
          for (int i = 0; i < 4; i++) {
            float p = weight(scores[s][n][i], scale, queries.lse[s][i / 2]);
            if (masked && n * MMA_COLUMNS + i % 2 > last[i / 2]) p = 0;
            scores[s][n][i] = p * (slopes[s][n][i] - queries.delta[s][i / 2]);
          }
        }
        round_to_rows<T>(weights[s], scores[s]);
      }
      multiply_add<T, P, M, N>(sums, weights, keys_by_rows, piece);
    }
  }
  __syncthreads();
#pragma unroll
  for (int s = 0; s < M; s++) {
    int row = own + s * MMA_ROWS;
    store_rows<P>(memory, row, sums[s], a.scale, a.scale, head_of(dq, a.q, block.batch, block.head), a.q.row, first + row, a.queries, a);
  }
}

template <class T, int P>
__device__ inline void attention_grad_queries(const Attention &a, const T *q, const T *k, const T *v, const T *y, const float *lse,
                                              const T *dy, T *dq, float *delta) {
  extern __shared__ __align__(256) u8 memory[];
  int tiles = tiles_of(a.queries, BLOCK_ROWS<P>);
#pragma unroll 1
  for (i64 n = blockIdx.x; n < a.batches * a.heads * tiles; n += gridDim.x) {
    Tile block = tile_of(n, tiles, a.heads);
    block.number = tiles - 1 - block.number;
    grad_queries_of<T, P>(a, block, shared_address(memory), q, k, v, y, lse, dy, dq, delta);
    __syncthreads();
  }
}

// ---- of keys

template <int P>
constexpr int PASSING_QUERIES = P <= 64 ? 64 : 32;

constexpr int PIECE_QUERIES = 32;  // at a time

// k's and v's tile, two of q, two of dy, two of what goes with q's rows: log-sum-exp and delta. dk and dv pass through k's and v's last.
template <int P>
constexpr u32 GRAD_KEYS_BYTES = tile_bytes<P>(2 * BLOCK_ROWS<P> + 4 * PASSING_QUERIES<P>) + 4 * PASSING_QUERIES<P> * sizeof(float);

// Queries going by: tile after tile of the first head of the group that can see the keys, then of the next.
struct Passing {
  int head, first;

  __device__ Passing next(int rows, int queries, int begin) const {
    return first + rows < queries ? Passing{head, first + rows} : Passing{head + 1, begin};
  }
};

template <class T, int P>
__device__ inline void grad_keys_of(const Attention &a, const Tile &block, u32 memory, const T *__restrict__ q,
                                    const T *__restrict__ k, const T *__restrict__ v, const float *__restrict__ lse,
                                    const T *__restrict__ dy, const float *__restrict__ delta, T *__restrict__ dk,
                                    T *__restrict__ dv) {
  constexpr int M = STRIPS<P>, N = PIECE_QUERIES / MMA_COLUMNS, ROWS = BLOCK_ROWS<P>, QUERIES = PASSING_QUERIES<P>;
  constexpr u32 OF_ROWS = tile_bytes<P>(ROWS), OF_QUERIES = tile_bytes<P>(QUERIES), OF_NUMBERS = 2 * QUERIES * sizeof(float);
  u32 keys = memory, values = keys + OF_ROWS, queries = values + OF_ROWS, outputs = queries + 2 * OF_QUERIES;
  u32 statistics = outputs + 2 * OF_QUERIES;
  int lane = threadIdx.x % WARP, own = threadIdx.x / WARP * OWN<P>;
  int first = block.number * ROWS, group = a.heads / a.key_heads;
  int begin = first_query(a, first) / QUERIES * QUERIES, end = (block.head + 1) * group;
  int seen_from = first_query(a, first + own), all_seen_from = first_query(a, first + own + OWN<P> - 1);
  float scale = a.scale * LOG2_E;

  auto load = [&](const Passing &at, u32 turn) {
    load_tile<P, QUERIES>(queries + turn * OF_QUERIES, head_of(q, a.q, block.batch, at.head), a.q.row, at.first, a.queries, a);
    load_tile<P, QUERIES>(outputs + turn * OF_QUERIES, head_of(dy, a.y, block.batch, at.head), a.y.row, at.first, a.queries, a);
    if (threadIdx.x < 2 * QUERIES) {
      int query = at.first + threadIdx.x % QUERIES;
      const float *from = threadIdx.x < QUERIES ? lse : delta;
      copy_4(statistics + turn * OF_NUMBERS + threadIdx.x * 4, from + (block.batch * a.heads + at.head) * a.queries + query,
             query < a.queries);
    }
  };

  Passing now = {block.head * group, begin};
  load_tile<P, ROWS>(keys, head_of(k, a.k, block.batch, block.head), a.k.row, first, a.keys, a);
  load_tile<P, ROWS>(values, head_of(v, a.v, block.batch, block.head), a.v.row, first, a.keys, a);
  load(now, 0);

  Rows<P, M, false> key_rows(keys, own), value_rows(values, own);
  float dk_sums[M][P / MMA_COLUMNS][4], dv_sums[M][P / MMA_COLUMNS][4];
  clear(dk_sums);
  clear(dv_sums);
  u32 turn = 0;
#pragma unroll 1
  while (now.head < end) {
    Passing next = now.next(QUERIES, a.queries, begin);
    u32 tile = queries + turn * OF_QUERIES, slope_tile = outputs + turn * OF_QUERIES;
    u32 numbers = statistics + turn * OF_NUMBERS + lane % 4 * 8;
    turn ^= 1;
    arrive();
    if (next.head < end) load(next, turn);
#pragma unroll
    for (int piece = 0; piece < QUERIES; piece += PIECE_QUERIES) {
      int query = now.first + piece;
      if (query + PIECE_QUERIES <= seen_from) continue;
      float scores[M][N][4], slopes[M][N][4];
      u32 weights[M][N / 2][4];
      multiply_transposed<T, P>(scores, key_rows, place_by_columns<P>(tile), piece);
      bool masked = query < all_seen_from;
#pragma unroll
      for (int n = 0; n < N; n++) {
        float2 of = load_pair(numbers + (piece + n * MMA_COLUMNS) * 4);
#pragma unroll
        for (int s = 0; s < M; s++) {
          // Queries before this one, from the lane's first on, do not see its key.
          int hidden = first + own + s * MMA_ROWS + lane / 4 - (a.keys - a.queries) - query - lane % 4 * 2;
#pragma unroll
          for (int i = 0; i < 4; i++) {
            float p = weight(scores[s][n][i], scale, (i % 2 ? of.y : of.x) * LOG2_E);
            if (masked && n * MMA_COLUMNS + i % 2 < hidden + i / 2 * 8) p = 0;
            scores[s][n][i] = p;
          }
        }
      }
#pragma unroll
      for (int s = 0; s < M; s++) round_to_rows<T>(weights[s], scores[s]);
      multiply_add<T, P, M, N>(dv_sums, weights, place_by_rows<P>(slope_tile, 0), piece);
      multiply_transposed<T, P>(slopes, value_rows, place_by_columns<P>(slope_tile), piece);
#pragma unroll
      for (int n = 0; n < N; n++) {
        float2 of = load_pair(numbers + (QUERIES + piece + n * MMA_COLUMNS) * 4);
#pragma unroll
        for (int s = 0; s < M; s++) {
#pragma unroll
          for (int i = 0; i < 4; i++) scores[s][n][i] *= slopes[s][n][i] - (i % 2 ? of.y : of.x);
        }
      }
#pragma unroll
      for (int s = 0; s < M; s++) round_to_rows<T>(weights[s], scores[s]);
      multiply_add<T, P, M, N>(dk_sums, weights, place_by_rows<P>(tile, 0), piece);
    }
    now = next;
  }
#pragma unroll
  for (int s = 0; s < M; s++) {
    int row = own + s * MMA_ROWS;
    store_rows<P>(keys, row, dk_sums[s], a.scale, a.scale, head_of(dk, a.k, block.batch, block.head), a.k.row, first + row, a.keys, a);
    store_rows<P>(values, row, dv_sums[s], 1, 1, head_of(dv, a.v, block.batch, block.head), a.v.row, first + row, a.keys, a);
  }
}

// Of a causal head the first keys come first: most queries see them.
template <class T, int P>
__device__ inline void attention_grad_keys(const Attention &a, const T *q, const T *k, const T *v, const float *lse, const T *dy,
                                           const float *delta, T *dk, T *dv) {
  extern __shared__ __align__(256) u8 memory[];
  int tiles = tiles_of(a.keys, BLOCK_ROWS<P>);
#pragma unroll 1
  for (i64 n = blockIdx.x; n < a.batches * a.key_heads * tiles; n += gridDim.x) {
    grad_keys_of<T, P>(a, tile_of(n, tiles, a.key_heads), shared_address(memory), q, k, v, lse, dy, delta, dk, dv);
    __syncthreads();
  }
}
