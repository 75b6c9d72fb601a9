// Eight-bit integers: dot products by dp4a and dp2a, quantisation with saturation, SIMD within a word.

extern "C" __global__ void int8_dot(const int* a, const int* b, int* out, int words, int rows) {
  int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= rows) return;
  int sum = 0;
  for (int i = 0; i < words; i++) sum = __dp4a(a[row * words + i], b[i], sum);
  unsigned int unsignedSum = 0;
  for (int i = 0; i < words; i++)
    unsignedSum = __dp4a((unsigned int)a[row * words + i], (unsigned int)b[i], unsignedSum);
  int mixed = 0;
  for (int i = 0; i < words; i++) mixed = __dp2a_lo(a[row * words + i], b[i], mixed);
  for (int i = 0; i < words; i++) mixed = __dp2a_hi(a[row * words + i], b[i], mixed);
  out[row * 3] = sum;
  out[row * 3 + 1] = (int)unsignedSum;
  out[row * 3 + 2] = mixed;
}

extern "C" __global__ void int8_quantise(const float* in, signed char* out, unsigned char* positive, float scale, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int value = __float2int_rn(__fmul_rn(in[i], scale));
  out[i] = (signed char)max(-128, min(127, value));
  unsigned short saturated;
  asm("{ .reg .u32 t; cvt.rni.sat.u8.f32 t, %1; cvt.u16.u32 %0, t; }" : "=h"(saturated) : "f"(__fmul_rn(in[i], scale)));
  positive[i] = (unsigned char)saturated;
}

extern "C" __global__ void int8_simd(const unsigned int* a, const unsigned int* b, unsigned int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  out[i * 6] = __vadd4(a[i], b[i]);
  out[i * 6 + 1] = __vabsdiffu4(a[i], b[i]);
  out[i * 6 + 2] = __vmaxs4(a[i], b[i]);
  out[i * 6 + 3] = __vcmpgtu4(a[i], b[i]);
  out[i * 6 + 4] = __vaddus2(a[i], b[i]);
  out[i * 6 + 5] = __vsads4(a[i], b[i]);
}
