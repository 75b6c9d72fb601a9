// Kernels that print and that assert.

#include <assert.h>
#include <stdio.h>

extern "C" __global__ void print_values(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  if (in[i] < 0) printf("negative at %d: %d, %s, %.3f, %lld, %c, %5u|%-6x|%%\n", i, in[i], "text", in[i] * 0.5,
                        (long long)in[i] * 10000000000ll, 'a' - in[i], 42u, 255);
  out[i] = in[i] * 2;
}

extern "C" __global__ void assert_positive(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  assert(in[i] > 0);
  out[i] = in[i] + 1;
}
