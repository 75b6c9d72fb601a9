// Launches whose blocks wait for each other: cooperative groups' grid barrier, and one made of an atomic.

#include <cooperative_groups.h>

namespace cg = cooperative_groups;

// Steps of a smoothing, each reading what all blocks wrote in the one before.
extern "C" __global__ void grid_groups(float* a, float* b, int n, int steps) {
  cg::grid_group grid = cg::this_grid();
  for (int step = 0; step < steps; step++) {
    for (int i = grid.thread_rank(); i < n; i += grid.size())
      b[i] = 0.25f * a[i == 0 ? 0 : i - 1] + 0.5f * a[i] + 0.25f * a[i == n - 1 ? i : i + 1];
    grid.sync();
    float* other = a;
    a = b;
    b = other;
  }
}

extern "C" __global__ void grid_atomic(int* values, int* sums, unsigned int* arrived) {
  if (threadIdx.x == 0) values[blockIdx.x] = blockIdx.x * blockIdx.x + 1;
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    atomicAdd(arrived, 1u);
    while (atomicAdd(arrived, 0u) < gridDim.x) __nanosleep(32);
    __threadfence();
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    int sum = 0;
    for (int i = 0; i < gridDim.x; i++) sum += __ldcg(&values[i]);
    sums[blockIdx.x] = sum;
  }
}
