// C (m, n) f32 = A (m, k) B (k, n), bf16, row-major: mma.sync m16n8k16 fed by ldmatrix. A warp makes 16 x 16 of C.

#include <cuda_bf16.h>

extern "C" __global__ void mma_bf16(const __nv_bfloat16* a, const __nv_bfloat16* b, float* c, int m, int n, int k) {
  __shared__ __align__(16) __nv_bfloat16 left[16][24], right[16][24];
  int lane = threadIdx.x, row0 = blockIdx.y * 16, column0 = blockIdx.x * 16;
  float sum[2][4] = {};
  for (int at = 0; at < k; at += 16) {
    __syncwarp();
    for (int i = lane; i < 256; i += 32) {
      int r = i / 16, s = i % 16;
      left[r][s] = row0 + r < m && at + s < k ? a[(row0 + r) * k + at + s] : __nv_bfloat16(0.0f);
      right[r][s] = at + r < k && column0 + s < n ? b[(at + r) * n + column0 + s] : __nv_bfloat16(0.0f);
    }
    __syncwarp();
    unsigned int fa[4], fb[4];
    unsigned int from = (unsigned int)__cvta_generic_to_shared(&left[lane % 16][lane / 16 * 8]);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(fa[0]), "=r"(fa[1]), "=r"(fa[2]), "=r"(fa[3]) : "r"(from) : "memory");
    from = (unsigned int)__cvta_generic_to_shared(&right[lane % 16][lane / 16 * 8]);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(fb[0]), "=r"(fb[1]), "=r"(fb[2]), "=r"(fb[3]) : "r"(from) : "memory");
    for (int half = 0; half < 2; half++)
      asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                   : "+f"(sum[half][0]), "+f"(sum[half][1]), "+f"(sum[half][2]), "+f"(sum[half][3])
                   : "r"(fa[0]), "r"(fa[1]), "r"(fa[2]), "r"(fa[3]), "r"(fb[2 * half]), "r"(fb[2 * half + 1]));
  }
  for (int half = 0; half < 2; half++)
    for (int i = 0; i < 4; i++) {
      int row = row0 + lane / 4 + i / 2 * 8, column = column0 + half * 8 + lane % 4 * 2 + i % 2;
      if (row < m && column < n) c[row * n + column] = sum[half][i];
    }
}
