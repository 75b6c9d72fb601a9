// Philox4x32-10: four words a counter; uniform numbers of (0, 1] from their upper 24 bits.

__device__ __forceinline__ uint4 philox(uint4 counter, uint2 key) {
#pragma unroll
  for (int round = 0; round < 10; round++) {
    unsigned int high0 = __umulhi(0xD2511F53u, counter.x), low0 = 0xD2511F53u * counter.x;
    unsigned int high1 = __umulhi(0xCD9E8D57u, counter.z), low1 = 0xCD9E8D57u * counter.z;
    counter = make_uint4(high1 ^ counter.y ^ key.x, low1, high0 ^ counter.w ^ key.y, low0);
    key.x += 0x9E3779B9u;
    key.y += 0xBB67AE85u;
  }
  return counter;
}

extern "C" __global__ void philox_words(uint4* out, unsigned long long seed, unsigned long long first, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  unsigned long long at = first + i;
  out[i] = philox(make_uint4((unsigned int)at, (unsigned int)(at >> 32), 0, 0),
                  make_uint2((unsigned int)seed, (unsigned int)(seed >> 32)));
}

extern "C" __global__ void philox_uniform(float* out, unsigned long long seed, int n) {
  int i = (blockIdx.x * blockDim.x + threadIdx.x) * 4;
  uint4 words = philox(make_uint4(i / 4, 0, 0, 0), make_uint2((unsigned int)seed, (unsigned int)(seed >> 32)));
  unsigned int word[4] = {words.x, words.y, words.z, words.w};
  for (int j = 0; j < 4 && i + j < n; j++) out[i + j] = ((word[j] >> 8) + 1) * (1.0f / 16777216.0f);
}
