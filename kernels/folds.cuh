// Folds of a tensor seen as (outer, rows, columns) over its rows, written once for sums, maxima and the like. A policy F says what
// is folded: In, Acc and Out are the element types of x, of what is gathered, and of results; of(x, r) is what row r has to give, fold
// joins two, result(acc, divisor) is what becomes of it; all<Team>(acc) folds over a team. y is where results are put: an array of
// Out, or Rounded.
//
// Launched with blocks of THREADS. Which elements are summed in which order is decided by the shape and by the length of the pieces
// that rows are cut into, never by the grid.
#pragma once
#include "rows.cuh"

// A fold of floats, or of halves as floats.
template <class F, class T = float>
struct FoldOf {
  typedef T In;
  typedef float Acc;
  typedef float Out;
  __device__ static float none() { return F::none(); }
  __device__ static float of(T x, i64) { return widen(x); }
  __device__ static float fold(float a, float b) { return F::fold(a, b); }
  __device__ static float result(float v, float divisor) { return v / divisor; }
  template <class Team>
  __device__ static float all(float v) {
    return Team::template fold<F>(v);
  }
};

// Results of an element type that the launch says: 0 F32, 1 BF16, 2 F16.
struct Rounded {
  void *to;
  int type;
};

template <class T, int W>
__device__ inline void put(T *y, i64 at, const Pack<T, W> &results) {
  store_pack(y + at, results);
}

template <int W>
__device__ inline void put(const Rounded &y, i64 at, const Pack<float, W> &results) {
  Floats<W> floats;
#pragma unroll
  for (int k = 0; k < W; k++) floats.v[k] = results.v[k];
  if (y.type == 0) store((float *)y.to + at, floats);
  else if (y.type == 1) store((bf16 *)y.to + at, floats);
  else store((f16 *)y.to + at, floats);
}

// Columns of length 1, that is, rows side by side: x (rows, columns), y (rows, pieces), a team a piece.
template <class F, class Team, class Y>
__device__ inline void fold_rows(const typename F::In *__restrict__ x, Y y, i64 rows, i64 columns, i64 length, float divisor = 1) {
  typedef typename F::In In;
  typedef typename F::Acc Acc;
  constexpr int LANES_OF_X = LANES<In>;
  for_pieces<Team>(rows, columns, length, [&](i64 n, i64 row, i64 begin, i64 end) {
    Acc acc[LANES_OF_X];
#pragma unroll
    for (int k = 0; k < LANES_OF_X; k++) acc[k] = F::none();
    for_span<Team, LANES_OF_X>(begin, end, [&](i64 i, auto width) {
      constexpr int W = decltype(width)::value;
      Pack<In, W> v = load_pack<W>(x + i);
#pragma unroll
      for (int k = 0; k < W; k++) acc[k] = F::fold(acc[k], F::of(v.v[k], i + k - row * columns));
    });
#pragma unroll
    for (int step = 1; step < LANES_OF_X; step *= 2) {
#pragma unroll
      for (int k = 0; k < LANES_OF_X; k += 2 * step) acc[k] = F::fold(acc[k], acc[k + step]);
    }
    Acc all = F::template all<Team>(acc[0]);
    if (Team::rank() == 0) put(y, n, Pack<typename F::Out, 1>{{F::result(all, divisor)}});
  });
}

// A thread for each W neighbours of y: for few rows, or very many columns.
template <class F, int W, class Y>
__device__ inline void fold_few(const typename F::In *__restrict__ x, Y y, i64 outer, i64 rows, i64 columns, float divisor) {
  for (i64 n = thread_in_grid() * W; n < outer * columns; n += threads_in_grid() * W) {
    i64 box = n / columns;
    const typename F::In *from = x + (box * rows * columns + (n - box * columns));
    typename F::Acc acc[W];
#pragma unroll
    for (int k = 0; k < W; k++) acc[k] = F::none();
#pragma unroll 4
    for (i64 r = 0; r < rows; r++) {
      Pack<typename F::In, W> v = load_pack<W>(from + r * columns);
#pragma unroll
      for (int k = 0; k < W; k++) acc[k] = F::fold(acc[k], F::of(v.v[k], r));
    }
    Pack<typename F::Out, W> out;
#pragma unroll
    for (int k = 0; k < W; k++) out.v[k] = F::result(acc[k], divisor);
    put(y, n, out);
  }
}

// A block as a tile: as many threads side by side as the tile is wide, and as many below one another as there is room for.
struct Tile {
  int width, height, x, y;

  __device__ Tile(int width) : width(width), height(blockDim.x / width), x(threadIdx.x % width), y(threadIdx.x / width) {}

  // Threads that are left over stand idle.
  __device__ bool idle() const { return y >= height; }

  // All threads of a column of the tile get the fold of them all. The whole block must call.
  template <class F, int W, class Acc>
  __device__ void fold(Acc (&v)[W]) const {
    __shared__ Acc of_thread[W][THREADS];
#pragma unroll
    for (int k = 0; k < W; k++) of_thread[k][threadIdx.x] = v[k];
    for (int left = height; left > 1;) {
      int half = (left + 1) / 2;
      __syncthreads();
      if (y + half < left) {
#pragma unroll
        for (int k = 0; k < W; k++) {
          v[k] = F::fold(v[k], of_thread[k][threadIdx.x + half * width]);
          of_thread[k][threadIdx.x] = v[k];
        }
      }
      left = half;
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < W; k++) v[k] = of_thread[k][x];
    __syncthreads();
  }
};

// Boxes cut into pieces of rows and, by the tile's width, into strips of columns, W to a thread: calls body(box, piece, group, r0,
// r1) with all threads of the block, for each piece of a strip that is this block's. Groups beyond the last have no rows.
template <int W, class Body>
__device__ inline void for_tiles(const Tile &tile, i64 outer, i64 rows, i64 columns, i64 length, Body body) {
  i64 groups = columns / W;
  i64 strips = (groups + tile.width - 1) / tile.width, pieces = (rows + length - 1) / length;
#pragma unroll 1
  for (i64 n = blockIdx.x; n < outer * pieces * strips; n += gridDim.x) {
    i64 line = n / strips, box = line / pieces;
    i64 group = (n - line * strips) * tile.width + tile.x, piece = line - box * pieces;
    i64 end = (piece + 1) * length < rows ? (piece + 1) * length : rows;
    bool outside = tile.idle() || group >= groups;
    body(box, piece, group, piece * length + tile.y, outside ? 0 : end);
  }
}

// x (outer, rows, columns), y (outer, pieces, columns), a tile a piece of a strip.
template <class F, int W, class Y>
__device__ inline void fold_columns(const typename F::In *__restrict__ x, Y y, i64 outer, i64 rows, i64 columns, i64 length, int width,
                                    float divisor) {
  Tile tile(width);
  i64 pieces = (rows + length - 1) / length;
  for_tiles<W>(tile, outer, rows, columns, length, [&](i64 box, i64 piece, i64 group, i64 from, i64 to) {
    typename F::Acc acc[W];
#pragma unroll
    for (int k = 0; k < W; k++) acc[k] = F::none();
    const typename F::In *column = x + (box * rows * columns + group * W);
#pragma unroll 4
    for (i64 r = from; r < to; r += tile.height) {
      Pack<typename F::In, W> v = load_pack<W>(column + r * columns);
#pragma unroll
      for (int k = 0; k < W; k++) acc[k] = F::fold(acc[k], F::of(v.v[k], r));
    }
    tile.fold<F>(acc);
    if (tile.y == 0 && to > 0) {
      Pack<typename F::Out, W> out;
#pragma unroll
      for (int k = 0; k < W; k++) out.v[k] = F::result(acc[k], divisor);
      put(y, (box * pieces + piece) * columns + group * W, out);
    }
  });
}

// By 16 bytes where a row's elements allow it.
template <class F, class Y>
__device__ inline void fold_few(const typename F::In *x, Y y, i64 outer, i64 rows, i64 columns, float divisor = 1) {
  constexpr int W = LANES<typename F::In>;
  if (columns % W == 0) fold_few<F, W>(x, y, outer, rows, columns, divisor);
  else fold_few<F, 1>(x, y, outer, rows, columns, divisor);
}

template <class F, class Y>
__device__ inline void fold_columns(const typename F::In *x, Y y, i64 outer, i64 rows, i64 columns, i64 length, int width,
                                    float divisor = 1) {
  constexpr int W = LANES<typename F::In>;
  if (columns % W == 0) fold_columns<F, W>(x, y, outer, rows, columns, length, width, divisor);
  else fold_columns<F, 1>(x, y, outer, rows, columns, length, width, divisor);
}
