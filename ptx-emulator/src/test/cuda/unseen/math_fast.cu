// nvcc: --use_fast_math
// Functions of the maths library in single precision, with the compiler's shortcuts; math.cu is the same without.

#define ENTRY math_fast

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

