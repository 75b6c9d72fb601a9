// Accesses outside memory. Of each pair, _bug is wrong at the line marked, and _ok is the same done right.

extern "C" __global__ void past_end_read_bug(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int next = in[i + 1];  // BUG past_end_read
  out[i] = in[i] + next;
}

extern "C" __global__ void past_end_read_ok(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int next = i + 1 < n ? in[i + 1] : 0;
  out[i] = in[i] + next;
}

extern "C" __global__ void past_end_write_bug(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int value = i < n ? in[i] * 2 : 0;
  out[i] = value;  // BUG past_end_write
}

extern "C" __global__ void past_end_write_ok(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int value = i < n ? in[i] * 2 : 0;
  if (i < n) out[i] = value;
}

extern "C" __global__ void before_start_bug(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int before = in[i - 1];  // BUG before_start
  out[i] = in[i] - before;
}

extern "C" __global__ void before_start_ok(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int before = i > 0 ? in[i - 1] : 0;
  out[i] = in[i] - before;
}

extern "C" __global__ void far_wild_bug(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int value = in[i];
  out[value < 0 ? (unsigned int)value : i] = value;  // BUG far_wild
}

extern "C" __global__ void far_wild_ok(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int value = in[i];
  out[i] = value;
}

extern "C" __global__ void vector_tail_bug(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i * 4 >= n) return;
  int4 four = reinterpret_cast<const int4*>(in)[i];  // BUG vector_tail
  out[i] = four.x + four.y;
}

extern "C" __global__ void vector_tail_ok(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i * 4 >= n) return;
  int2 two = reinterpret_cast<const int2*>(in)[i * 2];
  out[i] = two.x + two.y;
}

extern "C" __global__ void shared_static_bug(const int* in, int* out, int n) {
  __shared__ int share[64];
  int t = threadIdx.x;
  share[t] = in[t];
  __syncthreads();
  int next = share[t + 1];  // BUG shared_static
  out[t] = next;
}

extern "C" __global__ void shared_static_ok(const int* in, int* out, int n) {
  __shared__ int share[64];
  int t = threadIdx.x;
  share[t] = in[t];
  __syncthreads();
  int next = share[t + 1 & 63];
  out[t] = next;
}

extern "C" __global__ void shared_before_bug(const int* in, int* out, int n) {
  __shared__ int share[64];
  int t = threadIdx.x;
  share[t] = in[t];
  __syncthreads();
  int before = share[t - 1];  // BUG shared_before
  out[t] = before;
}

extern "C" __global__ void shared_before_ok(const int* in, int* out, int n) {
  __shared__ int share[64];
  int t = threadIdx.x;
  share[t] = in[t];
  __syncthreads();
  int before = t == 0 ? share[63] : share[t - 1];
  out[t] = before;
}

// Dynamic shared memory of blockDim.x words.
extern "C" __global__ void shared_dynamic_bug(const int* in, int* out, int n) {
  extern __shared__ int words[];
  int t = threadIdx.x;
  words[2 * t] = in[t];  // BUG shared_dynamic
  __syncthreads();
  out[t] = words[2 * (blockDim.x - 1 - t)];
}

extern "C" __global__ void shared_dynamic_ok(const int* in, int* out, int n) {
  extern __shared__ int words[];
  int t = threadIdx.x;
  words[t] = in[t];
  __syncthreads();
  out[t] = words[blockDim.x - 1 - t];
}

__device__ __noinline__ int element(const int* from, int at) {
  int value = from[at];  // BUG shared_generic
  return value;
}

extern "C" __global__ void shared_generic_bug(const int* in, int* out, int n) {
  extern __shared__ int words[];
  int t = threadIdx.x;
  words[t] = in[t];
  __syncthreads();
  out[t] = element(t == 5 ? in : words, t + 60);
}

extern "C" __global__ void shared_generic_ok(const int* in, int* out, int n) {
  extern __shared__ int words[];
  int t = threadIdx.x;
  words[t] = in[t];
  __syncthreads();
  out[t] = element(t == 5 ? in : words, (t + 60) % n);
}

extern "C" __global__ void local_array_bug(const int* in, int* out, int n) {
  int i = threadIdx.x, slots[8];
  for (int j = 0; j < 8; j++) slots[j] = j * i;
  int value = slots[in[i]];  // BUG local_array
  out[i] = value;
}

extern "C" __global__ void local_array_ok(const int* in, int* out, int n) {
  int i = threadIdx.x, slots[8];
  for (int j = 0; j < 8; j++) slots[j] = j * i;
  int value = slots[in[i] & 7];
  out[i] = value;
}

extern "C" __global__ void local_write_bug(const int* in, int* out, int n) {
  int i = threadIdx.x, counts[4] = {0, 0, 0, 0};
  for (int j = 0; j < n; j++) {
    int bin = in[j] - i;
    counts[bin] = counts[bin] + 1;  // BUG local_write
  }
  out[i] = counts[0] + 10 * counts[1] + 100 * counts[2] + 1000 * counts[3];
}

extern "C" __global__ void local_write_ok(const int* in, int* out, int n) {
  int i = threadIdx.x, counts[4] = {0, 0, 0, 0};
  for (int j = 0; j < n; j++) {
    int bin = in[j] - i & 3;
    counts[bin] = counts[bin] + 1;
  }
  out[i] = counts[0] + 10 * counts[1] + 100 * counts[2] + 1000 * counts[3];
}

__constant__ int weights[16] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};

extern "C" __global__ void constant_end_bug(const int* in, int* out, int n) {
  int i = threadIdx.x;
  int weight = weights[in[i]];  // BUG constant_end
  out[i] = weight;
}

extern "C" __global__ void constant_end_ok(const int* in, int* out, int n) {
  int i = threadIdx.x;
  int weight = weights[in[i] & 15];
  out[i] = weight;
}

__device__ int table[10] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0};

extern "C" __global__ void module_array_bug(const int* in, int* out, int n) {
  int i = threadIdx.x;
  int value = table[in[i]];  // BUG module_array
  out[i] = value;
}

extern "C" __global__ void module_array_ok(const int* in, int* out, int n) {
  int i = threadIdx.x;
  int value = table[in[i] % 10];
  out[i] = value;
}

extern "C" __global__ void atomic_bin_bug(const int* in, int* out, int n) {
  int i = threadIdx.x;
  int* bin = out + in[i];
  if (i < n) atomicAdd(bin, 1);  // BUG atomic_bin
}

extern "C" __global__ void atomic_bin_ok(const int* in, int* out, int n) {
  int i = threadIdx.x;
  int* bin = out + (in[i] & 15);
  if (i < n) atomicAdd(bin, 1);
}

extern "C" __global__ void null_pointer_bug(const int* in, int* out, const int* shift) {
  int i = threadIdx.x;
  int by = *shift;  // BUG null_pointer
  out[i] = in[i] + by;
}

extern "C" __global__ void null_pointer_ok(const int* in, int* out, const int* shift) {
  int i = threadIdx.x;
  int by = shift == nullptr ? 0 : *shift;
  out[i] = in[i] + by;
}

extern "C" __global__ void null_member_bug(const int* in, int* out, int* status) {
  int i = threadIdx.x;
  out[i] = in[i];
  if (in[i] < 0) status[3] = i;  // BUG null_member
}

extern "C" __global__ void null_member_ok(const int* in, int* out, int* status) {
  int i = threadIdx.x;
  out[i] = in[i];
  if (in[i] < 0 && status) status[3] = i;
}
