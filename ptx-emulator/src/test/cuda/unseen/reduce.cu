// Sums four ways: tree in shared memory, warp shuffles, two launches, and one launch whose last block finishes.

extern "C" __global__ void reduce_tree(const float* in, float* sums, int n) {
  extern __shared__ float partial[];
  float sum = 0.0f;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) sum += in[i];
  partial[threadIdx.x] = sum;
  __syncthreads();
  // Any number of threads: the upper half, rounded down, is folded onto the lower.
  for (int active = blockDim.x; active > 1;) {
    int half = (active + 1) / 2;
    if (threadIdx.x < active / 2) partial[threadIdx.x] += partial[threadIdx.x + half];
    active = half;
    __syncthreads();
  }
  if (threadIdx.x == 0) sums[blockIdx.x] = partial[0];
}

__device__ __forceinline__ int warpSum(int value) {
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) value += __shfl_down_sync(0xffffffffu, value, offset);
  return value;
}

// Blocks of whole warps.
extern "C" __global__ void reduce_shuffle(const int* in, int* total, int n) {
  __shared__ int warps[32];
  int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  int value = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) value += in[i];
  value = warpSum(value);
  if (lane == 0) warps[warp] = value;
  __syncthreads();
  if (warp == 0) {
    value = lane < (blockDim.x >> 5) ? warps[lane] : 0;
    value = warpSum(value);
    if (lane == 0) atomicAdd(total, value);
  }
}

// Greatest value and where it is first, 64 bits at a time through shuffles of both halves.
extern "C" __global__ void reduce_argmax(const float* in, unsigned long long* best, int n) {
  unsigned long long key = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    unsigned int bits = __float_as_uint(in[i]);
    bits = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    unsigned long long candidate = (unsigned long long)bits << 32 | (0xffffffffu - i);
    key = candidate > key ? candidate : key;
  }
  for (int mask = 1; mask < 32; mask <<= 1) {
    unsigned long long other = __shfl_xor_sync(0xffffffffu, key, mask);
    key = other > key ? other : key;
  }
  if ((threadIdx.x & 31) == 0) atomicMax(best, key);
}

__device__ unsigned int finished = 0;

extern "C" __global__ void reduce_last_block(const double* in, volatile double* sums, double* total, int n) {
  __shared__ double partial[128];
  __shared__ bool last;
  double sum = 0.0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) sum += in[i];
  partial[threadIdx.x] = sum;
  __syncthreads();
  for (int half = 64; half > 0; half >>= 1) {
    if (threadIdx.x < half) partial[threadIdx.x] += partial[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) {
    sums[blockIdx.x] = partial[0];
    __threadfence();
    last = atomicInc(&finished, gridDim.x - 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x == 0) {
    double all = 0.0;
    for (int i = 0; i < gridDim.x; i++) all += sums[i];
    *total = all;
  }
}
