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
#include "norms.cuh"

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
  row_norm_grad<true, false>(x, gamma, mean, rstd, dy, (const ELEMENT *)nullptr, dx, dgamma, dbeta, rows, columns, length);
}

extern "C" __global__ void ENTRY(rms_norm_grad)(const ELEMENT *x, const ELEMENT *gamma, const float *rstd, const ELEMENT *dy,
                                                ELEMENT *dx, float *dgamma, i64 rows, i64 columns, i64 length) {
  row_norm_grad<false, false>(x, gamma, nullptr, rstd, dy, (const ELEMENT *)nullptr, dx, dgamma, nullptr, rows, columns, length);
}
