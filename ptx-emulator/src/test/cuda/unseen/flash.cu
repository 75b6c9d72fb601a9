// Causal attention of one head of 64 in halves: tiles of keys and values come by cp.async while the last ones are multiplied, scores
// and values by mma.sync fed by ldmatrix, the softmax online in exp2. A block makes 64 rows, a warp 16 of them.

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#define WIDTH 64
#define KEYS 32
#define ROWS 64
#define PITCH (WIDTH + 8)
#define LOG2E 1.4426950408889634f

__device__ unsigned int shared_address(const void* p) { return (unsigned int)__cvta_generic_to_shared(p); }

// 16 bytes, or zeros where there is nothing to copy.
__device__ void copy_16(void* to, const void* from, bool there) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from), "r"(there ? 16 : 0) : "memory");
}

__device__ void load_matrices(unsigned int (&to)[4], const void* from) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3]) : "r"(shared_address(from)) : "memory");
}

__device__ void load_transposed(unsigned int (&to)[4], const void* from) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3]) : "r"(shared_address(from)) : "memory");
}

__device__ void multiply(__nv_bfloat16, float (&c)[4], const unsigned int (&a)[4], unsigned int b0, unsigned int b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

__device__ void multiply(__half, float (&c)[4], const unsigned int (&a)[4], unsigned int b0, unsigned int b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

__device__ unsigned int packed(__nv_bfloat16, float low, float high) {
  __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *(unsigned int*)&pair;
}

__device__ unsigned int packed(__half, float low, float high) {
  __half2 pair = __floats2half2_rn(low, high);
  return *(unsigned int*)&pair;
}

__device__ float power(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

template <typename T>
__device__ void load_tile(T (*to)[PITCH], const T* from, int rows, int first, int length) {
  for (int i = threadIdx.x; i < rows * WIDTH / 8; i += blockDim.x) {
    int row = i / (WIDTH / 8), at = i % (WIDTH / 8) * 8;
    bool there = first + row < length;
    copy_16(&to[row][at], from + (there ? first + row : 0) * WIDTH + at, there);
  }
}

template <typename T>
__device__ void flash(const T* q, const T* k, const T* v, T* y, float* lse, int length, float scale) {
  __shared__ __align__(16) T queries[ROWS][PITCH], keys[2][KEYS][PITCH], values[2][KEYS][PITCH];
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32, first = blockIdx.x * ROWS;
  int tiles = (min(first + ROWS, length) + KEYS - 1) / KEYS;
  load_tile(queries, q, ROWS, first, length);
  load_tile(keys[0], k, KEYS, 0, length);
  load_tile(values[0], v, KEYS, 0, length);
  asm volatile("cp.async.commit_group;" ::: "memory");
  float sums[WIDTH / 8][4] = {}, most[2] = {-INFINITY, -INFINITY}, weight[2] = {};
  unsigned int row_fragments[WIDTH / 16][4];
  for (int tile = 0; tile < tiles; tile++) {
    int now = tile % 2;
    if (tile + 1 < tiles) {
      load_tile(keys[1 - now], k, KEYS, (tile + 1) * KEYS, length);
      load_tile(values[1 - now], v, KEYS, (tile + 1) * KEYS, length);
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
    asm volatile("cp.async.wait_group 1;" ::: "memory");
    __syncthreads();
    if (tile == 0)
      for (int j = 0; j < WIDTH / 16; j++) load_matrices(row_fragments[j], &queries[warp * 16 + lane % 16][j * 16 + lane / 16 * 8]);
    float scores[KEYS / 8][4] = {};
    for (int j = 0; j < WIDTH / 16; j++)
      for (int n = 0; n < KEYS / 16; n++) {
        unsigned int b[4];
        load_matrices(b, &keys[now][n * 16 + lane / 16 * 8 + lane % 8][j * 16 + lane / 8 % 2 * 8]);
        multiply(T(), scores[2 * n], row_fragments[j], b[0], b[1]);
        multiply(T(), scores[2 * n + 1], row_fragments[j], b[2], b[3]);
      }
    float higher[2] = {most[0], most[1]};
    for (int n = 0; n < KEYS / 8; n++)
      for (int i = 0; i < 4; i++) {
        int row = first + warp * 16 + lane / 4 + i / 2 * 8, key = tile * KEYS + n * 8 + lane % 4 * 2 + i % 2;
        scores[n][i] = key <= row && key < length ? scores[n][i] * (scale * LOG2E) : -INFINITY;
        higher[i / 2] = fmaxf(higher[i / 2], scores[n][i]);
      }
    for (int half = 0; half < 2; half++) {
      higher[half] = fmaxf(higher[half], __shfl_xor_sync(~0u, higher[half], 1));
      higher[half] = fmaxf(higher[half], __shfl_xor_sync(~0u, higher[half], 2));
      float shrink = higher[half] == -INFINITY ? 1.0f : power(most[half] - higher[half]);
      most[half] = higher[half];
      weight[half] *= shrink;
      for (int j = 0; j < WIDTH / 8; j++)
        for (int i = 0; i < 2; i++) sums[j][half * 2 + i] *= shrink;
    }
    for (int n = 0; n < KEYS / 8; n++)
      for (int i = 0; i < 4; i++) {
        scores[n][i] = scores[n][i] == -INFINITY ? 0.0f : power(scores[n][i] - most[i / 2]);
        weight[i / 2] += scores[n][i];
      }
    for (int n = 0; n < KEYS / 16; n++) {
      unsigned int a[4] = {packed(T(), scores[2 * n][0], scores[2 * n][1]), packed(T(), scores[2 * n][2], scores[2 * n][3]),
                           packed(T(), scores[2 * n + 1][0], scores[2 * n + 1][1]), packed(T(), scores[2 * n + 1][2], scores[2 * n + 1][3])};
      for (int j = 0; j < WIDTH / 16; j++) {
        unsigned int b[4];
        load_transposed(b, &values[now][n * 16 + lane % 16][j * 16 + lane / 16 * 8]);
        multiply(T(), sums[2 * j], a, b[0], b[1]);
        multiply(T(), sums[2 * j + 1], a, b[2], b[3]);
      }
    }
    __syncthreads();
  }
  for (int half = 0; half < 2; half++) {
    weight[half] += __shfl_xor_sync(~0u, weight[half], 1);
    weight[half] += __shfl_xor_sync(~0u, weight[half], 2);
    int row = first + warp * 16 + lane / 4 + half * 8;
    if (row < length) {
      for (int j = 0; j < WIDTH / 8; j++)
        *(unsigned int*)&y[row * WIDTH + j * 8 + lane % 4 * 2] =
            packed(T(), sums[j][half * 2] / weight[half], sums[j][half * 2 + 1] / weight[half]);
      if (lane % 4 == 0) lse[row] = (most[half] + __log2f(weight[half])) / LOG2E;
    }
  }
}

extern "C" __global__ void flash_bf16(const __nv_bfloat16* q, const __nv_bfloat16* k, const __nv_bfloat16* v, __nv_bfloat16* y, float* lse,
                                      int length, float scale) {
  flash<__nv_bfloat16>(q, k, v, y, lse, length, scale);
}

extern "C" __global__ void flash_f16(const __half* q, const __half* k, const __half* v, __half* y, float* lse, int length, float scale) {
  flash<__half>(q, k, v, y, lse, length, scale);
}
