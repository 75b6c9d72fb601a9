// Softmax of rows: a warp a row through shuffles, and a block a row in one pass with a running maximum.

#include <math_constants.h>

extern "C" __global__ void softmax_warp(const float* in, float* out, int rows, int columns) {
  int row = blockIdx.x * blockDim.y + threadIdx.y, lane = threadIdx.x;
  if (row >= rows) return;
  const float* from = in + (size_t)row * columns;
  float most = -CUDART_INF_F;
  for (int i = lane; i < columns; i += 32) most = fmaxf(most, from[i]);
  for (int mask = 16; mask > 0; mask >>= 1) most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, mask));
  float sum = 0.0f;
  for (int i = lane; i < columns; i += 32) sum += expf(from[i] - most);
  for (int mask = 16; mask > 0; mask >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, mask, 32);
  for (int i = lane; i < columns; i += 32) out[(size_t)row * columns + i] = expf(from[i] - most) / sum;
}

struct Running {
  float most, sum;
};

__device__ Running join(Running a, Running b) {
  Running more = a.most > b.most ? a : b, less = a.most > b.most ? b : a;
  more.sum += less.sum == 0.0f ? 0.0f : less.sum * __expf(less.most - more.most);
  return more;
}

extern "C" __global__ void softmax_online(const float* in, float* out, int columns) {
  __shared__ Running all[64];
  const float* from = in + (size_t)blockIdx.x * columns;
  Running own = {-CUDART_INF_F, 0.0f};
  for (int i = threadIdx.x; i < columns; i += blockDim.x) own = join(own, Running{from[i], 1.0f});
  all[threadIdx.x] = own;
  __syncthreads();
  for (int half = blockDim.x / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) all[threadIdx.x] = join(all[threadIdx.x], all[threadIdx.x + half]);
    __syncthreads();
  }
  own = all[0];
  for (int i = threadIdx.x; i < columns; i += blockDim.x)
    out[(size_t)blockIdx.x * columns + i] = __fdividef(__expf(from[i] - own.most), own.sum);
}
