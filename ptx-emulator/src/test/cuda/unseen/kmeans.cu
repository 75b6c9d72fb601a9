// A step of k-means: each point to its nearest centre, sums by atomics in shared, then global memory.

#define DIMENSIONS 3

extern "C" __global__ void kmeans_assign(
    const float* points, const float* centres, int* assigned, float* sums, int* counts, int n, int k) {
  extern __shared__ float own[];
  int* ownCounts = reinterpret_cast<int*>(own + k * DIMENSIONS);
  for (int i = threadIdx.x; i < k * DIMENSIONS; i += blockDim.x) own[i] = 0.0f;
  for (int i = threadIdx.x; i < k; i += blockDim.x) ownCounts[i] = 0;
  __syncthreads();
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    float least = __int_as_float(0x7f800000);
    int nearest = 0;
    for (int c = 0; c < k; c++) {
      float distance = 0.0f;
      for (int d = 0; d < DIMENSIONS; d++) {
        float delta = points[i * DIMENSIONS + d] - centres[c * DIMENSIONS + d];
        distance += delta * delta;
      }
      if (distance < least) {
        least = distance;
        nearest = c;
      }
    }
    assigned[i] = nearest;
    for (int d = 0; d < DIMENSIONS; d++) atomicAdd(&own[nearest * DIMENSIONS + d], points[i * DIMENSIONS + d]);
    atomicAdd(&ownCounts[nearest], 1);
  }
  __syncthreads();
  for (int j = threadIdx.x; j < k * DIMENSIONS; j += blockDim.x) atomicAdd(&sums[j], own[j]);
  for (int j = threadIdx.x; j < k; j += blockDim.x) atomicAdd(&counts[j], ownCounts[j]);
}

extern "C" __global__ void kmeans_move(const float* sums, const int* counts, float* centres, int k) {
  int i = threadIdx.x;
  if (i < k * DIMENSIONS && counts[i / DIMENSIONS] > 0) centres[i] = sums[i] / counts[i / DIMENSIONS];
}
