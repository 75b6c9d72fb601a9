// y = softmax(scale * q k^T) v and the log-sum-exp for 16-bit floats; Dao 2023, arXiv:2307.08691, algorithm 1.
//
// A block of four warps has 128 queries, 32 a warp: so each fragment of keys and values serves two products; at one product a fragment
// shared memory would be slower than the tensor cores. Keys go by in tiles of 64, in order; v's tile is copied while the scores are made, k's next one while
// they are multiplied by v. So one buffer of each suffices, and two blocks fit a multiprocessor of an A100 at 128 columns.
#pragma once
#include "attention_tiles.cuh"

constexpr int FORWARD_STRIPS = 2;  // of 16 queries, a warp
constexpr int FORWARD_QUERIES = TEAM_WARPS * FORWARD_STRIPS * MMA_ROWS;
constexpr int TILE_KEYS = 64;

// What a lane knows of its rows of a strip: row lane / 4 and the one 8 further on. max is in units of the scores, whose multiples by
// scale are powers of 2.
struct Softmax {
  float max[2], sum[2];

  __device__ void begin() {
    max[0] = max[1] = Largest::none();
    sum[0] = sum[1] = 0;
  }

  // Hides what the lane's queries, this one and the one 8 further on, do not see of keys from this one on.
  template <int N>
  __device__ static void hide(float (&scores)[N][4], int key, int query, const Attention &a) {
    int seen[2] = {last_key(a, query) - key, last_key(a, query + 8) - key};
#pragma unroll
    for (int n = 0; n < N; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        if (n * MMA_COLUMNS + i % 2 > seen[i / 2]) scores[n][i] = Largest::none();
      }
    }
  }

  // Takes a tile of scores and leaves their weights, by which sums so far are multiplied with factor.
  template <int N>
  __device__ void add(float (&scores)[N][4], float (&factor)[2], float scale) {
#pragma unroll
    for (int h = 0; h < 2; h++) {
      // A NaN becomes a weight, and so the row's; here it need not win.
      float most = max[h];
#pragma unroll
      for (int n = 0; n < N; n++) most = fmaxf(most, fmaxf(scores[n][2 * h], scores[n][2 * h + 1]));
      most = fmaxf(most, __shfl_xor_sync(ALL_LANES, most, 1));
      most = fmaxf(most, __shfl_xor_sync(ALL_LANES, most, 2));
      // Both products rounded as they are for weights, so that old and new ones fit.
      float shift = __fmul_rn(most, scale);
      factor[h] = power_of_2(__fmul_rn(max[h], scale) - shift);
      max[h] = most;
      sum[h] *= factor[h];
#pragma unroll
      for (int n = 0; n < N; n++) {
#pragma unroll
        for (int i = 2 * h; i < 2 * h + 2; i++) {
          scores[n][i] = power_of_2(fmaf(scores[n][i], scale, -shift));
          sum[h] += scores[n][i];
        }
      }
    }
  }
};

// q's tile, then k's and v's.
template <int P>
constexpr u32 FORWARD_BYTES = tile_bytes<P>(FORWARD_QUERIES + 2 * TILE_KEYS);

template <class T, int P>
__device__ inline void attention_of(const Attention &a, const Tile &block, u32 memory, const T *__restrict__ q,
                                    const T *__restrict__ k, const T *__restrict__ v, T *__restrict__ y,
                                    float *__restrict__ lse) {
  constexpr int M = FORWARD_STRIPS, SCORES = TILE_KEYS / MMA_COLUMNS;
  u32 queries = memory, keys = queries + tile_bytes<P>(FORWARD_QUERIES), values = keys + tile_bytes<P>(TILE_KEYS);
  int lane = threadIdx.x % WARP, own = threadIdx.x / WARP * M * MMA_ROWS;
  int first = block.number * FORWARD_QUERIES;
  int key_head = block.head / (a.heads / a.key_heads);
  k = head_of(k, a.k, block.batch, key_head);
  v = head_of(v, a.v, block.batch, key_head);
  int seen = last_key(a, first, FORWARD_QUERIES);
  int own_seen = last_key(a, first + own, M * MMA_ROWS), seen_by_all = last_key(a, first + own);
  // Not 0: a hidden score is infinite, and must stay so.
  float scale = fmaxf(fabsf(a.scale) * LOG2_E, 1e-37f);

  load_tile<P, FORWARD_QUERIES>(queries, head_of(q, a.q, block.batch, block.head), a.q.row, first, a.queries, a);
  load_tile<P, TILE_KEYS>(keys, k, a.k.row, 0, a.keys, a);

  Rows<P, M, P <= 64> rows(queries, own);
  Place<P> keys_at = place_by_columns<P>(keys), values_at = place_by_rows<P>(values, 0);
  float sums[M][P / MMA_COLUMNS][4];
  clear(sums);
  Softmax softmax[M];
#pragma unroll
  for (int s = 0; s < M; s++) softmax[s].begin();

#pragma unroll 1
  for (int key = 0; key <= seen; key += TILE_KEYS) {
    arrive();
    load_tile<P, TILE_KEYS>(values, v, a.v.row, key, a.keys, a);
    if (key == 0) {
      if (a.scale < 0) negate_rows<P>(queries, own, M * MMA_ROWS);
      rows.keep();
    }
    bool any = key <= own_seen;
    u32 weights[M][SCORES / 2][4];
    if (any) {
      float scores[M][SCORES][4];
      multiply_transposed<T, P>(scores, rows, keys_at);
      if (key + TILE_KEYS - 1 > seen_by_all) {
#pragma unroll
        for (int s = 0; s < M; s++) {
          Softmax::hide(scores[s], key + lane % 4 * 2, first + own + s * MMA_ROWS + lane / 4, a);
        }
      }
#pragma unroll
      for (int s = 0; s < M; s++) {
        float factor[2];
        softmax[s].add(scores[s], factor, scale);
#pragma unroll
        for (int n = 0; n < P / MMA_COLUMNS; n++) {
#pragma unroll
          for (int i = 0; i < 4; i++) sums[s][n][i] *= factor[i / 2];
        }
        round_to_rows<T>(weights[s], scores[s]);
      }
    }
    arrive();
    if (key + TILE_KEYS <= seen) load_tile<P, TILE_KEYS>(keys, k, a.k.row, key + TILE_KEYS, a.keys, a);
    if (any) multiply_add<T, P, M, SCORES>(sums, weights, values_at);
  }

#pragma unroll
  for (int s = 0; s < M; s++) {
    float part[2];
    int row = own + s * MMA_ROWS;
#pragma unroll
    for (int h = 0; h < 2; h++) {
      float sum = quad_fold<Sum>(softmax[s].sum[h]);
      part[h] = 1 / sum;
      int query = first + row + lane / 4 + 8 * h;
      if (lane % 4 == 0 && query < a.queries) {
        lse[(block.batch * a.heads + block.head) * a.queries + query] = __fmul_rn(softmax[s].max[h], scale) * LN_2 + logf(sum);
      }
    }
    store_rows<P>(queries, row, sums[s], part[0], part[1], head_of(y, a.y, block.batch, block.head), a.y.row, first + row,
                  a.queries, a);
  }
}

// Of a causal head the last queries come first: they have the most to do.
template <class T, int P>
__device__ inline void attention_forward(const Attention &a, const T *q, const T *k, const T *v, T *y, float *lse) {
  extern __shared__ __align__(256) u8 memory[];
  int tiles = tiles_of(a.queries, FORWARD_QUERIES);
#pragma unroll 1
  for (i64 n = blockIdx.x; n < a.batches * a.heads * tiles; n += gridDim.x) {
    Tile block = tile_of(n, tiles, a.heads);
    block.number = tiles - 1 - block.number;
    attention_of<T, P>(a, block, shared_address(memory), q, k, v, y, lse);
    __syncthreads();
  }
}
