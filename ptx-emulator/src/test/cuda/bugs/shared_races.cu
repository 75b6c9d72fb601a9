// Races in shared memory. The lines marked are those of the accesses, or the one of both.

extern "C" __global__ void missing_barrier_bug(const int* in, int* out, int n) {
  __shared__ int share[128];
  int t = threadIdx.x;
  share[t] = in[t];  // BUG missing_barrier
  int other = share[127 - t];  // BUG missing_barrier
  out[t] = other;
}

extern "C" __global__ void missing_barrier_ok(const int* in, int* out, int n) {
  __shared__ int share[128];
  int t = threadIdx.x;
  share[t] = in[t];
  __syncthreads();
  int other = share[127 - t];
  out[t] = other;
}

// A tile is used again before everybody has read it. n tiles of 64.
extern "C" __global__ void reuse_bug(const int* in, int* out, int n) {
  __shared__ int tile[64];
  int t = threadIdx.x, sum = 0;
  for (int at = 0; at < n; at++) {
    tile[t] = in[at * 64 + t];  // BUG reuse
    __syncthreads();
    sum += tile[t ^ 33] * (at + 1);  // BUG reuse
  }
  out[t] = sum;
}

extern "C" __global__ void reuse_ok(const int* in, int* out, int n) {
  __shared__ int tile[64];
  int t = threadIdx.x, sum = 0;
  for (int at = 0; at < n; at++) {
    tile[t] = in[at * 64 + t];
    __syncthreads();
    sum += tile[t ^ 33] * (at + 1);
    __syncthreads();
  }
  out[t] = sum;
}

extern "C" __global__ void reduction_bug(const int* in, int* out, int n) {
  __shared__ int sums[256];
  int t = threadIdx.x;
  sums[t] = in[t];
  __syncthreads();
  for (int half = 128; half > 0; half /= 2) {
    if (t < half) sums[t] += sums[t + half];  // BUG reduction
  }
  __syncthreads();
  if (t == 0) out[0] = sums[0];
}

extern "C" __global__ void reduction_ok(const int* in, int* out, int n) {
  __shared__ int sums[256];
  int t = threadIdx.x;
  sums[t] = in[t];
  __syncthreads();
  for (int half = 128; half > 0; half /= 2) {
    if (t < half) sums[t] += sums[t + half];
    __syncthreads();
  }
  if (t == 0) out[0] = sums[0];
}

extern "C" __global__ void warp_exchange_bug(const int* in, int* out, int n) {
  __shared__ int share[32];
  int t = threadIdx.x;
  share[t] = in[t];  // BUG warp_exchange
  int other = share[31 - t];  // BUG warp_exchange
  out[t] = other;
}

extern "C" __global__ void warp_exchange_ok(const int* in, int* out, int n) {
  __shared__ int share[32];
  int t = threadIdx.x;
  share[t] = in[t];
  __syncwarp();
  int other = share[31 - t];
  out[t] = other;
}

// The old idiom of a last warp that folds without a word.
extern "C" __global__ void warp_fold_bug(const int* in, int* out, int n) {
  __shared__ int sums[64];
  int t = threadIdx.x;
  sums[t] = in[t];
  __syncthreads();
  if (t < 32) {
    int* own = sums;
    for (int half = 32; half > 0; half /= 2) {
      int sum = own[t] + own[t + half];  // BUG warp_fold
      own[t] = sum;  // BUG warp_fold
    }
  }
  if (t == 0) out[0] = sums[0];
}

extern "C" __global__ void warp_fold_ok(const int* in, int* out, int n) {
  __shared__ int sums[64];
  int t = threadIdx.x;
  sums[t] = in[t];
  __syncthreads();
  if (t < 32) {
    int* own = sums;
    for (int half = 32; half > 0; half /= 2) {
      int sum = own[t] + own[t + half];
      __syncwarp();
      own[t] = sum;
      __syncwarp();
    }
  }
  if (t == 0) out[0] = sums[0];
}

// Two stages, of which one is filled while the other is read; one of the barriers is missing.
extern "C" __global__ void double_buffer_bug(const int* in, int* out, int n) {
  __shared__ int stage[2][64];
  int t = threadIdx.x, sum = 0;
  stage[0][t] = in[t];
  __syncthreads();
  for (int at = 0; at < n; at++) {
    int other = stage[at & 1][63 - t];  // BUG double_buffer
    if (at + 1 < n) stage[at + 1 & 1][t] = in[(at + 1) * 64 + t];  // BUG double_buffer
    sum = sum * 3 + other;
  }
  out[t] = sum;
}

extern "C" __global__ void double_buffer_ok(const int* in, int* out, int n) {
  __shared__ int stage[2][64];
  int t = threadIdx.x, sum = 0;
  stage[0][t] = in[t];
  __syncthreads();
  for (int at = 0; at < n; at++) {
    int other = stage[at & 1][63 - t];
    if (at + 1 < n) stage[at + 1 & 1][t] = in[(at + 1) * 64 + t];
    sum = sum * 3 + other;
    __syncthreads();
  }
  out[t] = sum;
}

extern "C" __global__ void histogram_bug(const int* in, int* out, int n) {
  __shared__ int bins[16];
  int t = threadIdx.x;
  if (t < 16) bins[t] = 0;
  __syncthreads();
  bins[in[t] & 15]++;  // BUG histogram
  __syncthreads();
  if (t < 16) out[t] = bins[t];
}

extern "C" __global__ void histogram_ok(const int* in, int* out, int n) {
  __shared__ int bins[16];
  int t = threadIdx.x;
  if (t < 16) bins[t] = 0;
  __syncthreads();
  atomicAdd(&bins[in[t] & 15], 1);
  __syncthreads();
  if (t < 16) out[t] = bins[t];
}

extern "C" __global__ void broadcast_bug(const int* in, int* out, int n) {
  __shared__ int factor;
  int t = threadIdx.x;
  if (t == 0) factor = in[n - 1];  // BUG broadcast
  int by = factor;  // BUG broadcast
  out[t] = in[t] * by;
}

extern "C" __global__ void broadcast_ok(const int* in, int* out, int n) {
  __shared__ int factor;
  int t = threadIdx.x;
  if (t == 0) factor = in[n - 1];
  __syncthreads();
  int by = factor;
  out[t] = in[t] * by;
}

extern "C" __global__ void same_slot_bug(const int* in, int* out, int n) {
  __shared__ int slots[32];
  int t = threadIdx.x;
  slots[t / 2] = in[t];  // BUG same_slot
  __syncthreads();
  if (t < 32) out[t] = slots[t];
}

extern "C" __global__ void same_slot_ok(const int* in, int* out, int n) {
  __shared__ int slots[32];
  int t = threadIdx.x;
  if (t % 2 == 0) slots[t / 2] = in[t];
  __syncthreads();
  if (t < 32) out[t] = slots[t];
}

// Mixed: atomics by some, plain writes by others, of the same word.
extern "C" __global__ void mixed_atomic_bug(const int* in, int* out, int n) {
  __shared__ int sum;
  int t = threadIdx.x;
  if (t == 0) sum = 0;  // BUG mixed_atomic
  atomicAdd(&sum, in[t]);  // BUG mixed_atomic
  __syncthreads();
  if (t == 0) out[0] = sum;
}

extern "C" __global__ void mixed_atomic_ok(const int* in, int* out, int n) {
  __shared__ int sum;
  int t = threadIdx.x;
  if (t == 0) sum = 0;
  __syncthreads();
  atomicAdd(&sum, in[t]);
  __syncthreads();
  if (t == 0) out[0] = sum;
}

__device__ __forceinline__ void copyAsync(int* to, const int* from) {
  unsigned int address = (unsigned int)__cvta_generic_to_shared(to);
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(address), "l"(from) : "memory");  // BUG async_other
}

extern "C" __global__ void async_no_wait_bug(const int* in, int* out, int n) {
  __shared__ int share[64];
  int t = threadIdx.x;
  copyAsync(&share[t], in + t);
  asm volatile("cp.async.commit_group;");
  __syncthreads();
  int value = share[t];  // BUG async_no_wait
  out[t] = value;
}

extern "C" __global__ void async_no_wait_ok(const int* in, int* out, int n) {
  __shared__ int share[64];
  int t = threadIdx.x;
  copyAsync(&share[t], in + t);
  asm volatile("cp.async.commit_group;");
  asm volatile("cp.async.wait_group 0;" ::: "memory");
  __syncthreads();
  int value = share[t];
  out[t] = value;
}

// Two groups; the second is used when only the first has been waited for.
extern "C" __global__ void async_group_bug(const int* in, int* out, int n) {
  __shared__ int share[2][32];
  int t = threadIdx.x;
  copyAsync(&share[0][t], in + t);
  asm volatile("cp.async.commit_group;");
  copyAsync(&share[1][t], in + 32 + t);
  asm volatile("cp.async.commit_group;");
  asm volatile("cp.async.wait_group 1;" ::: "memory");
  __syncthreads();
  int second = share[1][t];  // BUG async_group
  out[t] = second;
}

extern "C" __global__ void async_group_ok(const int* in, int* out, int n) {
  __shared__ int share[2][32];
  int t = threadIdx.x;
  copyAsync(&share[0][t], in + t);
  asm volatile("cp.async.commit_group;");
  copyAsync(&share[1][t], in + 32 + t);
  asm volatile("cp.async.commit_group;");
  asm volatile("cp.async.wait_group 0;" ::: "memory");
  __syncthreads();
  int second = share[1][t];
  out[t] = second;
}

// Waited for, each thread its own copies, and no barrier before another's are read.
extern "C" __global__ void async_other_bug(const int* in, int* out, int n) {
  __shared__ int share[64];
  int t = threadIdx.x;
  copyAsync(&share[t], in + t);  // BUG async_other
  asm volatile("cp.async.wait_all;" ::: "memory");
  int value = share[63 - t];  // BUG async_other
  out[t] = value;
}

extern "C" __global__ void async_other_ok(const int* in, int* out, int n) {
  __shared__ int share[64];
  int t = threadIdx.x;
  copyAsync(&share[t], in + t);
  asm volatile("cp.async.wait_all;" ::: "memory");
  __syncthreads();
  int value = share[63 - t];
  out[t] = value;
}
