// Generic addresses: one function fed from global, shared and local memory; unions; several types in one shared block.

__device__ __noinline__ int checksum(const int* from, int count) {
  int sum = 17;
  for (int i = 0; i < count; i++) sum = sum * 31 + from[i];
  return sum;
}

__device__ __noinline__ void fill(short* to, int count, int seed) {
  for (int i = 0; i < count; i++) to[i] = (short)(seed * (i + 1));
}

extern "C" __global__ void generic_spaces(const int* in, int* out, int n) {
  extern __shared__ __align__(16) unsigned char raw[];
  int* words = reinterpret_cast<int*>(raw);
  short* shorts = reinterpret_cast<short*>(raw + blockDim.x * 4);
  int t = threadIdx.x, local[5];
  words[t] = in[t % n] + 1;
  shorts[t] = (short)(in[t % n] - 1);
  for (int i = 0; i < 5; i++) local[i] = in[(t + i) % n] * i;
  __syncthreads();
  const int* from = t % 3 == 0 ? in : t % 3 == 1 ? words : local;
  out[t] = checksum(from, 5) + shorts[blockDim.x - 1 - t];
}

union Word {
  float real;
  unsigned int bits;
  unsigned char bytes[4];
};

extern "C" __global__ void generic_union(const float* in, float* out, int* kinds, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  Word word;
  word.real = in[i];
  unsigned char kept = word.bytes[i & 1];
  word.bytes[i & 1] = word.bytes[2];
  word.bytes[2] = kept;
  word.bits ^= 0x80000000u;
  out[i] = word.real;
  short own[12];
  fill(own, 12, i);
  kinds[i] = own[i % 12] + __isGlobal(in) * 100000 + __isShared(own) * 200000 + __isLocal(own) * 400000;
}
