// A function that calls itself, with a frame of its own each time.

__device__ __noinline__ unsigned int ackermann(unsigned int m, unsigned int n) {
  if (m == 0) return n + 1;
  return n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

extern "C" __global__ void recursion(unsigned int* out) { out[threadIdx.x] = ackermann(2, threadIdx.x); }
