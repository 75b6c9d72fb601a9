// Causal attention of one head in one pass: a warp a query, keys in tiles of 32, a running maximum and sum.

template <int WIDTH>
__device__ void attention(const float* q, const float* k, const float* v, float* out, int length, float scale) {
  __shared__ float keys[32][WIDTH + 1], values[32][WIDTH];
  int lane = threadIdx.x, query = blockIdx.x * blockDim.y + threadIdx.y, threads = blockDim.x * blockDim.y;
  int last = min((int)(blockIdx.x * blockDim.y + blockDim.y), length);
  float own[WIDTH / 32], sum = 0.0f, most = -1.0e30f;
  for (int j = 0; j < WIDTH / 32; j++) own[j] = 0.0f;
  for (int at = 0; at < last; at += 32) {
    for (int i = threadIdx.y * 32 + lane; i < 32 * WIDTH; i += threads) {
      bool inside = at + i / WIDTH < length;
      keys[i / WIDTH][i % WIDTH] = inside ? k[at * WIDTH + i] : 0.0f;
      values[i / WIDTH][i % WIDTH] = inside ? v[at * WIDTH + i] : 0.0f;
    }
    __syncthreads();
    if (query < length && at <= query) {
      float score = 0.0f;
      for (int j = 0; j < WIDTH; j++) score += q[query * WIDTH + j] * keys[lane][j];
      score = at + lane <= query ? score * scale : -1.0e30f;
      float higher = score;
      for (int mask = 16; mask > 0; mask >>= 1) higher = fmaxf(higher, __shfl_xor_sync(~0u, higher, mask));
      higher = fmaxf(higher, most);
      float weight = at + lane <= query ? expf(score - higher) : 0.0f, shrink = expf(most - higher), all = weight;
      for (int mask = 16; mask > 0; mask >>= 1) all += __shfl_xor_sync(~0u, all, mask);
      sum = sum * shrink + all;
      most = higher;
      for (int j = 0; j < WIDTH / 32; j++) own[j] *= shrink;
      for (int other = 0; other < 32; other++) {
        float w = __shfl_sync(~0u, weight, other);
        for (int j = 0; j < WIDTH / 32; j++) own[j] += w * values[other][j * 32 + lane];
      }
    }
    __syncthreads();
  }
  if (query < length)
    for (int j = 0; j < WIDTH / 32; j++) out[query * WIDTH + j * 32 + lane] = own[j] / sum;
}

extern "C" __global__ void attention_64(const float* q, const float* k, const float* v, float* out, int length, float scale) {
  attention<64>(q, k, v, out, length, scale);
}
