// Mean and variance in one pass: a thread's running values, merged across a warp and then across warps.

struct Moments {
  float count, mean, squares;
};

__device__ Moments merge(Moments a, Moments b) {
  float count = a.count + b.count;
  if (count == 0.0f) return a;
  float delta = b.mean - a.mean, share = __fdiv_rn(b.count, count);
  return {count, a.mean + delta * share, a.squares + b.squares + delta * delta * a.count * share};
}

extern "C" __global__ void welford(const float* in, float* out, int n) {
  __shared__ Moments warps[32];
  Moments own = {};
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    own.count += 1.0f;
    float delta = in[i] - own.mean;
    own.mean += delta / own.count;
    own.squares += delta * (in[i] - own.mean);
  }
  for (int offset = 1; offset < 32; offset *= 2) {
    Moments other;
    other.count = __shfl_down_sync(~0u, own.count, offset);
    other.mean = __shfl_down_sync(~0u, own.mean, offset);
    other.squares = __shfl_down_sync(~0u, own.squares, offset);
    own = merge(own, other);
  }
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = own;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int i = 1; i < blockDim.x / 32; i++) own = merge(own, warps[i]);
    out[0] = own.mean;
    out[1] = own.squares / own.count;
  }
}
