// Every atomic there is, and what is built from compare-and-swap: a float maximum and a lock-free stack.

#include <cuda_fp16.h>

extern "C" __global__ void atomics_int(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int v = in[i];
  atomicAdd(out + 0, v);
  atomicSub(out + 1, v);
  atomicMin(out + 2, v);
  atomicMax(out + 3, v);
  atomicAnd(out + 4, v | 0x00ff0000);
  atomicOr(out + 5, v & 0x0f0f0f0f);
  atomicXor(out + 6, v);
  atomicMin((unsigned int*)out + 7, (unsigned int)v);
  atomicMax((unsigned int*)out + 8, (unsigned int)v);
  atomicInc((unsigned int*)out + 9, 6u);
  atomicDec((unsigned int*)out + 10, 9u);
  atomicAdd_block(out + 11, 1);
  atomicAdd_system(out + 12, v & 3);
}

extern "C" __global__ void atomics_wide(const long long* in, long long* out, double* sum, float* fsum, __half2* hsum, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  long long v = in[i];
  atomicAdd((unsigned long long*)out + 0, (unsigned long long)v);
  atomicMin(out + 1, v);
  atomicMax(out + 2, v);
  atomicAnd(out + 3, v);
  atomicOr(out + 4, v);
  atomicXor(out + 5, v);
  atomicAdd(sum, (double)(v & 1023) * 0.5);
  atomicAdd(fsum, (float)(v & 63) * 0.25f);
  atomicAdd(hsum, __floats2half2_rn(1.0f, (float)(v & 1)));
}

__device__ float atomicMaxFloat(float* address, float value) {
  int seen = *reinterpret_cast<volatile int*>(address), before;
  do {
    before = seen;
    if (__int_as_float(before) >= value) break;
    seen = atomicCAS(reinterpret_cast<int*>(address), before, __float_as_int(value));
  } while (seen != before);
  return __int_as_float(seen);
}

extern "C" __global__ void atomics_float_max(const float* in, float* most, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) atomicMaxFloat(most, in[i]);
}

// Nodes are pushed on stacks chosen by value; next[i] is the one below node i, -1 at the bottom.
extern "C" __global__ void atomics_stack(const int* in, int* heads, int* next, int stacks, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int* head = heads + in[i] % stacks;
  int seen = *(volatile int*)head, below;
  do {
    below = seen;
    next[i] = below;
    __threadfence();
    seen = atomicCAS(head, below, i);
  } while (seen != below);
}

// A lock a counter: taken with compare-and-swap, given back with exchange, by one thread of a warp at a time.
extern "C" __global__ void atomics_lock(int* lock, volatile int* counter, int rounds) {
  for (int round = 0; round < rounds; round++)
    for (bool done = false; !done;)
      if (atomicCAS(lock, 0, 1) == 0) {
        __threadfence();
        *counter = *counter + 1;
        __threadfence();
        atomicExch(lock, 0);
        done = true;
      }
}

extern "C" __global__ void atomics_shared(const int* in, unsigned long long* out, int n) {
  __shared__ unsigned long long sum;
  __shared__ int least, slots[4];
  if (threadIdx.x == 0) {
    sum = 0;
    least = 0x7fffffff;
  }
  if (threadIdx.x < 4) slots[threadIdx.x] = -1;
  __syncthreads();
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    atomicAdd(&sum, (unsigned long long)(long long)in[i]);
    atomicMin(&least, in[i]);
    for (int s = 0; s < 4 && atomicCAS(&slots[s], -1, in[i] & 0xff) != -1; s++) {
    }
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    out[0] = sum;
    out[1] = (unsigned long long)(long long)least;
    int filled = 0;
    for (int s = 0; s < 4; s++) filled += slots[s] >= 0;
    out[2] = filled;
  }
}
