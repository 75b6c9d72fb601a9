// Stencils: five points on a plane through a tile with a halo, and seven points in space straight from memory.

#define W 16
#define H 8

extern "C" __global__ void stencil_plane(const float* in, float* out, int width, int height) {
  __shared__ float tile[H + 2][W + 2];
  int x0 = blockIdx.x * W - 1, y0 = blockIdx.y * H - 1;
  for (int i = threadIdx.y * W + threadIdx.x; i < (W + 2) * (H + 2); i += W * H) {
    int x = min(max(x0 + i % (W + 2), 0), width - 1), y = min(max(y0 + i / (W + 2), 0), height - 1);
    tile[i / (W + 2)][i % (W + 2)] = __ldg(in + y * width + x);
  }
  __syncthreads();
  int x = x0 + 1 + threadIdx.x, y = y0 + 1 + threadIdx.y, tx = threadIdx.x + 1, ty = threadIdx.y + 1;
  if (x < width && y < height)
    out[y * width + x] = 0.5f * tile[ty][tx] +
        0.125f * ((tile[ty - 1][tx] + tile[ty + 1][tx]) + (tile[ty][tx - 1] + tile[ty][tx + 1]));
}

extern "C" __global__ void stencil_space(const int* in, int* out, int3 size) {
  int x = blockIdx.x * blockDim.x + threadIdx.x;
  int y = blockIdx.y * blockDim.y + threadIdx.y;
  int z = blockIdx.z * blockDim.z + threadIdx.z;
  if (x >= size.x || y >= size.y || z >= size.z) return;
  auto at = [=](int i, int j, int k) {
    bool inside = i >= 0 && i < size.x && j >= 0 && j < size.y && k >= 0 && k < size.z;
    return inside ? in[(k * size.y + j) * size.x + i] : 0;
  };
  out[(z * size.y + y) * size.x + x] = at(x - 1, y, z) + at(x + 1, y, z) + at(x, y - 1, z) + at(x, y + 1, z) +
      at(x, y, z - 1) + at(x, y, z + 1) - 6 * at(x, y, z);
}
