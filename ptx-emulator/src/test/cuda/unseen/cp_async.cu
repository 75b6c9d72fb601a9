// Tiles copied into shared memory while the last one is worked on.

#include <cuda_pipeline.h>

#define TILE 128

// out[i] = sum over tiles of in[tile * TILE + i], two tiles in flight.
extern "C" __global__ void cp_async_pipeline(const float* in, float* out, int tiles) {
  __shared__ __align__(16) float stage[2][TILE];
  float sum = 0.0f;
  int t = threadIdx.x;
  if (t < TILE / 4) __pipeline_memcpy_async(&stage[0][t * 4], &in[t * 4], 16);
  __pipeline_commit();
  for (int tile = 0; tile < tiles; tile++) {
    if (tile + 1 < tiles && t < TILE / 4)
      __pipeline_memcpy_async(&stage[(tile + 1) & 1][t * 4], &in[(tile + 1) * TILE + t * 4], 16);
    __pipeline_commit();
    __pipeline_wait_prior(1);
    __syncthreads();
    sum += stage[tile & 1][(t + tile) % TILE];
    __syncthreads();
  }
  out[t] = sum;
}

// Copies of 4, 8 and 16 bytes of which fewer may be real: the rest becomes zero. A block of 32 threads, n ints.
extern "C" __global__ void cp_async_zero_fill(const int* in, int* out, int n) {
  __shared__ __align__(16) int share[32 * 7];
  int t = threadIdx.x;
  auto copy = [&](int at, int count) {
    unsigned int to = (unsigned int)__cvta_generic_to_shared(&share[at]);
    int real = min(max(n - at, 0), count) * 4;
    const int* from = real > 0 ? in + at : in;
    if (count == 4) asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(real) : "memory");
    if (count == 2) asm volatile("cp.async.ca.shared.global [%0], [%1], 8, %2;" ::"r"(to), "l"(from), "r"(real) : "memory");
    if (count == 1) asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(from), "r"(real) : "memory");
  };
  copy(t * 4, 4);
  copy(32 * 4 + t * 2, 2);
  copy(32 * 6 + t, 1);
  asm volatile("cp.async.wait_all;" ::: "memory");
  __syncthreads();
  for (int i = t; i < 32 * 7; i += 32) out[i] = share[32 * 7 - 1 - i];
}
