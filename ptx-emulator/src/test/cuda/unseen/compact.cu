// Keeps the positive elements, in order within a warp: ballot, popc, and one atomic a warp.

extern "C" __global__ void compact(const int* in, int* out, int* count, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, lane = threadIdx.x & 31;
  int value = i < n ? in[i] : 0;
  unsigned int keep = __ballot_sync(0xffffffffu, value > 0);
  int base = 0;
  if (lane == 0 && keep != 0) base = atomicAdd(count, __popc(keep));
  base = __shfl_sync(0xffffffffu, base, 0);
  if (value > 0) out[base + __popc(keep & ((1u << lane) - 1))] = value;
}

// The same with the lanes that are here, whichever they are.
extern "C" __global__ void compact_active(const int* in, int* out, int* count, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && in[i] > 0) {
    unsigned int here = __activemask(), below;
    asm("mov.u32 %0, %%lanemask_lt;" : "=r"(below));
    int leader = __ffs(here) - 1, base = 0;
    unsigned int lane;
    asm volatile("mov.u32 %0, %%laneid;" : "=r"(lane));
    if (lane == leader) base = atomicAdd(count, __popc(here));
    base = __shfl_sync(here, base, leader);
    out[base + __popc(here & below)] = in[i];
  }
}
