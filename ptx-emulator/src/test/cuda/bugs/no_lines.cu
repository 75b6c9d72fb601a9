// nvcc, bugs: no line info
// The same kinds, without a table of lines: a finding then has the PTX line alone.

extern "C" __global__ void bare_write_bug(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i <= n) out[i] = 7 * i;
}

extern "C" __global__ void bare_write_ok(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = 7 * i;
}

extern "C" __global__ void bare_race_bug(const int* in, int* out, int n) {
  __shared__ int share[96];
  int t = threadIdx.x;
  share[t] = in[t];
  out[t] = share[95 - t];
}

extern "C" __global__ void bare_race_ok(const int* in, int* out, int n) {
  __shared__ int share[96];
  int t = threadIdx.x;
  share[t] = in[t];
  __syncthreads();
  out[t] = share[95 - t];
}
