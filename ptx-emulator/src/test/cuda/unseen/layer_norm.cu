// Layer norm of rows: forward in two passes, a warp a row; backward of gain and shift, a block 32 columns.

extern "C" __global__ void layer_norm(
    const float* __restrict__ in, const float* __restrict__ gain, const float* __restrict__ shift,
    float* __restrict__ out, float* __restrict__ means, float* __restrict__ scales, int rows, int columns, float epsilon) {
  int row = (blockIdx.x * blockDim.x + threadIdx.x) / 32, lane = threadIdx.x % 32;
  if (row >= rows) return;
  const float* from = in + (long)row * columns;
  float sum = 0.0f;
  for (int i = lane; i < columns; i += 32) sum += from[i];
  for (int mask = 16; mask > 0; mask /= 2) sum += __shfl_xor_sync(~0u, sum, mask);
  float mean = sum / columns;
  sum = 0.0f;
  for (int i = lane; i < columns; i += 32) sum += (from[i] - mean) * (from[i] - mean);
  for (int mask = 16; mask > 0; mask /= 2) sum += __shfl_xor_sync(~0u, sum, mask);
  float scale = rsqrtf(sum / columns + epsilon);
  for (int i = lane; i < columns; i += 32) out[(long)row * columns + i] = (from[i] - mean) * scale * gain[i] + shift[i];
  if (lane == 0) {
    means[row] = mean;
    scales[row] = scale;
  }
}

extern "C" __global__ void layer_norm_backward(
    const float* gradient, const float* in, const float* means, const float* scales, float* gain, float* shift,
    int rows, int columns) {
  __shared__ float gains[8][33], shifts[8][33];
  int column = blockIdx.x * 32 + threadIdx.x;
  float ownGain = 0.0f, ownShift = 0.0f;
  if (column < columns)
    for (int row = threadIdx.y; row < rows; row += 8) {
      float g = gradient[row * columns + column];
      ownGain += g * (in[row * columns + column] - means[row]) * scales[row];
      ownShift += g;
    }
  gains[threadIdx.y][threadIdx.x] = ownGain;
  shifts[threadIdx.y][threadIdx.x] = ownShift;
  __syncthreads();
  if (threadIdx.y == 0 && column < columns) {
    for (int i = 1; i < 8; i++) {
      ownGain += gains[i][threadIdx.x];
      ownShift += shifts[i][threadIdx.x];
    }
    gain[column] = ownGain;
    shift[column] = ownShift;
  }
}
