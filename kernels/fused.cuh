// What could be composed, done in one pass, for an element type, here f32:
//   bias_relu_f32(x, b, y, n, strides)                 y = relu(x + b); strides: of x and of b, which is stretched
//   bias_gelu_tanh_f32(x, b, y, n, strides)            y = gelu_tanh(x + b); strides as of bias_relu
//   bias_gelu_tanh_grad_f32(x, b, dy, dx, n, strides)
//   residual_layer_norm_f32(x, delta, gamma, beta, y, sum, mean, rstd, rows, columns, epsilon)      a block a row;
//                                                      short_residual_layer_norm_f32 a warp
//   residual_layer_norm_grad_f32(sum, gamma, mean, rstd, dy, dsum, dx, dgamma, dbeta, rows, columns, length)     a block for length rows;
//                                                      dgamma and dbeta as in row_norm.cuh
//
// Bound: memory; bias_gelu_tanh_grad on some cards, and more of halves, its instructions. Bytes: 8 n, 8 n, 12 n, 16 n, 16 n; of halves half
// of that. A row's sum is kept in registers where a thread has MOST_KEPT packs of it at most: that is any row for a warp, and 8192 floats
// or 16384 halves for a block of THREADS. Longer ones, and those not of whole packs, are looked at again where they were stored.
#pragma once
#include "activations.cuh"
#include "norms.cuh"

constexpr int MOST_KEPT = 8;

template <int W, class T>
__device__ inline Floats<W> widened(const Pack<T, W> &pack) {
  Floats<W> wide;
#pragma unroll
  for (int k = 0; k < W; k++) wide.v[k] = widen(pack.v[k]);
  return wide;
}

// The biases of W neighbours. Rows of one number have the same.
template <int W, class T>
__device__ inline Floats<W> load_bias(const T *__restrict__ b, i64 at, const Strides<2> &s) {
  return widened(load_pack<W>(b + at, s.stride[1][0]));
}

extern "C" __global__ void ENTRY(bias_relu)(const ELEMENT *__restrict__ x, const ELEMENT *__restrict__ b, ELEMENT *__restrict__ y, i64 n,
                                            const __grid_constant__ Strides<2> s) {
  constexpr int W = LANES<ELEMENT>;
  auto relu = [](float v) { return nan_or(v, fmaxf(v, 0.f)); };
  auto one = [&](i64 i, i64(&at)[2]) { narrow(relu(widen(x[i]) + widen(b[at[1]])), y[i]); };
  auto several = [&](i64 i, i64(&at)[2]) {
    Floats<W> v = load<W>(x + i), bias = load_bias<W>(b, at[1], s);
#pragma unroll
    for (int k = 0; k < W; k++) v.v[k] = relu(v.v[k] + bias.v[k]);
    store(y + i, v);
  };
  for_box<W>(s, n, one, several);
}

extern "C" __global__ void ENTRY(bias_gelu_tanh)(const ELEMENT *__restrict__ x, const ELEMENT *__restrict__ b, ELEMENT *__restrict__ y,
                                                 i64 n, const __grid_constant__ Strides<2> s) {
  constexpr int W = LANES<ELEMENT>;
  auto one = [&](i64 i, i64(&at)[2]) { narrow(gelu_tanh(widen(x[i]) + widen(b[at[1]])), y[i]); };
  auto several = [&](i64 i, i64(&at)[2]) {
    Floats<W> v = load<W>(x + i), bias = load_bias<W>(b, at[1], s);
#pragma unroll
    for (int k = 0; k < W; k++) v.v[k] = gelu_tanh(v.v[k] + bias.v[k]);
    store(y + i, v);
  };
  for_box<W>(s, n, one, several);
}

extern "C" __global__ void ENTRY(bias_gelu_tanh_grad)(const ELEMENT *__restrict__ x, const ELEMENT *__restrict__ b,
                                                      const ELEMENT *__restrict__ dy, ELEMENT *__restrict__ dx, i64 n,
                                                      const __grid_constant__ Strides<2> s) {
  constexpr int W = LANES<ELEMENT>;
  auto one = [&](i64 i, i64(&at)[2]) { narrow(widen(dy[i]) * gelu_tanh_slope(widen(x[i]) + widen(b[at[1]])), dx[i]); };
  auto several = [&](i64 i, i64(&at)[2]) {
    Floats<W> v = load<W>(x + i), bias = load_bias<W>(b, at[1], s), slope = load<W>(dy + i);
#pragma unroll
    for (int k = 0; k < W; k++) v.v[k] = slope.v[k] * gelu_tanh_slope(v.v[k] + bias.v[k]);
    store(dx + i, v);
  };
  for_box<W>(s, n, one, several);
}

// x + delta as it is kept.
template <int W, class T>
__device__ inline Pack<T, W> kept_sum(const T *__restrict__ x, const T *__restrict__ delta, T *sum) {
  Floats<W> v = load<W>(x), d = load<W>(delta);
  Pack<T, W> kept;
#pragma unroll
  for (int k = 0; k < W; k++) narrow(v.v[k] + d.v[k], kept.v[k]);
  store_pack(sum, kept);
  return kept;
}

template <class Team, class T>
__device__ inline void residual_layer_norm(const T *__restrict__ x, const T *__restrict__ delta, const T *__restrict__ gamma,
                                           const T *__restrict__ beta, T *__restrict__ y, T *sum, float *__restrict__ mean,
                                           float *__restrict__ rstd, i64 rows, i64 columns, float epsilon) {
  constexpr int W = LANES<T>;
  for (i64 row = Team::first(); row < rows; row += Team::teams()) {
    i64 at = row * columns;
    Centre centred;
    if (columns % W == 0 && columns <= (i64)Team::size() * W * MOST_KEPT) {
      Pack<T, W> kept[MOST_KEPT];
      // Calls body(n, c) for each pack of this thread.
      auto each = [&](auto body) {
#pragma unroll
        for (int n = 0; n < MOST_KEPT; n++) {
          i64 c = (i64)(n * Team::size() + Team::rank()) * W;
          if (c < columns) body(n, c);
        }
      };
      each([&](int n, i64 c) { kept[n] = kept_sum<W>(x + at + c, delta + at + c, sum + at + c); });
      centred = centre<Team>(columns, epsilon, [&](auto f) { each([&](int n, i64) { f(widened(kept[n])); }); });
      each([&](int n, i64 c) { put_norm(widened(kept[n]), centred, gamma + c, beta + c, y + at + c); });
    } else {
      for_columns<Team, W>(columns, [&](i64 c, auto width) {
        kept_sum<decltype(width)::value>(x + at + c, delta + at + c, sum + at + c);
      });
      // Each thread looks at what it has stored itself.
      const T *stored = sum + at;
      centred = centre<Team>(columns, epsilon, [&](auto f) {
        for_columns<Team, W>(columns, [&](i64 c, auto width) { f(load<decltype(width)::value>(stored + c)); });
      });
      for_columns<Team, W>(columns, [&](i64 c, auto width) {
        put_norm(load<decltype(width)::value>(stored + c), centred, gamma + c, beta + c, y + at + c);
      });
    }
    if (Team::rank() == 0) {
      mean[row] = centred.mean();
      rstd[row] = centred.scale;
    }
  }
}

#define RESIDUAL_LAYER_NORM(prefix, Team)                                                                                          \
  extern "C" __global__ void ENTRY(prefix##residual_layer_norm)(const ELEMENT *x, const ELEMENT *delta, const ELEMENT *gamma,      \
                                                                const ELEMENT *beta, ELEMENT *y, ELEMENT *sum, float *mean,        \
                                                                float *rstd, i64 rows, i64 columns, float epsilon) {               \
    residual_layer_norm<Team>(x, delta, gamma, beta, y, sum, mean, rstd, rows, columns, epsilon);                                  \
  }

RESIDUAL_LAYER_NORM(short_, WarpTeam)
RESIDUAL_LAYER_NORM(, BlockTeam)

extern "C" __global__ void ENTRY(residual_layer_norm_grad)(const ELEMENT *sum, const ELEMENT *gamma, const float *mean,
                                                           const float *rstd, const ELEMENT *dy, const ELEMENT *dsum, ELEMENT *dx,
                                                           float *dgamma, float *dbeta, i64 rows, i64 columns, i64 length) {
  row_norm_grad<true, true>(sum, gamma, mean, rstd, dy, dsum, dx, dgamma, dbeta, rows, columns, length);
}
