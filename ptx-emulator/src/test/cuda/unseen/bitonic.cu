// Bitonic sorts: of a block's share in shared memory, and of 32 keys with values in a warp's registers.

extern "C" __global__ void bitonic_block(int* keys, int n) {
  extern __shared__ int share[];
  int t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
  share[t] = i < n ? keys[i] : 0x7fffffff;
  __syncthreads();
  for (int size = 2; size <= blockDim.x; size <<= 1)
    for (int stride = size >> 1; stride > 0; stride >>= 1) {
      int partner = t ^ stride;
      if (partner > t) {
        bool up = (t & size) == 0;
        int a = share[t], b = share[partner];
        if ((a > b) == up) {
          share[t] = b;
          share[partner] = a;
        }
      }
      __syncthreads();
    }
  if (i < n) keys[i] = share[t];
}

extern "C" __global__ void bitonic_warp(float* keys, unsigned short* values) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, lane = threadIdx.x & 31;
  float key = keys[i];
  int value = values[i];
  for (int size = 2; size <= 32; size <<= 1)
    for (int stride = size >> 1; stride > 0; stride >>= 1) {
      float otherKey = __shfl_xor_sync(0xffffffffu, key, stride);
      int otherValue = __shfl_xor_sync(0xffffffffu, value, stride);
      bool up = (lane & size) == 0, lower = (lane & stride) == 0;
      if (lower == up ? otherKey < key : otherKey > key) {
        key = otherKey;
        value = otherValue;
      }
    }
  keys[i] = key;
  values[i] = (unsigned short)value;
}
