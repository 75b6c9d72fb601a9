// Copies through vector types of 16 and 8 bytes with a tail, a strided gather into a double2, and a reversal.

extern "C" __global__ void vector_copy(const float* __restrict__ in, float* __restrict__ out, int n) {
  int quads = n / 4, i = blockIdx.x * blockDim.x + threadIdx.x;
  const float4* from = reinterpret_cast<const float4*>(in);
  for (int j = i; j < quads; j += gridDim.x * blockDim.x) {
    float4 v = from[j];
    reinterpret_cast<float4*>(out)[j] = make_float4(v.x + 1.0f, v.y * 2.0f, v.z - 3.0f, -v.w);
  }
  if (i < n % 4) out[quads * 4 + i] = in[quads * 4 + i];
}

extern "C" __global__ void vector_reverse(const int2* in, int2* out, const short4* small, short4* smallOut, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int2 v = in[n - 1 - i];
  out[i] = make_int2(v.y, v.x);
  short4 s = small[n - 1 - i];
  smallOut[i] = make_short4(s.w, s.z, s.y, s.x);
}

extern "C" __global__ void vector_complex(const double2* a, const double2* b, double2* out, uchar4* signs, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  double2 x = a[i], y = b[i];
  double re = __fma_rn(x.x, y.x, -__dmul_rn(x.y, y.y)), im = __fma_rn(x.x, y.y, __dmul_rn(x.y, y.x));
  out[i] = make_double2(re, im);
  signs[i] = make_uchar4(re > 0, re < 0, im > 0, im < 0);
}
