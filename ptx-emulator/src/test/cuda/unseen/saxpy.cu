// y = a x + y with a grid-stride loop, in three types and with 64-bit, unsigned and int indices.

#include <cuda_bf16.h>

extern "C" __global__ void saxpy_f32(float a, const float* x, float* y, long long n) {
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n; i += (long long)gridDim.x * blockDim.x)
    y[i] = __fmaf_rn(a, x[i], y[i]);
}

extern "C" __global__ void saxpy_f64(double a, const double* x, double* y, unsigned int n) {
  for (unsigned int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    y[i] = __fma_rn(a, x[i], y[i]);
}

extern "C" __global__ void saxpy_bf16(float a, const __nv_bfloat16* x, __nv_bfloat16* y, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    y[i] = __float2bfloat16(__fmaf_rn(a, __bfloat162float(x[i]), __bfloat162float(y[i])));
}
