// Cross-entropies of logits x (rows, classes), a team a row; short_<op> a warp, else a block:
//   cross_entropy_<element>(x, targets, loss, lse, rows, classes, smoothing, fault, site)    targets, loss, lse: (rows)
//   cross_entropy_grad_<element>(x, targets, lse, dy, dx, rows, classes, length, sharpness, share, fault, site)   a team a piece of a row
// A target outside the classes is reported, and never an address; its row has no loss. dx may be x: each element is read before it is
// written, by the same thread.
//
// Bound: memory. Bytes: those of each logit, read once, and of each slope. Blocks of whole warps: THREADS, for a block a row up to
// MOST_THREADS.
#pragma once
#include "rows.cuh"

// Terms of weight 0 are left out, for a logit may be infinite.
template <class Team, class T>
__device__ inline void cross_entropy(const T *__restrict__ x, const int *__restrict__ targets, float *__restrict__ loss,
                                     float *__restrict__ lse, i64 rows, i64 classes, float smoothing, Fault *fault, int site) {
  for_pieces<Team>(rows, classes, classes, [&](i64, i64 n, i64 begin, i64 end) {
    LogSum row;
    float sum = 0;
    for_span<Team, LANES<T>>(begin, end, [&](i64 i, auto width) {
      constexpr int W = decltype(width)::value;
      Floats<W> v = load<W>(x + i);
      row.add(v);
#pragma unroll
      for (int k = 0; k < W; k++) sum += v.v[k];
    });
    row.join<Team>();
    sum = Team::template fold<Sum>(sum);
    if (Team::rank() != 0) return;
    int target = targets[n];
    bool known = in_range(fault, site, target, classes, n);
    float log = logf(row.sum);
    float missed = !known || smoothing == 1 ? 0 : (1 - smoothing) * (row.max - widen(x[begin + target]));
    float spread = smoothing == 0 ? 0 : smoothing * (row.max - sum / classes);
    loss[n] = log + missed + spread;
    lse[n] = row.max + log;
  });
}

template <class Team, class T>
__device__ inline void cross_entropy_grad(const T *x, const int *__restrict__ targets, const float *__restrict__ lse,
                                          const float *__restrict__ dy, T *dx, i64 rows, i64 classes, i64 length, float sharpness,
                                          float share, Fault *fault, int site) {
  for_pieces<Team>(rows, classes, length, [&](i64, i64 n, i64 begin, i64 end) {
    int target = targets[n];
    if (Team::rank() == 0) in_range(fault, site, target, classes, n);
    i64 hit = n * classes + target;
    float log = lse[n], scale = dy[n];
    for_span<Team, LANES<T>>(begin, end, [&](i64 i, auto width) {
      constexpr int W = decltype(width)::value;
      Floats<W> v = load<W>(x + i);
#pragma unroll
      for (int k = 0; k < W; k++) v.v[k] = (expf(v.v[k] - log) - (i + k == hit ? sharpness : 0) - share) * scale;
      store(dx + i, v);
    });
  });
}

#define LOSS(prefix, Team, most)                                                                                                  \
  extern "C" __global__ void __launch_bounds__(most)                                                                              \
      ENTRY(prefix##cross_entropy)(const ELEMENT *x, const int *targets, float *loss, float *lse, i64 rows, i64 classes,          \
                                   float smoothing, Fault *fault, int site) {                                                     \
    cross_entropy<Team>(x, targets, loss, lse, rows, classes, smoothing, fault, site);                                            \
  }                                                                                                                               \
  extern "C" __global__ void __launch_bounds__(most)                                                                              \
      ENTRY(prefix##cross_entropy_grad)(const ELEMENT *x, const int *targets, const float *lse, const float *dy, ELEMENT *dx,     \
                                        i64 rows, i64 classes, i64 length, float sharpness, float share, Fault *fault,            \
                                        int site) {                                                                               \
    cross_entropy_grad<Team>(x, targets, lse, dy, dx, rows, classes, length, sharpness, share, fault, site);                      \
  }

LOSS(short_, WarpTeam, THREADS)
LOSS(, BlockTeam, MOST_THREADS)
