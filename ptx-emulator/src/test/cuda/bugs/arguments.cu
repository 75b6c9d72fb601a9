// Accesses inside an allocation that the launch's arguments did not promise, and addresses that a width does not divide.

extern "C" __global__ void outside_read_bug(const int* in, int* out, int n) {
  int i = threadIdx.x;
  int next = in[i + 1];  // BUG outside_read
  out[i] = next;
}

extern "C" __global__ void outside_read_ok(const int* in, int* out, int n) {
  int i = threadIdx.x;
  int next = in[i + 1 < n ? i + 1 : i];
  out[i] = next;
}

extern "C" __global__ void outside_write_bug(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = 5 - i;  // BUG outside_write
}

extern "C" __global__ void outside_write_ok(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = 5 - i;
}

extern "C" __global__ void read_only_bug(int* in, int* out, int n) {
  int i = threadIdx.x;
  out[i] = in[i] + 1;
  if (i == 3) in[i] = 0;  // BUG read_only
}

extern "C" __global__ void read_only_ok(int* in, int* out, int n) {
  int i = threadIdx.x;
  out[i] = in[i] + 1;
  if (i == 3) out[i] = 0;
}

extern "C" __global__ void read_only_atomic_bug(int* in, int* out, int n) {
  int i = threadIdx.x;
  atomicMax(in, i);  // BUG read_only_atomic
  out[i] = i;
}

extern "C" __global__ void read_only_atomic_ok(int* in, int* out, int n) {
  int i = threadIdx.x;
  out[i] = i;
}

extern "C" __global__ void misaligned_vector_bug(const int* in, int* out, int n) {
  int i = threadIdx.x;
  int4 four = *reinterpret_cast<const int4*>(in + i * 4 + 1);  // BUG misaligned_vector
  out[i] = four.x + four.y + four.z + four.w;
}

extern "C" __global__ void misaligned_vector_ok(const int* in, int* out, int n) {
  int i = threadIdx.x;
  int4 four = *reinterpret_cast<const int4*>(in + i * 4);
  out[i] = four.x + four.y + four.z + four.w;
}

extern "C" __global__ void misaligned_word_bug(const int* in, int* out, int n) {
  int i = threadIdx.x;
  const char* bytes = reinterpret_cast<const char*>(in);
  int word = *reinterpret_cast<const int*>(bytes + i * 3);  // BUG misaligned_word
  out[i] = word;
}

extern "C" __global__ void misaligned_word_ok(const int* in, int* out, int n) {
  int i = threadIdx.x;
  const unsigned char* bytes = reinterpret_cast<const unsigned char*>(in) + i * 3;
  int word = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | bytes[3] << 24;
  out[i] = word;
}

extern "C" __global__ void misaligned_shared_bug(const int* in, int* out, int n) {
  __shared__ __align__(16) char raw[32 * 4 + 4];
  int t = threadIdx.x;
  *reinterpret_cast<int*>(raw + t * 4 + 2) = in[t];  // BUG misaligned_shared
  __syncthreads();
  out[t] = raw[t * 4 + 2];
}

extern "C" __global__ void misaligned_shared_ok(const int* in, int* out, int n) {
  __shared__ __align__(16) char raw[32 * 4 + 4];
  int t = threadIdx.x;
  *reinterpret_cast<int*>(raw + t * 4) = in[t];
  __syncthreads();
  out[t] = raw[t * 4];
}

extern "C" __global__ void misaligned_atomic_bug(const int* in, int* out, int n) {
  int i = threadIdx.x;
  char* at = reinterpret_cast<char*>(out) + i * 6;
  atomicExch(reinterpret_cast<int*>(at), in[i]);  // BUG misaligned_atomic
}

extern "C" __global__ void misaligned_atomic_ok(const int* in, int* out, int n) {
  int i = threadIdx.x;
  char* at = reinterpret_cast<char*>(out) + i * 4;
  atomicExch(reinterpret_cast<int*>(at), in[i]);
}

extern "C" __global__ void misaligned_stack_bug(const int* in, int* out, int n) {
  int i = threadIdx.x;
  __align__(16) int stack[16];
  for (int j = 0; j < 16; j++) stack[j] = in[j] + i;
  long long two = *reinterpret_cast<long long*>(stack + in[i]);  // BUG misaligned_stack
  out[i] = (int)(two ^ two >> 32);
}

extern "C" __global__ void misaligned_stack_ok(const int* in, int* out, int n) {
  int i = threadIdx.x;
  __align__(16) int stack[16];
  for (int j = 0; j < 16; j++) stack[j] = in[j] + i;
  long long two = *reinterpret_cast<long long*>(stack + (in[i] & ~1));
  out[i] = (int)(two ^ two >> 32);
}
