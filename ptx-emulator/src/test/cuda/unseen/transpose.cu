// Transpose through a padded tile, 32 x 8 threads a 32 x 32 tile; elements of 4, 2 and 8 bytes.

template <typename T>
__device__ __forceinline__ void transpose(const T* in, T* out, int rows, int columns) {
  __shared__ T tile[32][33];
  int x = blockIdx.x * 32 + threadIdx.x, y = blockIdx.y * 32 + threadIdx.y;
  for (int j = 0; j < 32; j += 8)
    if (x < columns && y + j < rows) tile[threadIdx.y + j][threadIdx.x] = in[(y + j) * columns + x];
  __syncthreads();
  x = blockIdx.y * 32 + threadIdx.x;
  y = blockIdx.x * 32 + threadIdx.y;
  for (int j = 0; j < 32; j += 8)
    if (x < rows && y + j < columns) out[(y + j) * rows + x] = tile[threadIdx.x][threadIdx.y + j];
}

extern "C" __global__ void transpose_f32(const float* in, float* out, int rows, int columns) {
  transpose(in, out, rows, columns);
}

extern "C" __global__ void transpose_u16(const unsigned short* in, unsigned short* out, int rows, int columns) {
  transpose(in, out, rows, columns);
}

extern "C" __global__ void transpose_f64(const double* in, double* out, int rows, int columns) {
  transpose(in, out, rows, columns);
}
