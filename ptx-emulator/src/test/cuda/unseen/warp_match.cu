// Warp-wide operations: match, reduce, votes, shuffles of every kind in narrow widths, named barriers.

// Counts by key with one atomic for all lanes of the same key.
extern "C" __global__ void match_count(const int* keys, int* counts, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned int here = __ballot_sync(0xffffffffu, i < n);
  if (i >= n) return;
  unsigned int same = __match_any_sync(here, keys[i]);
  if (__ffs(same) - 1 == (threadIdx.x & 31)) atomicAdd(&counts[keys[i]], __popc(same));
}

extern "C" __global__ void match_all(const long long* in, unsigned int* masks, int* equal) {
  int predicate;
  masks[threadIdx.x] = __match_all_sync(0xffffffffu, in[threadIdx.x], &predicate);
  equal[threadIdx.x] = predicate;
}

extern "C" __global__ void warp_reduce(const int* in, int* out) {
  int v = in[blockIdx.x * 32 + threadIdx.x], *to = out + blockIdx.x * 8;
  unsigned int odd = __ballot_sync(~0u, v & 1);
  int sum = __reduce_add_sync(~0u, v), least = __reduce_min_sync(~0u, v), most = __reduce_max_sync(~0u, v);
  unsigned int all = __reduce_and_sync(~0u, (unsigned int)v), any = __reduce_or_sync(~0u, (unsigned int)v);
  unsigned int either = __reduce_xor_sync(~0u, (unsigned int)v), unsignedMost = __reduce_max_sync(~0u, (unsigned int)v);
  int half = 0;
  if (v & 1) half = __reduce_add_sync(odd, v);
  half = __reduce_max_sync(~0u, v & 1 ? half : (int)0x80000000);
  if (threadIdx.x == 0) {
    to[0] = sum;
    to[1] = least;
    to[2] = most;
    to[3] = all;
    to[4] = any;
    to[5] = either;
    to[6] = unsignedMost;
    to[7] = half;
  }
}

extern "C" __global__ void warp_shuffles(const int* in, int* out) {
  int v = in[threadIdx.x], t = threadIdx.x, n = blockDim.x;
  out[t] = __shfl_sync(~0u, v, v & 31);
  out[n + t] = __shfl_sync(~0u, v, 3, 8);
  out[2 * n + t] = __shfl_up_sync(~0u, v, 3, 16);
  out[3 * n + t] = __shfl_down_sync(~0u, v, 2, 4);
  out[4 * n + t] = __shfl_xor_sync(~0u, v, 9, 32);
  out[5 * n + t] = __any_sync(~0u, v > 90) + 2 * __all_sync(~0u, v >= 0);
}

// Two halves of a block hand work to each other through barriers of their own: bar.arrive and bar.sync.
extern "C" __global__ void warp_barriers(const int* in, int* out, int rounds) {
  __shared__ int share[64];
  int t = threadIdx.x & 63;
  bool producer = threadIdx.x < 64;
  for (int round = 0; round < rounds; round++) {
    if (producer) {
      if (round > 0) asm volatile("bar.sync 2, 128;" ::: "memory");
      share[t] = in[round * 64 + t];
      asm volatile("bar.arrive 1, 128;" ::: "memory");
    } else {
      asm volatile("bar.sync 1, 128;" ::: "memory");
      out[round * 64 + t] = share[63 - t] + share[t] * 1000;
      if (round + 1 < rounds) asm volatile("bar.arrive 2, 128;" ::: "memory");
    }
  }
  int any = __syncthreads_or(threadIdx.x == 77), all = __syncthreads_and(t < 64);
  if (threadIdx.x == 0) out[rounds * 64] = any * 2 + all;
}
