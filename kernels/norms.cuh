// How rows of numbers are normalised, and the gradients of that.
#pragma once
#include "rows.cuh"

// The mean of numbers far from 0 is rounded by more than matters to x - mean; so it is kept in two parts.
struct Centre {
  float middle, rest, scale;

  __device__ float mean() const { return middle + rest; }
  __device__ float of(float v) const { return (v - middle - rest) * scale; }
};

// look(f) calls f with this thread's numbers of a row, as Floats, each time in the same order.
template <class Team, class Look>
__device__ inline Centre centre(i64 columns, float epsilon, Look look) {
  float sum = 0;
  look([&](const auto &v) {
#pragma unroll
    for (int k = 0; k < sizeof(v) / sizeof(float); k++) sum += v.v[k];
  });
  float middle = Team::template fold<Sum>(sum) / columns;
  float rest = 0, squares = 0;
  look([&](const auto &v) {
#pragma unroll
    for (int k = 0; k < sizeof(v) / sizeof(float); k++) {
      float d = v.v[k] - middle;
      rest += d;
      squares += d * d;
    }
  });
  rest = Team::template fold<Sum>(rest) / columns;
  float variance = Team::template fold<Sum>(squares) / columns - rest * rest;
  return {middle, rest, 1 / sqrtf((variance < 0 ? 0 : variance) + epsilon)};
}

template <int W, class T>
__device__ inline void put_norm(Floats<W> v, const Centre &row, const T *__restrict__ gamma, const T *__restrict__ beta,
                                T *__restrict__ y) {
  Floats<W> g = load<W>(gamma), b = load<W>(beta);
#pragma unroll
  for (int k = 0; k < W; k++) v.v[k] = row.of(v.v[k]) * g.v[k] + b.v[k];
  store(y, v);
}

// Two looks, then y.
template <class Team, class T>
__device__ inline void layer_norm(const T *__restrict__ x, const T *__restrict__ gamma, const T *__restrict__ beta, T *__restrict__ y,
                                  float *__restrict__ mean, float *__restrict__ rstd, i64 rows, i64 columns, float epsilon) {
  for (i64 row = Team::first(); row < rows; row += Team::teams()) {
    const T *of = x + row * columns;
    Centre centred = centre<Team>(columns, epsilon, [&](auto f) {
      for_columns<Team, LANES<T>>(columns, [&](i64 c, auto width) { f(load<decltype(width)::value>(of + c)); });
    });
    for_columns<Team, LANES<T>>(columns, [&](i64 c, auto width) {
      put_norm(load<decltype(width)::value>(of + c), centred, gamma + c, beta + c, y + row * columns + c);
    });
    if (Team::rank() == 0) {
      mean[row] = centred.mean();
      rstd[row] = centred.scale;
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

// RESIDUAL: x goes on past the norm, too, and its slope there is added.
template <bool CENTRED, bool RESIDUAL, class T>
__device__ inline void row_norm_grad(const T *__restrict__ x, const T *__restrict__ gamma, const float *__restrict__ mean,
                                     const float *__restrict__ rstd, const T *__restrict__ dy, const T *__restrict__ past,
                                     T *__restrict__ dx, float *dgamma, float *dbeta, i64 rows, i64 columns, i64 length) {
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
          Floats<W> v = load<W>(x + at), slope = load<W>(dy + at), beside = {};
          if (RESIDUAL) beside = load<W>(past + at);
#pragma unroll
          for (int k = 0; k < W; k++) {
            float h = (v.v[k] - row.mean) * row.rstd;
            sum_dyh.v[k] += slope.v[k] * h;
            if (CENTRED) sum_dy.v[k] += slope.v[k];
            v.v[k] = row.rstd * (slope.v[k] * weight.v[k] - row.mean_g - h * row.mean_gh);
            if (RESIDUAL) v.v[k] += beside.v[k];
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
