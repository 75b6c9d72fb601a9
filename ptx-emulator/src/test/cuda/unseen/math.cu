// Functions of the maths library in single precision, as IEEE has them; math_fast.cu is the same with shortcuts.

#define ENTRY math_each
#define EXACT math_rounded

extern "C" __global__ void ENTRY(const float* in, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float x = in[i], positive = fabsf(x) + 0.001f, *to = out + i * 12;
  to[0] = expf(x);
  to[1] = logf(positive);
  to[2] = sinf(x);
  to[3] = cosf(x);
  to[4] = tanhf(x);
  to[5] = powf(positive, x * 0.5f);
  to[6] = erff(x);
  to[7] = sqrtf(positive);
  to[8] = rsqrtf(positive);
  to[9] = x / (positive + 2.0f);
  to[10] = exp2f(x) + log2f(positive);
  to[11] = atan2f(x, positive) + log1pf(positive);
}

// What is rounded once, however it is compiled.
extern "C" __global__ void EXACT(const float* in, float* out, int* integers, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float x = in[i], positive = fabsf(x) + 0.5f, *to = out + i * 10;
  to[0] = __fdiv_rn(x, positive);
  to[1] = __fsqrt_rn(positive);
  to[2] = __frcp_rn(positive);
  to[3] = floorf(x) + ceilf(x) * 0.5f;
  to[4] = rintf(x * 4.0f);
  to[5] = truncf(x);
  to[6] = fmodf(x, 0.75f);
  to[7] = copysignf(fminf(positive, 1.25f), x);
  to[8] = __fadd_rz(x, 1.0e-6f);
  to[9] = ldexpf(x, i % 5 - 2);
  integers[i * 4] = __float2int_rn(x);
  integers[i * 4 + 1] = (int)x;
  integers[i * 4 + 2] = __float2int_rd(x);
  integers[i * 4 + 3] = (int)__float2uint_ru(positive * 1.0e9f);
}
