// Layer and RMS norm over rows, and their gradients, for an element type, here f32:
//   layer_norm_f32(x, gamma, beta, y, mean, rstd, rows, columns, epsilon)               a block a row; short_layer_norm_f32 a warp
//   rms_norm_f32(x, gamma, y, rstd, rows, columns, epsilon)                             a block a row; short_rms_norm_f32 a warp
//   layer_norm_grad_f32(x, gamma, mean, rstd, dy, dx, dgamma, dbeta, rows, columns, length)   a block for length rows
//   rms_norm_grad_f32(x, gamma, rstd, dy, dx, dgamma, rows, columns, length)                  a block for length rows
// The gradients' dgamma and dbeta are (pieces of length rows, columns): what each block's rows add, to be summed in another launch.
// These, mean and rstd are floats whatever the elements are.
//
// Bound: memory. Bytes: forward 8 n, backward 12 n, of halves half of that, and those of dgamma and dbeta; what is looked at again is in cache. Backward, a
// block takes as many rows at a time as it has warps: first a warp a row for the row's sums, then all warps together for dx and, each
// thread in its own columns, for the rows' part of dgamma and dbeta. Blocks of THREADS.
#pragma once
#include "rows.cuh"

// Two looks, then y. The mean of numbers far from 0 is rounded by more than matters to x - mean; so it is kept in two parts.
template <class Team, class T>
__device__ inline void layer_norm(const T *__restrict__ x, const T *__restrict__ gamma, const T *__restrict__ beta, T *__restrict__ y,
                                  float *__restrict__ mean, float *__restrict__ rstd, i64 rows, i64 columns, float epsilon) {
  for (i64 row = Team::first(); row < rows; row += Team::teams()) {
    const T *of = x + row * columns;
    float sum = 0;
    for_columns<Team, LANES<T>>(columns, [&](i64 c, auto width) {
      constexpr int W = decltype(width)::value;
      Floats<W> v = load<W>(of + c);
#pragma unroll
      for (int k = 0; k < W; k++) sum += v.v[k];
    });
    float middle = Team::template fold<Sum>(sum) / columns;
    float rest = 0, squares = 0;
    for_columns<Team, LANES<T>>(columns, [&](i64 c, auto width) {
      constexpr int W = decltype(width)::value;
      Floats<W> v = load<W>(of + c);
#pragma unroll
      for (int k = 0; k < W; k++) {
        float d = v.v[k] - middle;
        rest += d;
        squares += d * d;
      }
    });
    rest = Team::template fold<Sum>(rest) / columns;
    float variance = Team::template fold<Sum>(squares) / columns - rest * rest;
    float scale = 1 / sqrtf((variance < 0 ? 0 : variance) + epsilon);
    for_columns<Team, LANES<T>>(columns, [&](i64 c, auto width) {
      constexpr int W = decltype(width)::value;
      Floats<W> v = load<W>(of + c), g = load<W>(gamma + c), b = load<W>(beta + c);
#pragma unroll
      for (int k = 0; k < W; k++) v.v[k] = (v.v[k] - middle - rest) * scale * g.v[k] + b.v[k];
      store(y + row * columns + c, v);
    });
    if (Team::rank() == 0) {
      mean[row] = middle + rest;
      rstd[row] = scale;
    }
  }
}

template <class Team, class T>
__device__ inline void rms_norm(const T *__restrict__ x, const T *__restrict__ gamma, T *__restrict__ y, float *__restrict__ rstd,
                                i64 rows, i64 columns, float epsilon) {
  for (i64 row = Team::first(); row < rows; row += Team::teams()) {
    const T *of = x + row * columns;
    float squares = 0;
    for_columns<Team, LANES<T>>(columns, [&](i64 c, auto width) {
      constexpr int W = decltype(width)::value;
      Floats<W> v = load<W>(of + c);
#pragma unroll
      for (int k = 0; k < W; k++) squares += v.v[k] * v.v[k];
    });
    float scale = 1 / sqrtf(Team::template fold<Sum>(squares) / columns + epsilon);
    for_columns<Team, LANES<T>>(columns, [&](i64 c, auto width) {
      constexpr int W = decltype(width)::value;
      Floats<W> v = load<W>(of + c), g = load<W>(gamma + c);
#pragma unroll
      for (int k = 0; k < W; k++) v.v[k] = v.v[k] * scale * g.v[k];
      store(y + row * columns + c, v);
    });
    if (Team::rank() == 0) rstd[row] = scale;
  }
}

// What a warp has found out about its row, for the whole block. means: of g and of g * h, with h = (x - mean) * rstd, g = dy * gamma.
struct RowOfWarp {
  float mean, rstd, mean_g, mean_gh;
};

// Layer norm if there is a mean, else RMS norm.
template <bool CENTRED, class T>
__device__ inline RowOfWarp look(const T *__restrict__ x, const T *__restrict__ gamma, const float *__restrict__ mean,
                                 const float *__restrict__ rstd, const T *__restrict__ dy, i64 row, i64 columns) {
  float middle = CENTRED ? mean[row] : 0, scale = rstd[row];
  float sum_g = 0, sum_gh = 0;
  for_columns<WarpTeam, LANES<T>>(columns, [&](i64 c, auto width) {
    constexpr int W = decltype(width)::value;
    Floats<W> v = load<W>(x + row * columns + c), slope = load<W>(dy + row * columns + c), weight = load<W>(gamma + c);
#pragma unroll
    for (int k = 0; k < W; k++) {
      float g = slope.v[k] * weight.v[k];
      sum_g += g;
      sum_gh += g * ((v.v[k] - middle) * scale);
    }
  });
  float mean_g = CENTRED ? warp_fold<Sum>(sum_g) / columns : 0;
  return RowOfWarp{middle, scale, mean_g, warp_fold<Sum>(sum_gh) / columns};
}

template <bool CENTRED, class T>
__device__ inline void row_norm_grad(const T *__restrict__ x, const T *__restrict__ gamma, const float *__restrict__ mean,
                                     const float *__restrict__ rstd, const T *__restrict__ dy, T *__restrict__ dx, float *dgamma,
                                     float *dbeta, i64 rows, i64 columns, i64 length) {
  __shared__ RowOfWarp of_warp[WARP];
  int warp = threadIdx.x / WARP, warps = blockDim.x / WARP;
  i64 pieces = (rows + length - 1) / length;
#pragma unroll 1
  for (i64 piece = blockIdx.x; piece < pieces; piece += gridDim.x) {
    i64 begin = piece * length, end = begin + length < rows ? begin + length : rows;
#pragma unroll 1
    for (i64 base = begin; base < end; base += warps) {
      if (base + warp < end) {
        RowOfWarp found = look<CENTRED>(x, gamma, mean, rstd, dy, base + warp, columns);
        if (threadIdx.x % WARP == 0) of_warp[warp] = found;
      }
      __syncthreads();
      int live = end - base < warps ? (int)(end - base) : warps;
      for_columns<BlockTeam, LANES<T>>(columns, [&](i64 c, auto width) {
        constexpr int W = decltype(width)::value;
        i64 to = piece * columns + c;
        Floats<W> weight = load<W>(gamma + c), sum_dyh = {}, sum_dy = {};
        if (base != begin) {
          sum_dyh = load<W>(dgamma + to);
          if (CENTRED) sum_dy = load<W>(dbeta + to);
        }
#pragma unroll 2
        for (int r = 0; r < live; r++) {
          RowOfWarp row = of_warp[r];
          i64 at = (base + r) * columns + c;
          Floats<W> v = load<W>(x + at), slope = load<W>(dy + at);
#pragma unroll
          for (int k = 0; k < W; k++) {
            float h = (v.v[k] - row.mean) * row.rstd;
            sum_dyh.v[k] += slope.v[k] * h;
            if (CENTRED) sum_dy.v[k] += slope.v[k];
            v.v[k] = row.rstd * (slope.v[k] * weight.v[k] - row.mean_g - h * row.mean_gh);
          }
          store(dx + at, v);
        }
        store(dgamma + to, sum_dyh);
        if (CENTRED) store(dbeta + to, sum_dy);
      });
      __syncthreads();
    }
  }
}

#define ROW_NORM(prefix, Team)                                                                                                   \
  extern "C" __global__ void ENTRY(prefix##layer_norm)(const ELEMENT *x, const ELEMENT *gamma, const ELEMENT *beta, ELEMENT *y,   \
                                                       float *mean, float *rstd, i64 rows, i64 columns, float epsilon) {          \
    layer_norm<Team>(x, gamma, beta, y, mean, rstd, rows, columns, epsilon);                                                      \
  }                                                                                                                               \
  extern "C" __global__ void ENTRY(prefix##rms_norm)(const ELEMENT *x, const ELEMENT *gamma, ELEMENT *y, float *rstd, i64 rows,   \
                                                     i64 columns, float epsilon) {                                                \
    rms_norm<Team>(x, gamma, y, rstd, rows, columns, epsilon);                                                                    \
  }

ROW_NORM(short_, WarpTeam)
ROW_NORM(, BlockTeam)

extern "C" __global__ void ENTRY(layer_norm_grad)(const ELEMENT *x, const ELEMENT *gamma, const float *mean, const float *rstd,
                                                  const ELEMENT *dy, ELEMENT *dx, float *dgamma, float *dbeta, i64 rows, i64 columns,
                                                  i64 length) {
  row_norm_grad<true>(x, gamma, mean, rstd, dy, dx, dgamma, dbeta, rows, columns, length);
}

extern "C" __global__ void ENTRY(rms_norm_grad)(const ELEMENT *x, const ELEMENT *gamma, const float *rstd, const ELEMENT *dy,
                                                ELEMENT *dx, float *dgamma, i64 rows, i64 columns, i64 length) {
  row_norm_grad<false>(x, gamma, nullptr, rstd, dy, dx, dgamma, nullptr, rows, columns, length);
}
