// Reads and writes where indices say. An index out of its range is reported, and what it stands for is 0 or left out. Elements are
// of 4 bytes (b32), of 2 (b16), of 1 (b8), or numbers (f32, bf16, f16). wide: whether a number of an element may not fit 32 bits.
//
//   embedding_<bits>(fault, site, table, indices, y, n, rows, width, wide)     table: (rows, width); y: (n / width, width). By fours,
//                                                                             or eights of 2 bytes, where that divides the width.
//   gather_<bits>(fault, site, x, indices, y, n, places, inner, length, wide)  x: (outer, length, inner); indices and y: (outer,
//                                                                             places, inner), n elements.
//   one_hot_<bits>(fault, site, indices, y, n, classes, one)                   y: (n, classes), zeroed before; 1 of the element type.
//   gather_grad_f32(fault, site, dy, indices, dx, lines, places, inner, length)
//                                                                             as gather, lines being outer * inner; dx zeroed
//                                                                             before. A thread adds up a line, in order.
//
// Bound: memory. Bytes: of the result, as much of the source, and the indices once; gather_grad 16 for each index, one_hot 8 or 5.
//
// Sums of rows with the same index, where that would keep few threads busy or many threads adding to one row. Three steps:
//
//   index_keys(fault, site, indices, keys, positions, n, places, inner, length, none)
//                                 each index as a number of a row, none where it is out of range, and the position it has
//   (sort.cu)                     sorts both by key; equals stay in order
//   sum_windows_<element>(keys, positions, dy, dtable, pieces, n, width, rows)
//                                 a window is 64 sorted positions; a run is a stretch of equal keys. Rows of dy are added run by run;
//                                 a run within its window is written to its row of dtable, the pieces of one that crosses a window's
//                                 edge to pieces, which are floats: (windows, 2, width), first what came in from the left, second what starts here.
//   join_windows_<element>(keys, pieces, dtable, n, width, rows, across)
//                                 adds up the pieces of each run that crosses an edge. Blocks of 256, across columns wide, a power of
//                                 two up to 32; what is left of the block takes every so manieth piece.
//
// Which sums are formed depends on indices and width alone. Bytes: index_keys 12 n; sum_windows 8 n, dy, up to 1/32 of it as pieces
// for join_windows, and dtable, zeroed before, where it is hit. n stays below 2^31, so that positions and keys have 32 bits.
#include "common.cuh"

// ---- forward

template <class T>
__device__ inline void take_rows(Fault *fault, int site, const T *__restrict__ table, const int *__restrict__ indices,
                                 T *__restrict__ y, i64 n, i64 rows, i64 width, int wide) {
  auto row_of = [&](i64 i) -> i64 { return wide ? i / width : (i64)((u32)i / (u32)width); };
  constexpr int W = LANES<T>;
  if (width % W == 0) {
    for_packs<W>(n, [&](i64 i) {
      i64 row = row_of(i);
      int index = indices[row];
      Pack<T, W> v = {};
      if (in_range(fault, site, index, rows, row)) v = load_pack<W>(table + index * width + (i - row * width));
      store_pack(y + i, v);
    });
  } else {
#pragma unroll 1
    for (i64 i = thread_in_grid(); i < n; i += threads_in_grid()) {
      i64 row = row_of(i);
      int index = indices[row];
      y[i] = in_range(fault, site, index, rows, row) ? table[index * width + (i - row * width)] : 0;
    }
  }
}

template <class T>
__device__ inline void gather(Fault *fault, int site, const T *__restrict__ x, const int *__restrict__ indices, T *__restrict__ y,
                              i64 n, i64 places, i64 inner, i64 length, int wide) {
  auto pick = [&](i64 i, int index) -> T {
    if (!in_range(fault, site, index, length, i)) return 0;
    i64 outer, place;
    if (wide) {
      outer = i / (places * inner);
      place = i % inner;
    } else {
      outer = (u32)i / (u32)(places * inner);
      place = (u32)i % (u32)inner;
    }
    return x[(outer * length + index) * inner + place];
  };
  for_quads(n, [&](i64 i) {
    Quad<int> index = load4(indices + i);
    Quad<T> v;
#pragma unroll
    for (int k = 0; k < 4; k++) v.v[k] = pick(i + k, index.v[k]);
    store4(y + i, v);
  });
  for_tail(n, [&](i64 i) { y[i] = pick(i, indices[i]); });
}

template <class T>
__device__ inline void one_hot(Fault *fault, int site, const int *__restrict__ indices, T *__restrict__ y, i64 n, i64 classes, T one) {
#pragma unroll 1
  for (i64 i = thread_in_grid(); i < n; i += threads_in_grid()) {
    int index = indices[i];
    if (in_range(fault, site, index, classes, i)) y[i * classes + index] = one;
  }
}

#define FORWARD(bits, T)                                                                                                           \
  extern "C" __global__ void embedding_##bits(Fault *fault, int site, const T *table, const int *indices, T *y, i64 n, i64 rows,   \
                                              i64 width, int wide) {                                                               \
    take_rows(fault, site, table, indices, y, n, rows, width, wide);                                                               \
  }                                                                                                                                \
  extern "C" __global__ void gather_##bits(Fault *fault, int site, const T *x, const int *indices, T *y, i64 n, i64 places,        \
                                           i64 inner, i64 length, int wide) {                                                      \
    gather(fault, site, x, indices, y, n, places, inner, length, wide);                                                            \
  }                                                                                                                                \
  extern "C" __global__ void one_hot_##bits(Fault *fault, int site, const int *indices, T *y, i64 n, i64 classes, int one) {       \
    one_hot(fault, site, indices, y, n, classes, (T)one);                                                                          \
  }

FORWARD(b32, u32)
FORWARD(b16, u16)
FORWARD(b8, u8)

// ---- gradients

extern "C" __global__ void gather_grad_f32(Fault *fault, int site, const float *__restrict__ dy, const int *__restrict__ indices,
                                           float *__restrict__ dx, i64 lines, i64 places, i64 inner, i64 length) {
#pragma unroll 1
  for (i64 line = thread_in_grid(); line < lines; line += threads_in_grid()) {
    i64 outer = line / inner;
    i64 place = line - outer * inner;
    float *sums = dx + outer * length * inner + place;
#pragma unroll 1
    for (i64 j = 0; j < places; j++) {
      i64 i = (outer * places + j) * inner + place;
      int index = indices[i];
      if (in_range(fault, site, index, length, i)) sums[index * inner] += dy[i];
    }
  }
}

extern "C" __global__ void index_keys(Fault *fault, int site, const int *__restrict__ indices, u32 *__restrict__ keys,
                                      u32 *__restrict__ positions, i64 n, i64 places, i64 inner, i64 length, int none) {
#pragma unroll 1
  for (i64 i = thread_in_grid(); i < n; i += threads_in_grid()) {
    int index = indices[i];
    u32 outer = (u32)i / (u32)(places * inner), place = (u32)i % (u32)inner;
    keys[i] = in_range(fault, site, index, length, i) ? (outer * (u32)length + index) * (u32)inner + place : none;
    positions[i] = (u32)i;
  }
}

constexpr u32 WINDOW = 64;
constexpr int JOIN_THREADS = 256;

template <int W>
__device__ inline void add(Floats<W> &sum, const Floats<W> &v) {
#pragma unroll
  for (int k = 0; k < W; k++) sum.v[k] += v.v[k];
}

// A thread takes W columns of one window. columns: how many times W a row has.
template <int W, class T>
__device__ inline void sum_windows(const u32 *__restrict__ keys, const u32 *__restrict__ positions, const T *__restrict__ dy,
                                   T *__restrict__ dtable, float *__restrict__ pieces, u32 n, u32 columns, u32 rows) {
  u32 windows = (n + WINDOW - 1) / WINDOW;
#pragma unroll 1
  for (i64 t = thread_in_grid(); t < (i64)windows * columns; t += threads_in_grid()) {
    u32 window = (u32)t / columns;
    u32 column = (u32)t - window * columns;
    u32 first = window * WINDOW, end = n - first < WINDOW ? n : first + WINDOW;
    u32 run = keys[first];
    bool from_left = first > 0 && keys[first - 1] == run;
    Floats<W> sum = {};
    auto write = [&](bool to_right) {
      if (run >= rows) return;
      if (from_left) store(pieces + (((i64)window * 2) * columns + column) * W, sum);
      else if (to_right) store(pieces + (((i64)window * 2 + 1) * columns + column) * W, sum);
      else store(dtable + ((i64)run * columns + column) * W, sum);
    };
    auto take = [&](u32 key, const Floats<W> &v) {
      if (key != run) {
        write(false);
        run = key;
        from_left = false;
        sum = {};
      }
      add(sum, v);
    };
    u32 i = first;
    // Four rows are on their way at a time.
#pragma unroll 1
    for (; i + 3 < end; i += 4) {
      Quad<u32> key = load4(keys + i), position = load4(positions + i);
      Floats<W> v[4];
#pragma unroll
      for (int k = 0; k < 4; k++) v[k] = load<W>(dy + ((i64)position.v[k] * columns + column) * W);
#pragma unroll
      for (int k = 0; k < 4; k++) take(key.v[k], v[k]);
    }
#pragma unroll 1
    for (; i < end; i++) take(keys[i], load<W>(dy + ((i64)positions[i] * columns + column) * W));
    write(end < n && keys[end] == run);
  }
}

// The last position of the run that position `at` belongs to.
__device__ inline u32 last_of_run(const u32 *__restrict__ keys, u32 at, u32 n) {
  u32 key = keys[at], beyond = n;
#pragma unroll 1
  while (beyond - at > 1) {
    u32 middle = at + (beyond - at) / 2;
    if (keys[middle] == key) at = middle;
    else beyond = middle;
  }
  return at;
}

template <int W, class T>
__device__ inline void join_windows(const u32 *__restrict__ keys, const float *__restrict__ pieces, T *__restrict__ dtable, u32 n,
                                    u32 columns, u32 rows, int across) {
  __shared__ Floats<W> sums[JOIN_THREADS];
  int me = threadIdx.x, rank = me / across, ranks = JOIN_THREADS / across;
  u32 edges = (n - 1) / WINDOW, chunks = (columns + across - 1) / across;
#pragma unroll 1
  for (i64 t = blockIdx.x; t < (i64)edges * chunks; t += gridDim.x) {
    u32 window = (u32)t / chunks;
    u32 column = ((u32)t - window * chunks) * across + me % across;
    u32 first = window * WINDOW, end = first + WINDOW;
    u32 key = keys[end];
    bool starts_here = keys[end - 1] == key && !(first > 0 && keys[first - 1] == key);
    if (!starts_here || key >= rows) continue;
    u32 last = last_of_run(keys, end, n) / WINDOW;
    Floats<W> sum = {};
    if (column < columns) {
      if (rank == 0) sum = load<W>(pieces + (((i64)window * 2 + 1) * columns + column) * W);
#pragma unroll 4
      for (u32 w = window + 1 + rank; w <= last; w += ranks) add(sum, load<W>(pieces + ((i64)w * 2 * columns + column) * W));
    }
    sums[me] = sum;
#pragma unroll 1
    for (int half = ranks / 2; half > 0; half /= 2) {
      __syncthreads();
      if (rank < half) add(sums[me], sums[me + half * across]);
    }
    if (rank == 0 && column < columns) store(dtable + ((i64)key * columns + column) * W, sums[me]);
    __syncthreads();
  }
}

#define SUMS(T)                                                                                                                    \
  extern "C" __global__ void sum_windows_##T(const u32 *keys, const u32 *positions, const T *dy, T *dtable, float *pieces, i64 n,  \
                                             i64 width, i64 rows) {                                                                \
    constexpr int W = LANES<T>;                                                                                                    \
    if (width % W == 0) sum_windows<W>(keys, positions, dy, dtable, pieces, (u32)n, (u32)width / W, (u32)rows);                    \
    else sum_windows<1>(keys, positions, dy, dtable, pieces, (u32)n, (u32)width, (u32)rows);                                       \
  }                                                                                                                                \
  extern "C" __global__ void join_windows_##T(const u32 *keys, const float *pieces, T *dtable, i64 n, i64 width, i64 rows,         \
                                              int across) {                                                                        \
    constexpr int W = LANES<T>;                                                                                                    \
    if (width % W == 0) join_windows<W>(keys, pieces, dtable, (u32)n, (u32)width / W, (u32)rows, across);                          \
    else join_windows<1>(keys, pieces, dtable, (u32)n, (u32)width, (u32)rows, across);                                             \
  }

SUMS(f32)
SUMS(bf16)
SUMS(f16)
