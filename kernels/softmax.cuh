// Softmax and its logarithm over rows, and their gradients: <op>_<element>(x, y, rows, columns) and <op>_grad_<element>(y, dy,
// dx, rows, columns), a block a row; short_<op>_<element> and short_<op>_grad_<element> the same, a warp a row. Each row is looked at twice, the second
// time in cache.
//
// Bound: memory. Bytes: forward 8 n, backward 12 n; of halves half of that. Blocks of whole warps: THREADS, for a block a row up to MOST_THREADS.
#pragma once
#include "rows.cuh"

struct Probability {
  float max, inverse;
  __device__ explicit Probability(const LogSum &row) : max(row.max), inverse(1 / row.sum) {}
  __device__ float of(float x) const { return expf(x - max) * inverse; }
};

// Not x - lse: beside a large maximum the logarithm would be rounded away.
struct LogProbability {
  float max, log;
  __device__ explicit LogProbability(const LogSum &row) : max(row.max), log(logf(row.sum)) {}
  __device__ float of(float x) const { return x - max - log; }
};

template <class Team, class Result, class T>
__device__ inline void softmax(const T *__restrict__ x, T *__restrict__ y, i64 rows, i64 columns) {
  for_pieces<Team>(rows, columns, columns, [&](i64, i64, i64 begin, i64 end) {
    LogSum row;
    for_span<Team, LANES<T>>(begin, end, [&](i64 i, auto width) { row.add(load<decltype(width)::value>(x + i)); });
    row.join<Team>();
    Result result(row);
    for_span<Team, LANES<T>>(begin, end, [&](i64 i, auto width) {
      constexpr int W = decltype(width)::value;
      Floats<W> v = load<W>(x + i);
#pragma unroll
      for (int k = 0; k < W; k++) v.v[k] = result.of(v.v[k]);
      store(y + i, v);
    });
  });
}

struct ProbabilityGrad {
  __device__ static float term(float y, float dy) { return dy * y; }
  __device__ static float of(float y, float dy, float sum) { return y * (dy - sum); }
};

struct LogProbabilityGrad {
  __device__ static float term(float, float dy) { return dy; }
  __device__ static float of(float y, float dy, float sum) { return dy - expf(y) * sum; }
};

template <class Team, class Slope, class T>
__device__ inline void softmax_grad(const T *__restrict__ y, const T *__restrict__ dy, T *__restrict__ dx, i64 rows, i64 columns) {
  for_pieces<Team>(rows, columns, columns, [&](i64, i64, i64 begin, i64 end) {
    float sum = 0;
    for_span<Team, LANES<T>>(begin, end, [&](i64 i, auto width) {
      constexpr int W = decltype(width)::value;
      Floats<W> v = load<W>(y + i), w = load<W>(dy + i);
#pragma unroll
      for (int k = 0; k < W; k++) sum += Slope::term(v.v[k], w.v[k]);
    });
    sum = Team::template fold<Sum>(sum);
    for_span<Team, LANES<T>>(begin, end, [&](i64 i, auto width) {
      constexpr int W = decltype(width)::value;
      Floats<W> v = load<W>(y + i), w = load<W>(dy + i);
#pragma unroll
      for (int k = 0; k < W; k++) v.v[k] = Slope::of(v.v[k], w.v[k], sum);
      store(dx + i, v);
    });
  });
}

#define SOFTMAX(name, Team, Result, most)                                                                       \
  extern "C" __global__ void __launch_bounds__(most)                                                            \
      ENTRY(name)(const ELEMENT *x, ELEMENT *y, i64 rows, i64 columns) {                                        \
    softmax<Team, Result>(x, y, rows, columns);                                                                 \
  }                                                                                                             \
  extern "C" __global__ void __launch_bounds__(most)                                                            \
      ENTRY(name##_grad)(const ELEMENT *y, const ELEMENT *dy, ELEMENT *dx, i64 rows, i64 columns) {             \
    softmax_grad<Team, Result##Grad>(y, dy, dx, rows, columns);                                                 \
  }

SOFTMAX(short_softmax, WarpTeam, Probability, THREADS)
SOFTMAX(softmax, BlockTeam, Probability, MOST_THREADS)
SOFTMAX(short_log_softmax, WarpTeam, LogProbability, THREADS)
SOFTMAX(log_softmax, BlockTeam, LogProbability, MOST_THREADS)
