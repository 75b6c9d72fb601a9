#include "attention_backward.cuh"
#include "attention_forward.cuh"

#define ATTENTION(P)                                                                                                              \
  extern "C" __global__ void __launch_bounds__(TEAM, 2)                                                                           \
      attention_##P##_bf16(const u16 *q, const u16 *k, const u16 *v, u16 *y, float *lse, Attention a) {                           \
    attention_forward<Bf16, P>(a, q, k, v, y, lse);                                                                               \
  }                                                                                                                               \
  extern "C" __global__ void __launch_bounds__(TEAM, 2)                                                                           \
      attention_grad_queries_##P##_bf16(const u16 *q, const u16 *k, const u16 *v, const u16 *y, const float *lse, const u16 *dy,  \
                                        u16 *dq, float *delta, Attention a) {                                                     \
    attention_grad_queries<Bf16, P>(a, q, k, v, y, lse, dy, dq, delta);                                                           \
  }                                                                                                                               \
  extern "C" __global__ void __launch_bounds__(TEAM, 2)                                                                           \
      attention_grad_keys_##P##_bf16(const u16 *q, const u16 *k, const u16 *v, const float *lse, const u16 *dy,                   \
                                     const float *delta, u16 *dk, u16 *dv, Attention a) {                                         \
    attention_grad_keys<Bf16, P>(a, q, k, v, lse, dy, delta, dk, dv);                                                             \
  }

ATTENTION(32)
ATTENTION(64)
ATTENTION(128)
