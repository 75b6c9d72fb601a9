// Attention of 16-bit floats (bf16, f16) and its gradients, for heads of up to P columns (32, 64, 128); a module for each:
//   attention_P_T(q, k, v, y, lse, attention)
//   attention_grad_queries_P_T(q, k, v, y, lse, dy, dq, delta, attention)
//   attention_grad_keys_P_T(q, k, v, lse, dy, delta, dk, dv, attention)     delta being what the kernel of queries made
//
// attention.cuh says where tensors lie; lse and delta are F32. Scores, their sums and all sums of products are F32; weights and slopes
// of scores are rounded to T where they are multiplied. Rows that do not begin on 16 bytes are read and written element by element.
//
// Bound: the tensor cores. For each score and column: 4 flops forward, 6 of queries, 8 of keys. Of a causal head's scores half are
// skipped, tile by tile. Bytes: each tensor once, and what goes by again for each block of rows, mostly from the L2. Blocks of TEAM
// threads, two a multiprocessor by their registers. Dynamic shared memory as the catalogue says: FORWARD_BYTES, GRAD_QUERIES_BYTES,
// GRAD_KEYS_BYTES.
#pragma once
#include "attention_backward.cuh"
#include "attention_forward.cuh"

#define ATTENTION(P, T)                                                                                                          \
  extern "C" __global__ void __launch_bounds__(TEAM, 2)                                                                          \
      JOINED(attention_##P, T)(const T *q, const T *k, const T *v, T *y, float *lse, Attention a) {                              \
    attention_forward<T, P>(a, q, k, v, y, lse);                                                                                 \
  }                                                                                                                              \
  extern "C" __global__ void __launch_bounds__(TEAM, 2)                                                                          \
      JOINED(attention_grad_queries_##P, T)(const T *q, const T *k, const T *v, const T *y, const float *lse, const T *dy,       \
                                            T *dq, float *delta, Attention a) {                                                  \
    attention_grad_queries<T, P>(a, q, k, v, y, lse, dy, dq, delta);                                                             \
  }                                                                                                                              \
  extern "C" __global__ void __launch_bounds__(TEAM, 2)                                                                          \
      JOINED(attention_grad_keys_##P, T)(const T *q, const T *k, const T *v, const float *lse, const T *dy, const float *delta,  \
                                         T *dk, T *dv, Attention a) {                                                            \
    attention_grad_keys<T, P>(a, q, k, v, lse, dy, delta, dk, dv);                                                               \
  }
