// What a training in halves does beside products: activations by eights, norms of gradients, and steps of weights kept twice.

#include <cuda_bf16.h>
#include <cuda_fp16.h>

__device__ float tangent(float x) {
  float y;
  asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// y = gelu(x + b), the tanh form. x, y: (n, c), c divisible by 8; b: (c).
extern "C" __global__ void bias_gelu_bf16(const uint4* x, const uint4* b, uint4* y, int n, int c) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n * c / 8) return;
  uint4 own = x[i], bias = __ldg(&b[i % (c / 8)]);
  __nv_bfloat162 *pairs = (__nv_bfloat162*)&own, *shifts = (__nv_bfloat162*)&bias;
  for (int j = 0; j < 4; j++) {
    float2 u = __bfloat1622float2(pairs[j]), s = __bfloat1622float2(shifts[j]), z;
    u.x += s.x;
    u.y += s.y;
    z.x = 0.5f * u.x * (1.0f + tangent(0.7978845608f * (u.x + 0.044715f * u.x * u.x * u.x)));
    z.y = 0.5f * u.y * (1.0f + tangent(0.7978845608f * (u.y + 0.044715f * u.y * u.y * u.y)));
    pairs[j] = __float22bfloat162_rn(z);
  }
  y[i] = own;
}

// Partial sums of squares, one a block; an infinite element leaves an infinite sum.
extern "C" __global__ void squares_f16(const __half2* x, float* sums, int pairs) {
  __shared__ float share[32];
  float sum = 0.0f;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < pairs; i += gridDim.x * blockDim.x) {
    float2 u = __half22float2(x[i]);
    sum += u.x * u.x + u.y * u.y;
  }
  for (int step = 16; step > 0; step /= 2) sum += __shfl_down_sync(~0u, sum, step);
  if (threadIdx.x % 32 == 0) share[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x < 32) {
    sum = threadIdx.x < blockDim.x / 32 ? share[threadIdx.x] : 0.0f;
    for (int step = 16; step > 0; step /= 2) sum += __shfl_down_sync(~0u, sum, step);
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
  }
}

// Some 32 bits that differ from one i to the next.
__device__ unsigned int scrambled(unsigned int i) {
  i = i * 747796405u + 2891336453u;
  i = ((i >> ((i >> 28) + 4)) ^ i) * 277803737u;
  return (i >> 22) ^ i;
}

// A step of momentum on masters in f32, if the factor is finite; then w is the master, rounded up as often as it is near.
extern "C" __global__ void momentum_stochastic_bf16(__nv_bfloat16* w, float* master, float* momentum, const __nv_bfloat16* dw,
                                                    const float* factor, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  float f = *factor;
  if (i >= n || !isfinite(f)) return;
  float m = __fmaf_rn(0.9f, momentum[i], __fmul_rn(f, __bfloat162float(dw[i])));
  float next = __fmaf_rn(-0.125f, m, master[i]);
  momentum[i] = m;
  master[i] = next;
  unsigned int bits = __float_as_uint(next) + (scrambled(i) & 0xFFFFu);
  w[i] = __ushort_as_bfloat16((unsigned short)(bits >> 16));
}

// The same to f16 and to nearest, and what was lost by it, times 4096.
extern "C" __global__ void narrow_f16(const float* master, __half* w, __half* rest, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  __half near = __float2half_rn(master[i]);
  w[i] = near;
  rest[i] = __float2half_rn((master[i] - __half2float(near)) * 4096.0f);
}

// Rows added up into the rows of a table that they are of, by pairs. sums: (rows, c / 2), x: (n, c / 2). Not in bf16: before sm_90 the
// headers make an atomic of it that begins with a plain read, which races with the others' exchanges.
extern "C" __global__ void scatter_pairs(__half2* sums, const __half2* x, const int* row, int n, int half) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n * half) atomicAdd(&sums[row[i / half] * half + i % half], x[i]);
}
