// Arithmetic in pairs of halves and of bfloats, and their conversions.

#include <cuda_bf16.h>
#include <cuda_fp16.h>

extern "C" __global__ void half2_arithmetic(const __half2* a, const __half2* b, __half2* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  __half2 x = a[i], y = b[i];
  out[i * 6] = __hadd2(x, y);
  out[i * 6 + 1] = __hsub2(x, y);
  out[i * 6 + 2] = __hmul2(x, y);
  out[i * 6 + 3] = __hfma2(x, y, __hneg2(x));
  out[i * 6 + 4] = __hmax2(x, __habs2(y));
  out[i * 6 + 5] = __halves2half2(__hlt(__low2half(x), __low2half(y)) ? __high2half(x) : __high2half(y),
                                  __hadd(__low2half(x), __high2half(y)));
}

extern "C" __global__ void half2_bfloat(const __nv_bfloat162* a, const __nv_bfloat162* b, __nv_bfloat162* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  out[i * 3] = __hfma2(a[i], b[i], a[i]);
  out[i * 3 + 1] = __hmax2(a[i], b[i]);
  out[i * 3 + 2] = __floats2bfloat162_rn(__low2float(a[i]) * 1.0078125f, __high2float(b[i]) - 0.001f);
}

extern "C" __global__ void half2_convert(const float* in, __half* rounded, short* integers, float* back, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  rounded[i * 4] = __float2half_rn(in[i]);
  rounded[i * 4 + 1] = __float2half_rz(in[i]);
  rounded[i * 4 + 2] = __float2half_ru(in[i]);
  rounded[i * 4 + 3] = __float2half_rd(in[i]);
  integers[i] = __half2short_rz(rounded[i * 4]);
  back[i] = __half2float(__int2half_rn((int)integers[i]));
}
