// loss.cuh for F32, and cross-entropies against probabilities, a team a row; short_<op> a warp, else a block:
//   soft_cross_entropy_f32(x, targets, loss, lse, rows, classes)                             targets: (rows, classes)
//   soft_cross_entropy_grad_f32(x, targets, lse, dy, dx, rows, classes)
//
// Bound: memory. Bytes: 4 for each logit and soft target, read once (soft_cross_entropy_grad: targets twice, the second time in
// cache), and for each slope. Blocks of whole warps: THREADS, for a block a row up to MOST_THREADS.
#define ELEMENT f32
#include "loss.cuh"

template <class Team>
__device__ inline void soft_cross_entropy(const float *__restrict__ x, const float *__restrict__ targets, float *__restrict__ loss,
                                          float *__restrict__ lse, i64 rows, i64 classes) {
  for_pieces<Team>(rows, classes, classes, [&](i64, i64 n, i64 begin, i64 end) {
    LogSum row;
    float sum = 0, dot = 0;
    for_span<Team>(begin, end, [&](i64 i, auto width) {
      constexpr int W = decltype(width)::value;
      Floats<W> v = load<W>(x + i), p = load<W>(targets + i);
      row.add(v);
#pragma unroll
      for (int k = 0; k < W; k++) {
        sum += p.v[k];
        dot += p.v[k] * v.v[k];
      }
    });
    row.join<Team>();
    sum = Team::template fold<Sum>(sum);
    dot = Team::template fold<Sum>(dot);
    if (Team::rank() != 0) return;
    float log = logf(row.sum);
    loss[n] = log * sum + (row.max * sum - dot);
    lse[n] = row.max + log;
  });
}

template <class Team>
__device__ inline void soft_cross_entropy_grad(const float *__restrict__ x, const float *__restrict__ targets,
                                               const float *__restrict__ lse, const float *__restrict__ dy, float *__restrict__ dx,
                                               i64 rows, i64 classes) {
  for_pieces<Team>(rows, classes, classes, [&](i64, i64 n, i64 begin, i64 end) {
    float sum = 0;
    for_span<Team>(begin, end, [&](i64 i, auto width) {
      constexpr int W = decltype(width)::value;
      Floats<W> p = load<W>(targets + i);
#pragma unroll
      for (int k = 0; k < W; k++) sum += p.v[k];
    });
    sum = Team::template fold<Sum>(sum);
    float log = lse[n], scale = dy[n];
    for_span<Team>(begin, end, [&](i64 i, auto width) {
      constexpr int W = decltype(width)::value;
      Floats<W> v = load<W>(x + i), p = load<W>(targets + i);
#pragma unroll
      for (int k = 0; k < W; k++) v.v[k] = (expf(v.v[k] - log) * sum - p.v[k]) * scale;
      store(dx + i, v);
    });
  });
}

#define SOFT_LOSS(prefix, Team, most)                                                                                             \
  extern "C" __global__ void __launch_bounds__(most)                                                                              \
      prefix##soft_cross_entropy_f32(const float *x, const float *targets, float *loss, float *lse, i64 rows, i64 classes) {      \
    soft_cross_entropy<Team>(x, targets, loss, lse, rows, classes);                                                               \
  }                                                                                                                               \
  extern "C" __global__ void __launch_bounds__(most)                                                                              \
      prefix##soft_cross_entropy_grad_f32(const float *x, const float *targets, const float *lse, const float *dy, float *dx,     \
                                          i64 rows, i64 classes) {                                                                \
    soft_cross_entropy_grad<Team>(x, targets, lse, dy, dx, rows, classes);                                                        \
  }

SOFT_LOSS(short_, WarpTeam, THREADS)
SOFT_LOSS(, BlockTeam, MOST_THREADS)
