// Cooperative groups: tiles of a block, coalesced groups, and their reductions.

#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>

namespace cg = cooperative_groups;

extern "C" __global__ void groups_tile(const int* in, int* sums, int n) {
  cg::thread_block block = cg::this_thread_block();
  cg::thread_block_tile<8> tile = cg::tiled_partition<8>(block);
  int i = block.group_index().x * block.size() + block.thread_rank();
  int value = i < n ? in[i] : 0;
  for (int offset = tile.size() / 2; offset > 0; offset /= 2) value += tile.shfl_down(value, offset);
  if (tile.thread_rank() == 0) sums[i / 8] = value;
}

extern "C" __global__ void groups_reduce(const float* in, float* most, unsigned int* bits, int n) {
  cg::thread_block block = cg::this_thread_block();
  auto tile = cg::tiled_partition<16>(block);
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  float value = i < n ? in[i] : -3.0e38f;
  float greatest = cg::reduce(tile, value, cg::greater<float>());
  unsigned int all = cg::reduce(tile, 1u << (i % 32), cg::bit_or<unsigned int>());
  block.sync();
  if (tile.thread_rank() == 0) {
    most[i / 16] = greatest;
    bits[i / 16] = all;
  }
}

extern "C" __global__ void groups_coalesced(const int* in, int* ranks, int* sizes, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && in[i] % 3 == 0) {
    cg::coalesced_group here = cg::coalesced_threads();
    ranks[i] = here.thread_rank() + here.shfl(i, 0) * 64;
    sizes[i] = here.size();
  }
}
