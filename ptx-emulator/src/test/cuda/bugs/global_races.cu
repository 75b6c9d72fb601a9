// Races in global memory within a launch. The lines marked are those of the accesses, or the one of both.

extern "C" __global__ void two_blocks_bug(const int* in, int* out, int n) {
  if (threadIdx.x == 0) out[blockIdx.x / 2] = blockIdx.x;  // BUG two_blocks
}

extern "C" __global__ void two_blocks_ok(const int* in, int* out, int n) {
  if (threadIdx.x == 0 && blockIdx.x % 2 == 0) out[blockIdx.x / 2] = blockIdx.x;
}

// Blocks smooth in place what neighbours read.
extern "C" __global__ void in_place_bug(int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int left = i > 0 ? in[i - 1] : 0;  // BUG in_place
  __syncthreads();
  if (i < n) in[i] = in[i] + left;  // BUG in_place
}

extern "C" __global__ void in_place_ok(int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int left = i > 0 && i < n ? in[i - 1] : 0;
  __syncthreads();
  if (i < n) out[i] = in[i] + left;
}

extern "C" __global__ void neighbour_bug(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = in[i] * 2;  // BUG neighbour
  __syncthreads();
  int first = ((volatile int*)out)[i % blockDim.x];  // BUG neighbour
  if (first < 0) out[n + i] = first;
}

extern "C" __global__ void neighbour_ok(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = in[i] * 2;
  __syncthreads();
  int first = out[i ^ 1];
  if (first < 0) out[n + i] = first;
}

extern "C" __global__ void missing_atomic_bug(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (in[i] > 0) *out = *out + 1;  // BUG missing_atomic
}

extern "C" __global__ void missing_atomic_ok(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (in[i] > 0) atomicAdd(out, 1);
}

__device__ unsigned int arrived;

// The last block to arrive adds up what all have written.
extern "C" __global__ void no_fence_bug(const int* in, int* out, int n) {
  __shared__ bool last;
  if (threadIdx.x == 0) {
    out[1 + blockIdx.x] = in[blockIdx.x];  // BUG no_fence
    last = atomicInc(&arrived, gridDim.x - 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x == 0) {
    int sum = 0;
    for (int i = 0; i < gridDim.x; i++) sum += out[1 + i];  // BUG no_fence
    out[0] = sum;
  }
}

extern "C" __global__ void no_fence_ok(const int* in, int* out, int n) {
  __shared__ bool last;
  if (threadIdx.x == 0) {
    out[1 + blockIdx.x] = in[blockIdx.x];
    __threadfence();
    last = atomicInc(&arrived, gridDim.x - 1) == gridDim.x - 1;
    __threadfence();
  }
  __syncthreads();
  if (last && threadIdx.x == 0) {
    int sum = 0;
    for (int i = 0; i < gridDim.x; i++) sum += out[1 + i];
    out[0] = sum;
  }
}

// Block 0 hands a value to the others through a flag.
extern "C" __global__ void flag_bug(const int* in, int* out, int* flag) {
  if (threadIdx.x != 0) return;
  if (blockIdx.x == 0) {
    out[0] = in[0];  // BUG flag
    atomicExch(flag, 1);
  } else {
    while (atomicAdd(flag, 0) == 0) __nanosleep(20);
    int value = out[0];  // BUG flag
    out[blockIdx.x] = value + blockIdx.x;
  }
}

extern "C" __global__ void flag_ok(const int* in, int* out, int* flag) {
  if (threadIdx.x != 0) return;
  if (blockIdx.x == 0) {
    out[0] = in[0];
    __threadfence();
    atomicExch(flag, 1);
  } else {
    while (atomicAdd(flag, 0) == 0) __nanosleep(20);
    __threadfence();
    int value = out[0];
    out[blockIdx.x] = value + blockIdx.x;
  }
}

// Threads of one block exchange through global memory without a barrier.
extern "C" __global__ void same_block_bug(const int* in, int* out, int n) {
  int t = threadIdx.x;
  out[t] = in[t];  // BUG same_block
  int other = ((volatile int*)out)[n - 1 - t];  // BUG same_block
  out[n + t] = other;
}

extern "C" __global__ void same_block_ok(const int* in, int* out, int n) {
  int t = threadIdx.x;
  out[t] = in[t];
  __syncthreads();
  int other = ((volatile int*)out)[n - 1 - t];
  out[n + t] = other;
}
