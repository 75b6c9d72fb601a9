// Counts of byte values: a private copy in shared memory a block, and straight into global memory.

extern "C" __global__ void histogram_shared(const unsigned char* in, unsigned int* counts, int n) {
  __shared__ unsigned int own[256];
  for (int i = threadIdx.x; i < 256; i += blockDim.x) own[i] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) atomicAdd(&own[in[i]], 1u);
  __syncthreads();
  for (int i = threadIdx.x; i < 256; i += blockDim.x)
    if (own[i] > 0) atomicAdd(&counts[i], own[i]);
}

extern "C" __global__ void histogram_global(const float* in, int* counts, float low, float high, int bins, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    int bin = (int)((in[i] - low) / (high - low) * bins);
    atomicAdd(counts + min(max(bin, 0), bins - 1), 1);
  }
}
