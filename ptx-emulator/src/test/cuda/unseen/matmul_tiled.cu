// C (m, n) = A (m, k) B (k, n), row-major: one element a thread, and a 4 x 4 patch a thread.

#define TILE 16

extern "C" __global__ void matmul_tiled(const float* a, const float* b, float* c, int m, int n, int k) {
  __shared__ float left[TILE][TILE], right[TILE][TILE + 1];
  int x = threadIdx.x, y = threadIdx.y;
  int row = blockIdx.y * TILE + y, column = blockIdx.x * TILE + x;
  float sum = 0.0f;
  for (int at = 0; at < k; at += TILE) {
    left[y][x] = row < m && at + x < k ? a[(long)row * k + at + x] : 0.0f;
    right[y][x] = column < n && at + y < k ? b[(long)(at + y) * n + column] : 0.0f;
    __syncthreads();
#pragma unroll
    for (int i = 0; i < TILE; i++) sum += left[y][i] * right[i][x];
    __syncthreads();
  }
  if (row < m && column < n) c[(long)row * n + column] = sum;
}

// 64 x 64 of C a block of 256 threads, 8 of k at a time.
extern "C" __global__ void __launch_bounds__(256) matmul_blocked(
    const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ c, int m, int n, int k,
    float alpha, float beta) {
  __shared__ float left[8][64], right[8][64];
  int t = threadIdx.x, tx = t % 16, ty = t / 16;
  int row0 = blockIdx.y * 64, column0 = blockIdx.x * 64;
  float sum[4][4] = {};
  for (int at = 0; at < k; at += 8) {
    for (int i = t; i < 512; i += 256) {
      int row = row0 + i / 8, inner = at + i % 8;
      left[i % 8][i / 8] = row < m && inner < k ? a[row * k + inner] : 0.0f;
      int column = column0 + i % 64;
      inner = at + i / 64;
      right[i / 64][i % 64] = inner < k && column < n ? b[inner * n + column] : 0.0f;
    }
    __syncthreads();
#pragma unroll
    for (int inner = 0; inner < 8; inner++) {
      float4 u = *reinterpret_cast<const float4*>(&left[inner][ty * 4]);
      float4 v = *reinterpret_cast<const float4*>(&right[inner][tx * 4]);
      float us[4] = {u.x, u.y, u.z, u.w}, vs[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
      for (int i = 0; i < 4; i++)
#pragma unroll
        for (int j = 0; j < 4; j++) sum[i][j] = fmaf(us[i], vs[j], sum[i][j]);
    }
    __syncthreads();
  }
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++) {
      int row = row0 + ty * 4 + i, column = column0 + tx * 4 + j;
      if (row < m && column < n) {
        float* to = c + row * n + column;
        *to = beta == 0.0f ? alpha * sum[i][j] : alpha * sum[i][j] + beta * *to;
      }
    }
}
