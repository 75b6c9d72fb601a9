// Products of 16 x 16 x 16 (tf32: 16 x 16 x 8) tiles through nvcuda::wmma. Sizes are whole tiles.

#include <mma.h>

using namespace nvcuda;

extern "C" __global__ void wmma_bf16(const __nv_bfloat16* a, const __nv_bfloat16* b, float* c, int n, int k) {
  wmma::fragment<wmma::matrix_a, 16, 16, 16, __nv_bfloat16, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, __nv_bfloat16, wmma::col_major> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> sum;
  wmma::fill_fragment(sum, 0.0f);
  for (int at = 0; at < k; at += 16) {
    wmma::load_matrix_sync(fa, a + blockIdx.y * 16 * k + at, k);
    wmma::load_matrix_sync(fb, b + blockIdx.x * 16 * k + at, k);
    wmma::mma_sync(sum, fa, fb, sum);
  }
  wmma::store_matrix_sync(c + blockIdx.y * 16 * n + blockIdx.x * 16, sum, n, wmma::mem_row_major);
}

// Half in, half out, through shared memory; C is scaled in the fragment and stored column-major.
extern "C" __global__ void wmma_f16(const __half* a, const __half* b, __half* c, int m, int n, int k, float scale) {
  __shared__ __half left[16 * 16], right[16 * 16];
  wmma::fragment<wmma::matrix_a, 16, 16, 16, __half, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, __half, wmma::row_major> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 16, __half> sum;
  wmma::fill_fragment(sum, __float2half(0.0f));
  for (int at = 0; at < k; at += 16) {
    for (int i = threadIdx.x; i < 256; i += 32) {
      left[i] = a[(blockIdx.y * 16 + i / 16) * k + at + i % 16];
      right[i] = b[(at + i / 16) * n + blockIdx.x * 16 + i % 16];
    }
    __syncwarp();
    wmma::load_matrix_sync(fa, left, 16);
    wmma::load_matrix_sync(fb, right, 16);
    wmma::mma_sync(sum, fa, fb, sum);
    __syncwarp();
  }
  for (int i = 0; i < sum.num_elements; i++) sum.x[i] = __hmul(sum.x[i], __float2half(scale));
  wmma::store_matrix_sync(c + blockIdx.x * 16 * m + blockIdx.y * 16, sum, m, wmma::mem_col_major);
}

extern "C" __global__ void wmma_tf32(const float* a, const float* b, float* c, int n, int k) {
  wmma::fragment<wmma::matrix_a, 16, 16, 8, wmma::precision::tf32, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 16, 16, 8, wmma::precision::tf32, wmma::row_major> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 8, float> sum;
  wmma::load_matrix_sync(sum, c + blockIdx.y * 16 * n + blockIdx.x * 16, n, wmma::mem_row_major);
  for (int at = 0; at < k; at += 8) {
    wmma::load_matrix_sync(fa, a + blockIdx.y * 16 * k + at, k);
    wmma::load_matrix_sync(fb, b + at * n + blockIdx.x * 16, n);
    for (int i = 0; i < fa.num_elements; i++) fa.x[i] = wmma::__float_to_tf32(fa.x[i]);
    for (int i = 0; i < fb.num_elements; i++) fb.x[i] = wmma::__float_to_tf32(fb.x[i]);
    wmma::mma_sync(sum, fa, fb, sum);
  }
  wmma::store_matrix_sync(c + blockIdx.y * 16 * n + blockIdx.x * 16, sum, n, wmma::mem_row_major);
}
