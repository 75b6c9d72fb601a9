// Accelerations of bodies under gravity, softened; tiles of positions in shared memory.

__device__ float3 pull(float4 body, float4 other, float3 sum, float softening) {
  float dx = other.x - body.x, dy = other.y - body.y, dz = other.z - body.z;
  float inverse = rsqrtf(dx * dx + dy * dy + dz * dz + softening);
  float strength = other.w * inverse * inverse * inverse;
  return make_float3(sum.x + dx * strength, sum.y + dy * strength, sum.z + dz * strength);
}

extern "C" __global__ void nbody(const float4* bodies, float3* accelerations, int n, float softening) {
  extern __shared__ float4 tile[];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  float4 body = i < n ? bodies[i] : make_float4(0, 0, 0, 0);
  float3 sum = make_float3(0, 0, 0);
  for (int at = 0; at < n; at += blockDim.x) {
    int other = at + threadIdx.x;
    tile[threadIdx.x] = other < n ? bodies[other] : make_float4(0, 0, 0, 0);
    __syncthreads();
#pragma unroll 4
    for (int j = 0; j < blockDim.x; j++) sum = pull(body, tile[j], sum, softening);
    __syncthreads();
  }
  if (i < n) accelerations[i] = sum;
}
