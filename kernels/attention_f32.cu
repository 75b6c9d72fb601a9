// Attention in F32 and its gradients, with plain multiplications: nothing is rounded to TF32.
//
//   attention_f32(q, k, v, y, lse, attention)
//   attention_grad_queries_f32(q, k, v, y, lse, dy, dq, delta, attention)
//   attention_grad_keys_f32(q, k, v, lse, dy, delta, dk, dv, attention)     delta being what the kernel of queries made
//
// For heads of up to 128 columns; attention.cuh says where tensors lie. A block makes 64 rows: queries, or keys in the last. Rows of the
// other side go by in tiles of 64, and columns through shared memory 32 at a time, so one kernel with 35 KiB of it does every width.
// Scores are never in memory. As in the kernels of 16-bit floats (attention_backward.cuh), scores are made twice for the
// gradients, so that each sum has one block and a fixed order.
//
// Bound: arithmetic; 4 flops forward and 14 backward for each score and column. Blocks of THREADS, a thread having 4 x 4 scores.
#include "attention.cuh"
#include "rows.cuh"

constexpr int SIDE = 64, STEP = 32, MOST_STEPS = 4;
constexpr int SPAN = SIDE / 4;        // threads along each side of a tile of scores
constexpr int PITCH = STEP + 4;       // floats between rows of a tile: rows next to each other begin in other banks
constexpr int SCORE_PITCH = SIDE + 4;

struct Memory {
  alignas(16) float left[SIDE * PITCH];
  alignas(16) float right[SIDE * PITCH];
  alignas(16) float weights[SIDE * SCORE_PITCH];
};

__device__ inline int across() { return threadIdx.x % SPAN; }
__device__ inline int down() { return threadIdx.x / SPAN; }

// Some rows of a head: zeros from count on, and in columns beyond the head's.
struct Strip {
  const float *head;
  i64 stride;
  int first, count;
};

__device__ inline void stage(float *to, const Strip &strip, int column, const Attention &a) {
  if (a.vector) {
#pragma unroll
    for (int i = threadIdx.x; i < SIDE * STEP / 4; i += THREADS) {
      int row = i / (STEP / 4), c = i % (STEP / 4) * 4;
      bool there = strip.first + row < strip.count && column + c < a.columns;
      Quad<float> quad = {{0, 0, 0, 0}};
      if (there) quad = load4(strip.head + (strip.first + row) * strip.stride + column + c);
      store4(to + row * PITCH + c, quad);
    }
  } else {
    for (int i = threadIdx.x; i < SIDE * STEP; i += THREADS) {
      int row = i / STEP, c = i % STEP;
      bool there = strip.first + row < strip.count && column + c < a.columns;
      to[row * PITCH + c] = there ? strip.head[(strip.first + row) * strip.stride + column + c] : 0;
    }
  }
}

// scores = left times the transpose of right. A thread has rows 4 down and the next three, columns across, 16 further and so on.
__device__ inline void dots(float (&scores)[4][4], const Strip &left, const Strip &right, Memory &memory, const Attention &a) {
#pragma unroll
  for (int i = 0; i < 16; i++) scores[i / 4][i % 4] = 0;
#pragma unroll 1
  for (int column = 0; column < a.columns; column += STEP) {
    __syncthreads();
    stage(memory.left, left, column, a);
    stage(memory.right, right, column, a);
    __syncthreads();
#pragma unroll 1
    for (int c = 0; c < STEP; c += 4) {
      Quad<float> l[4], r[4];
#pragma unroll
      for (int i = 0; i < 4; i++) l[i] = load4(memory.left + (4 * down() + i) * PITCH + c);
#pragma unroll
      for (int j = 0; j < 4; j++) r[j] = load4(memory.right + (across() + SPAN * j) * PITCH + c);
#pragma unroll
      for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
#pragma unroll
          for (int k = 0; k < 4; k++) scores[i][j] = fmaf(l[i].v[k], r[j].v[k], scores[i][j]);
        }
      }
    }
  }
}

// Puts a thread's numbers where all read them.
__device__ inline void share(const float (&scores)[4][4], Memory &memory) {
  __syncthreads();
#pragma unroll
  for (int i = 0; i < 16; i++) {
    memory.weights[(4 * down() + i / 4) * SCORE_PITCH + across() + SPAN * (i % 4)] = scores[i / 4][i % 4];
  }
}

// Sums of a thread: of its four rows columns 2 across and the next, in each step.
struct Sums {
  float of[MOST_STEPS][4][2];

  __device__ void clear() {
#pragma unroll
    for (int i = 0; i < MOST_STEPS * 8; i++) of[i / 8][i / 2 % 4][i % 2] = 0;
  }

  // Adds the weights shared times rows.
  __device__ void add(const Strip &rows, Memory &memory, const Attention &a) {
#pragma unroll
    for (int step = 0; step < MOST_STEPS; step++) {
      if (step * STEP >= a.columns) break;
      __syncthreads();
      stage(memory.left, rows, step * STEP, a);
      __syncthreads();
#pragma unroll 1
      for (int j = 0; j < SIDE; j += 4) {
        Quad<float> w[4];
#pragma unroll
        for (int i = 0; i < 4; i++) w[i] = load4(memory.weights + (4 * down() + i) * SCORE_PITCH + j);
#pragma unroll
        for (int k = 0; k < 4; k++) {
          float2 x = *reinterpret_cast<const float2 *>(memory.left + (j + k) * PITCH + 2 * across());
#pragma unroll
          for (int i = 0; i < 4; i++) {
            of[step][i][0] = fmaf(w[i].v[k], x.x, of[step][i][0]);
            of[step][i][1] = fmaf(w[i].v[k], x.y, of[step][i][1]);
          }
        }
      }
    }
  }

  __device__ void scale(const float (&factor)[4]) {
#pragma unroll
    for (int i = 0; i < MOST_STEPS * 8; i++) of[i / 8][i / 2 % 4][i % 2] *= factor[i / 2 % 4];
  }

  __device__ void write(float *head, i64 stride, int first, int count, const Attention &a) const {
#pragma unroll
    for (int i = 0; i < MOST_STEPS * 4; i++) {
      int row = first + 4 * down() + i % 4, c = i / 4 * STEP + 2 * across();
      if (row >= count) continue;
      float *to = head + row * stride + c;
      if (a.vector && c < a.columns) {
        *reinterpret_cast<float2 *>(to) = make_float2(of[i / 4][i % 4][0], of[i / 4][i % 4][1]);
      } else {
        if (c < a.columns) to[0] = of[i / 4][i % 4][0];
        if (c + 1 < a.columns) to[1] = of[i / 4][i % 4][1];
      }
    }
  }
};

// The fold over the threads that have a row's scores.
template <class F>
__device__ inline float row_fold(float v) {
#pragma unroll
  for (int mask = SPAN / 2; mask > 0; mask /= 2) v = F::fold(v, __shfl_xor_sync(ALL_LANES, v, mask));
  return v;
}

__device__ inline i64 statistic(const Attention &a, i64 batch, int head) { return (batch * a.heads + head) * a.queries; }

__device__ inline void forward_of(const Attention &a, const Tile &block, Memory &memory, const float *__restrict__ q,
                                  const float *__restrict__ k, const float *__restrict__ v, float *__restrict__ y,
                                  float *__restrict__ lse) {
  int first = block.number * SIDE, key_head = block.head / (a.heads / a.key_heads);
  Strip queries = {head_of(q, a.q, block.batch, block.head), a.q.row, first, a.queries};
  Strip keys = {head_of(k, a.k, block.batch, key_head), a.k.row, 0, a.keys};
  Strip values = {head_of(v, a.v, block.batch, key_head), a.v.row, 0, a.keys};
  int seen = last_key(a, first, SIDE);
  Sums sums;
  sums.clear();
  float max[4], sum[4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    max[i] = Largest::none();
    sum[i] = 0;
  }
#pragma unroll 1
  for (; keys.first <= seen; keys.first += SIDE, values.first += SIDE) {
    float scores[4][4], factor[4];
    dots(scores, queries, keys, memory, a);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      int last = last_key(a, first + 4 * down() + i);
      float most = max[i];
#pragma unroll
      for (int j = 0; j < 4; j++) {
        bool hidden = keys.first + across() + SPAN * j > last;
        scores[i][j] = hidden ? Largest::none() : scores[i][j] * a.scale;
        most = Largest::fold(most, scores[i][j]);
      }
      most = row_fold<Largest>(most);
      factor[i] = expf(max[i] - most);
      max[i] = most;
      sum[i] *= factor[i];
#pragma unroll
      for (int j = 0; j < 4; j++) {
        scores[i][j] = expf(scores[i][j] - most);
        sum[i] += scores[i][j];
      }
    }
    share(scores, memory);
    sums.scale(factor);
    sums.add(values, memory, a);
  }
  float part[4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    float all = row_fold<Sum>(sum[i]);
    part[i] = 1 / all;
    int query = first + 4 * down() + i;
    if (across() == 0 && query < a.queries) lse[statistic(a, block.batch, block.head) + query] = max[i] + logf(all);
  }
  sums.scale(part);
  sums.write(head_of(y, a.y, block.batch, block.head), a.y.row, first, a.queries, a);
}

__device__ inline void grad_queries_of(const Attention &a, const Tile &block, Memory &memory, const float *__restrict__ q,
                                       const float *__restrict__ k, const float *__restrict__ v, const float *__restrict__ y,
                                       const float *__restrict__ lse, const float *__restrict__ dy, float *__restrict__ dq,
                                       float *__restrict__ delta) {
  int first = block.number * SIDE, key_head = block.head / (a.heads / a.key_heads);
  Strip queries = {head_of(q, a.q, block.batch, block.head), a.q.row, first, a.queries};
  Strip slopes = {head_of(dy, a.y, block.batch, block.head), a.y.row, first, a.queries};
  Strip keys = {head_of(k, a.k, block.batch, key_head), a.k.row, 0, a.keys};
  Strip values = {head_of(v, a.v, block.batch, key_head), a.v.row, 0, a.keys};
  const float *of = head_of(y, a.y, block.batch, block.head);
  int seen = last_key(a, first, SIDE);
  float own_lse[4], own_delta[4], factor[4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    int query = first + 4 * down() + i;
    bool there = query < a.queries;
    float sum = 0;
    for (int c = across(); there && c < a.columns; c += SPAN) {
      sum = fmaf(of[query * a.y.row + c], slopes.head[query * a.y.row + c], sum);
    }
    own_delta[i] = row_fold<Sum>(sum);
    i64 at = statistic(a, block.batch, block.head) + query;
    own_lse[i] = there ? lse[at] : 0;
    factor[i] = a.scale;
    if (there && across() == 0) delta[at] = own_delta[i];
  }
  Sums sums;
  sums.clear();
#pragma unroll 1
  for (; keys.first <= seen; keys.first += SIDE, values.first += SIDE) {
    float scores[4][4], slope[4][4];
    dots(scores, queries, keys, memory, a);
    dots(slope, slopes, values, memory, a);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      int last = last_key(a, first + 4 * down() + i);
#pragma unroll
      for (int j = 0; j < 4; j++) {
        bool hidden = keys.first + across() + SPAN * j > last;
        float p = hidden ? 0 : expf(scores[i][j] * a.scale - own_lse[i]);
        scores[i][j] = p * (slope[i][j] - own_delta[i]);
      }
    }
    share(scores, memory);
    sums.add(keys, memory, a);
  }
  sums.scale(factor);
  sums.write(head_of(dq, a.q, block.batch, block.head), a.q.row, first, a.queries, a);
}

__device__ inline void grad_keys_of(const Attention &a, const Tile &block, Memory &memory, const float *__restrict__ q,
                                    const float *__restrict__ k, const float *__restrict__ v, const float *__restrict__ lse,
                                    const float *__restrict__ dy, const float *__restrict__ delta, float *__restrict__ dk,
                                    float *__restrict__ dv) {
  int first = block.number * SIDE, group = a.heads / a.key_heads;
  Strip keys = {head_of(k, a.k, block.batch, block.head), a.k.row, first, a.keys};
  Strip values = {head_of(v, a.v, block.batch, block.head), a.v.row, first, a.keys};
  int begin = first_query(a, first) / SIDE * SIDE;
  Sums dk_sums, dv_sums;
  dk_sums.clear();
  dv_sums.clear();
#pragma unroll 1
  for (int head = block.head * group; head < (block.head + 1) * group; head++) {
    const float *lse_of = lse + statistic(a, block.batch, head), *delta_of = delta + statistic(a, block.batch, head);
    Strip queries = {head_of(q, a.q, block.batch, head), a.q.row, begin, a.queries};
    Strip slopes = {head_of(dy, a.y, block.batch, head), a.y.row, begin, a.queries};
#pragma unroll 1
    for (; queries.first < a.queries; queries.first += SIDE, slopes.first += SIDE) {
      float scores[4][4], slope[4][4];
      dots(scores, keys, queries, memory, a);
#pragma unroll
      for (int j = 0; j < 4; j++) {
        int query = queries.first + across() + SPAN * j, last = last_key(a, query);
        float of = query < a.queries ? lse_of[query] : 0;
#pragma unroll
        for (int i = 0; i < 4; i++) {
          bool hidden = first + 4 * down() + i > last;
          scores[i][j] = hidden ? 0 : expf(scores[i][j] * a.scale - of);
        }
      }
      share(scores, memory);
      dv_sums.add(slopes, memory, a);
      dots(slope, values, slopes, memory, a);
#pragma unroll
      for (int j = 0; j < 4; j++) {
        int query = queries.first + across() + SPAN * j;
        float of = query < a.queries ? delta_of[query] : 0;
#pragma unroll
        for (int i = 0; i < 4; i++) scores[i][j] *= slope[i][j] - of;
      }
      share(scores, memory);
      dk_sums.add(queries, memory, a);
    }
  }
  float factor[4] = {a.scale, a.scale, a.scale, a.scale};
  dk_sums.scale(factor);
  dk_sums.write(head_of(dk, a.k, block.batch, block.head), a.k.row, first, a.keys, a);
  dv_sums.write(head_of(dv, a.v, block.batch, block.head), a.v.row, first, a.keys, a);
}

// Calls one(tile) for this block's share of all heads' tiles, from the last tile of a head to the first or the other way: of a causal
// head what has the most to do comes first.
template <class One>
__device__ inline void for_tiles(const Attention &a, int rows, int heads, bool backwards, One one) {
  int tiles = tiles_of(rows, SIDE);
#pragma unroll 1
  for (i64 n = blockIdx.x; n < a.batches * heads * tiles; n += gridDim.x) {
    Tile block = tile_of(n, tiles, heads);
    if (backwards) block.number = tiles - 1 - block.number;
    one(block);
  }
}

extern "C" __global__ void __launch_bounds__(THREADS, 2)
    attention_f32(const float *q, const float *k, const float *v, float *y, float *lse, Attention a) {
  __shared__ Memory memory;
  for_tiles(a, a.queries, a.heads, true, [&](const Tile &block) { forward_of(a, block, memory, q, k, v, y, lse); });
}

extern "C" __global__ void __launch_bounds__(THREADS, 2)
    attention_grad_queries_f32(const float *q, const float *k, const float *v, const float *y, const float *lse, const float *dy,
                               float *dq, float *delta, Attention a) {
  __shared__ Memory memory;
  for_tiles(a, a.queries, a.heads, true,
            [&](const Tile &block) { grad_queries_of(a, block, memory, q, k, v, y, lse, dy, dq, delta); });
}

extern "C" __global__ void __launch_bounds__(THREADS, 2)
    attention_grad_keys_f32(const float *q, const float *k, const float *v, const float *lse, const float *dy, const float *delta,
                            float *dk, float *dv, Attention a) {
  __shared__ Memory memory;
  for_tiles(a, a.keys, a.key_heads, false,
            [&](const Tile &block) { grad_keys_of(a, block, memory, q, k, v, lse, dy, delta, dk, dv); });
}
