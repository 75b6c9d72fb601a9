// Barriers that not all reach, exchanges with lanes that are not there, and loops without an end.

extern "C" __global__ void barrier_if_bug(const int* in, int* out, int n) {
  __shared__ int share[64];
  int t = threadIdx.x;
  share[t] = in[t];
  if (t < 40) {
    __syncthreads();  // BUG barrier_if
    out[t] = share[39 - t];
  }
}

extern "C" __global__ void barrier_if_ok(const int* in, int* out, int n) {
  __shared__ int share[64];
  int t = threadIdx.x;
  share[t] = in[t];
  __syncthreads();
  if (t < 40) {
    out[t] = share[39 - t];
  }
}

extern "C" __global__ void barrier_return_bug(const int* in, int* out, int n) {
  __shared__ int share[128];
  int t = threadIdx.x;
  if (t >= n) return;
  share[t] = in[t];
  __syncthreads();  // BUG barrier_return
  out[t] = share[n - 1 - t];
}

extern "C" __global__ void barrier_return_ok(const int* in, int* out, int n) {
  __shared__ int share[128];
  int t = threadIdx.x;
  if (t < n) share[t] = in[t];
  __syncthreads();
  if (t < n) out[t] = share[n - 1 - t];
}

extern "C" __global__ void barrier_loop_bug(const int* in, int* out, int n) {
  int t = threadIdx.x;
  for (int i = 0; i < in[t]; i++) {
    atomicAdd(out, 1);
    __syncthreads();  // BUG barrier_loop
  }
}

extern "C" __global__ void barrier_loop_ok(const int* in, int* out, int n) {
  int t = threadIdx.x;
  for (int i = 0; i < n; i++) {
    if (i < in[t]) atomicAdd(out, 1);
    __syncthreads();
  }
}

extern "C" __global__ void barrier_count_bug(const int* in, int* out, int n) {
  __shared__ int share[64];
  int t = threadIdx.x;
  share[t] = in[t];
  asm volatile("bar.sync 1, 96;" ::: "memory");  // BUG barrier_count
  out[t] = share[63 - t];
}

extern "C" __global__ void barrier_count_ok(const int* in, int* out, int n) {
  __shared__ int share[64];
  int t = threadIdx.x;
  share[t] = in[t];
  asm volatile("bar.sync 1, 64;" ::: "memory");
  out[t] = share[63 - t];
}

extern "C" __global__ void barrier_number_bug(const int* in, int* out, int n) {
  __shared__ int share[64];
  int t = threadIdx.x;
  share[t] = in[t];
  if (t < 32)
    asm volatile("bar.sync 1, 64;" ::: "memory");  // BUG barrier_number
  else
    asm volatile("bar.sync 2, 64;" ::: "memory");  // BUG barrier_number
  out[t] = share[63 - t];
}

extern "C" __global__ void barrier_number_ok(const int* in, int* out, int n) {
  __shared__ int share[64];
  int t = threadIdx.x;
  share[t] = in[t];
  if (t < 32)
    asm volatile("bar.sync 2, 64;" ::: "memory");
  else
    asm volatile("bar.sync 2, 64;" ::: "memory");
  out[t] = share[63 - t];
}

// The other lanes wait for all at the next instruction, and these wait for the others.
extern "C" __global__ void shuffle_branch_bug(const int* in, int* out, int n) {
  int t = threadIdx.x;
  int value = in[t];
  if (t < 20)
    value += __shfl_xor_sync(0xffffffffu, value, 1);  // BUG shuffle_branch
  __syncwarp();  // BUG shuffle_branch
  out[t] = value;
}

extern "C" __global__ void shuffle_branch_ok(const int* in, int* out, int n) {
  int t = threadIdx.x;
  int value = in[t];
  int other = __shfl_xor_sync(0xffffffffu, value, 1);
  if (t < 20) value += other;
  __syncwarp();
  out[t] = value;
}

extern "C" __global__ void shuffle_mask_bug(const int* in, int* out, int n) {
  int t = threadIdx.x;
  int value = in[t];
  value += __shfl_xor_sync(0x0000ffffu, value, 3);  // BUG shuffle_mask
  out[t] = value;
}

extern "C" __global__ void shuffle_mask_ok(const int* in, int* out, int n) {
  int t = threadIdx.x;
  int value = in[t];
  value += __shfl_xor_sync(t < 16 ? 0x0000ffffu : 0xffff0000u, value, 3);
  out[t] = value;
}

extern "C" __global__ void shuffle_source_bug(const int* in, int* out, int n) {
  int t = threadIdx.x;
  int value = in[t];
  if (t < 16)
    value = __shfl_sync(0x0000ffffu, value, t + 4);  // BUG shuffle_source
  out[t] = value;
}

extern "C" __global__ void shuffle_source_ok(const int* in, int* out, int n) {
  int t = threadIdx.x;
  int value = in[t];
  if (t < 16)
    value = __shfl_sync(0x0000ffffu, value, t + 4 & 15);
  out[t] = value;
}

// Exited lanes need not take part, but what is read of them is undefined.
extern "C" __global__ void shuffle_exited_bug(const int* in, int* out, int n) {
  int t = threadIdx.x;
  if (t >= n) return;
  int above = __shfl_down_sync(0xffffffffu, in[t], 4);  // BUG shuffle_exited
  out[t] = above;
}

extern "C" __global__ void shuffle_exited_ok(const int* in, int* out, int n) {
  int t = threadIdx.x;
  int above = __shfl_down_sync(0xffffffffu, t < n ? in[t] : 0, 4);
  if (t < n) out[t] = above;
}

extern "C" __global__ void endless_flag_bug(const int* in, int* out, int n) {
  volatile int* flag = out;
  if (threadIdx.x == 1)
    while (*flag != n) {  // BUG endless_flag
    }
  if (threadIdx.x == 0) *flag = n - 1;
}

extern "C" __global__ void endless_flag_ok(const int* in, int* out, int n) {
  volatile int* flag = out;
  if (threadIdx.x == 1)
    while (*flag != n) {
    }
  if (threadIdx.x == 0) *flag = n;
}

extern "C" __global__ void endless_loop_bug(const int* in, int* out, int n) {
  volatile int* to = out;
  int step = 2;
  for (int i = in[0]; i != 0; i -= step) {
    to[threadIdx.x] = i & 1;  // BUG endless_loop
    step = 2 + (i & 2);
  }
}

extern "C" __global__ void endless_loop_ok(const int* in, int* out, int n) {
  volatile int* to = out;
  int step = 2;
  for (int i = in[0]; i > 0; i -= step) {
    to[threadIdx.x] = i & 1;
    step = 2 + (i & 2);
  }
}
