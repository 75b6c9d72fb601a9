// Prefix sums: Hillis and Steele's, Blelloch's, by warp shuffles, and one pass with decoupled look-back.

extern "C" __global__ void scan_hillis_steele(const int* in, int* out, int n) {
  extern __shared__ int both[];
  int t = threadIdx.x, from = 0, to = 1;
  both[t] = t < n ? in[t] : 0;
  __syncthreads();
  for (int offset = 1; offset < blockDim.x; offset *= 2) {
    int value = both[from * blockDim.x + t];
    if (t >= offset) value += both[from * blockDim.x + t - offset];
    both[to * blockDim.x + t] = value;
    from = to;
    to = 1 - to;
    __syncthreads();
  }
  if (t < n) out[t] = both[from * blockDim.x + t];
}

#define BANKS 5
#define PLACE(i) ((i) + ((i) >> BANKS))

// Exclusive, two elements a thread, 2 * blockDim.x a power of two; padded against bank conflicts.
extern "C" __global__ void scan_blelloch(const float* in, float* out, int n) {
  extern __shared__ float tree[];
  int t = threadIdx.x, size = 2 * blockDim.x, offset = 1;
  tree[PLACE(t)] = t < n ? in[t] : 0.0f;
  tree[PLACE(t + blockDim.x)] = t + blockDim.x < n ? in[t + blockDim.x] : 0.0f;
  for (int d = size >> 1; d > 0; d >>= 1) {
    __syncthreads();
    if (t < d) {
      int a = offset * (2 * t + 1) - 1, b = offset * (2 * t + 2) - 1;
      tree[PLACE(b)] += tree[PLACE(a)];
    }
    offset *= 2;
  }
  if (t == 0) tree[PLACE(size - 1)] = 0.0f;
  for (int d = 1; d < size; d *= 2) {
    offset >>= 1;
    __syncthreads();
    if (t < d) {
      int a = offset * (2 * t + 1) - 1, b = offset * (2 * t + 2) - 1;
      float left = tree[PLACE(a)];
      tree[PLACE(a)] = tree[PLACE(b)];
      tree[PLACE(b)] += left;
    }
  }
  __syncthreads();
  if (t < n) out[t] = tree[PLACE(t)];
  if (t + blockDim.x < n) out[t + blockDim.x] = tree[PLACE(t + blockDim.x)];
}

__device__ int warpScan(int value, int lane) {
  for (int offset = 1; offset < 32; offset <<= 1) {
    int before = __shfl_up_sync(0xffffffffu, value, offset);
    if (lane >= offset) value += before;
  }
  return value;
}

__device__ int blockScan(int value, int* warps) {
  int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  value = warpScan(value, lane);
  if (lane == 31) warps[warp] = value;
  __syncthreads();
  if (warp == 0) {
    int sum = lane < (blockDim.x >> 5) ? warps[lane] : 0;
    warps[lane] = warpScan(sum, lane);
  }
  __syncthreads();
  return warp > 0 ? value + warps[warp - 1] : value;
}

extern "C" __global__ void scan_warps(const int* in, int* out, int n) {
  __shared__ int warps[32];
  int i = threadIdx.x;
  int value = blockScan(i < n ? in[i] : 0, warps);
  if (i < n) out[i] = value;
}

// state: high word 1 = sum of the tile, 2 = sum of everything up to it; low word the sum.
extern "C" __global__ void scan_look_back(
    const int* in, int* out, unsigned int* ticket, unsigned long long* state, int n) {
  __shared__ int warps[32];
  __shared__ unsigned int tile;
  __shared__ int before;
  if (threadIdx.x == 0) tile = atomicAdd(ticket, 1u);
  __syncthreads();
  int i = tile * blockDim.x + threadIdx.x;
  int value = blockScan(i < n ? in[i] : 0, warps);
  if (threadIdx.x == blockDim.x - 1) {
    unsigned long long own = (unsigned int)value;
    atomicExch(&state[tile], (tile == 0 ? 2ull : 1ull) << 32 | own);
    int sum = 0;
    for (int back = (int)tile - 1; back >= 0;) {
      unsigned long long seen = atomicAdd(&state[back], 0ull);
      unsigned int flag = (unsigned int)(seen >> 32);
      if (flag == 0) continue;
      sum += (int)(unsigned int)seen;
      if (flag == 2) break;
      back--;
    }
    if (tile > 0) atomicExch(&state[tile], 2ull << 32 | (unsigned int)(sum + value));
    before = sum;
  }
  __syncthreads();
  if (i < n) out[i] = before + value;
}
