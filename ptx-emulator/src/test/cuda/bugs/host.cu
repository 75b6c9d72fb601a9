// Right kernels, for hosts that are wrong: memory freed too early, twice, or never.

__device__ int ownVariable[4];

extern "C" __global__ void copy_words(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = in[i];
}
