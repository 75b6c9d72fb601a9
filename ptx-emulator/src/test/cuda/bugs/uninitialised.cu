// Reads of memory that nobody has written.

extern "C" __global__ void fresh_bug(const int* in, int* out, int n) {
  int i = threadIdx.x;
  int value = in[i];  // BUG fresh
  if (i < n) out[i] = value + 1;
}

extern "C" __global__ void fresh_ok(const int* in, int* out, int n) {
  int i = threadIdx.x;
  if (i < n) out[i] = i + 1;
}

// The host writes the first half of the input only.
extern "C" __global__ void half_written_bug(const int* in, int* out, int n) {
  int i = threadIdx.x;
  int value = in[i];  // BUG half_written
  out[i] = value * 3;
}

extern "C" __global__ void half_written_ok(const int* in, int* out, int n) {
  int i = threadIdx.x;
  int value = i < n / 2 ? in[i] : 0;
  out[i] = value * 3;
}

// The host fills all of the output but the last word.
extern "C" __global__ void part_filled_bug(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] += in[i];  // BUG part_filled
}

extern "C" __global__ void part_filled_ok(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n - 1) out[i] += in[i];
  if (i == n - 1) out[i] = in[i];
}

// The host writes all words of 4 bytes but the last; these are words of 8.
extern "C" __global__ void half_word_bug(const long long* in, int* out, int n) {
  int i = threadIdx.x;
  long long wide = in[i];  // BUG half_word
  out[i] = (int)(wide ^ wide >> 32);
}

extern "C" __global__ void half_word_ok(const long long* in, int* out, int n) {
  int i = threadIdx.x;
  int low = reinterpret_cast<const int*>(in)[i & (n / 2 - 1)];
  out[i] = low;
}

extern "C" __global__ void shared_element_bug(const int* in, int* out, int n) {
  __shared__ int share[65];
  int t = threadIdx.x;
  share[t] = in[t];
  __syncthreads();
  int next = share[t + 1];  // BUG shared_element
  out[t] = share[t] + next;
}

extern "C" __global__ void shared_element_ok(const int* in, int* out, int n) {
  __shared__ int share[65];
  int t = threadIdx.x;
  share[t] = in[t];
  if (t == 0) share[64] = 0;
  __syncthreads();
  int next = share[t + 1];
  out[t] = share[t] + next;
}

extern "C" __global__ void shared_tile_bug(const int* in, int* out, int n) {
  __shared__ int tile[64];
  int t = threadIdx.x, i = blockIdx.x * 64 + t;
  if (i < n) tile[t] = in[i];
  __syncthreads();
  int sum = 0;
  if (t == 0) {
    for (int j = 0; j < 64; j++) sum += tile[j];  // BUG shared_tile
    out[blockIdx.x] = sum;
  }
}

extern "C" __global__ void shared_tile_ok(const int* in, int* out, int n) {
  __shared__ int tile[64];
  int t = threadIdx.x, i = blockIdx.x * 64 + t;
  tile[t] = i < n ? in[i] : 0;
  __syncthreads();
  int sum = 0;
  if (t == 0) {
    for (int j = 0; j < 64; j++) sum += tile[j];
    out[blockIdx.x] = sum;
  }
}

extern "C" __global__ void shared_atomic_bug(const int* in, int* out, int n) {
  __shared__ int bins[8];
  int t = threadIdx.x;
  atomicAdd(&bins[in[t] & 7], 1);  // BUG shared_atomic
  __syncthreads();
  if (t < 8) out[t] = bins[t];
}

extern "C" __global__ void shared_atomic_ok(const int* in, int* out, int n) {
  __shared__ int bins[8];
  int t = threadIdx.x;
  if (t < 8) bins[t] = 0;
  __syncthreads();
  atomicAdd(&bins[in[t] & 7], 1);
  __syncthreads();
  if (t < 8) out[t] = bins[t];
}

extern "C" __global__ void local_part_bug(const int* in, int* out, int n) {
  int i = threadIdx.x, slots[16];
  for (int j = 0; j < n; j++) slots[in[j]] = j;
  int value = slots[in[i] + 1];  // BUG local_part
  out[i] = value;
}

extern "C" __global__ void local_part_ok(const int* in, int* out, int n) {
  int i = threadIdx.x, slots[16];
  for (int j = 0; j < n; j++) slots[in[j]] = j;
  int value = slots[in[i]];
  out[i] = value;
}

extern "C" __global__ void local_stack_bug(const int* in, int* out, int n) {
  int i = threadIdx.x, stack[32], top = 0;
  for (int j = 0; j < n; j++)
    if (in[j] > i) stack[top++] = in[j];
  int value = stack[top];  // BUG local_stack
  out[i] = value;
}

extern "C" __global__ void local_stack_ok(const int* in, int* out, int n) {
  int i = threadIdx.x, stack[32], top = 0;
  for (int j = 0; j < n; j++)
    if (in[j] > i) stack[top++] = in[j];
  int value = top > 0 ? stack[top - 1] : -1;
  out[i] = value;
}
