// Convolution with a filter in constant memory, set by the host, and a table that the module itself initialises.

__constant__ float taps[17];
__constant__ int tapCount = 17;
__constant__ unsigned char primes[] = {2, 3, 5, 7, 11, 13, 17, 19};
__device__ float scale[2] = {1.5f, -0.25f};

extern "C" __global__ void conv1d(const float* in, float* out, int n) {
  extern __shared__ float share[];
  int half = tapCount / 2, first = blockIdx.x * blockDim.x - half;
  for (int i = threadIdx.x; i < blockDim.x + 2 * half; i += blockDim.x)
    share[i] = first + i >= 0 && first + i < n ? in[first + i] : 0.0f;
  __syncthreads();
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float sum = 0.0f;
  for (int j = 0; j < tapCount; j++) sum = fmaf(taps[j], share[threadIdx.x + j], sum);
  out[i] = sum * scale[i & 1] + primes[i & 7];
}
