// One tile each of the other mma.sync kinds: f16 with sums in f16 and in f32, tf32, int8. A row-major, B column-major.

#include <cuda_fp16.h>

extern "C" __global__ void mma_f16_f16(const unsigned int* a, const unsigned int* b, unsigned int* c) {
  int group = threadIdx.x / 4, pair = threadIdx.x % 4;
  unsigned int fa[4] = {a[group * 8 + pair], a[(group + 8) * 8 + pair], a[group * 8 + pair + 4], a[(group + 8) * 8 + pair + 4]};
  unsigned int fb[2] = {b[group * 8 + pair], b[group * 8 + pair + 4]};
  unsigned int d[2] = {c[group * 4 + pair], c[(group + 8) * 4 + pair]};
  asm("mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {%0, %1}, {%2, %3, %4, %5}, {%6, %7}, {%0, %1};"
      : "+r"(d[0]), "+r"(d[1]) : "r"(fa[0]), "r"(fa[1]), "r"(fa[2]), "r"(fa[3]), "r"(fb[0]), "r"(fb[1]));
  c[group * 4 + pair] = d[0];
  c[(group + 8) * 4 + pair] = d[1];
}

extern "C" __global__ void mma_f16_f32(const unsigned int* a, const unsigned int* b, float* c) {
  int group = threadIdx.x / 4, pair = threadIdx.x % 4;
  float d[4];
  asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%7, %7, %7, %7};"
      : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])
      : "r"(a[group * 4 + pair]), "r"(a[(group + 8) * 4 + pair]), "r"(b[group * 4 + pair]), "f"(0.5f));
  for (int i = 0; i < 4; i++) c[(group + i / 2 * 8) * 8 + pair * 2 + i % 2] = d[i];
}

extern "C" __global__ void mma_tf32(const float* a, const float* b, float* c) {
  int group = threadIdx.x / 4, pair = threadIdx.x % 4;
  unsigned int fa[4], fb[2];
  for (int i = 0; i < 4; i++)
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(fa[i]) : "f"(a[(group + i % 2 * 8) * 8 + pair + i / 2 * 4]));
  for (int i = 0; i < 2; i++) asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(fb[i]) : "f"(b[group * 8 + pair + i * 4]));
  float d[4] = {};
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(fa[0]), "r"(fa[1]), "r"(fa[2]), "r"(fa[3]), "r"(fb[0]), "r"(fb[1]));
  for (int i = 0; i < 4; i++) c[(group + i / 2 * 8) * 8 + pair * 2 + i % 2] = d[i];
}

extern "C" __global__ void mma_s8(const int* a, const int* b, int* c) {
  int group = threadIdx.x / 4, pair = threadIdx.x % 4;
  int fa[4], fb[2], d[4] = {};
  for (int i = 0; i < 4; i++) fa[i] = a[(group + i % 2 * 8) * 8 + pair + i / 2 * 4];
  for (int i = 0; i < 2; i++) fb[i] = b[group * 8 + pair + i * 4];
  asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
      : "r"(fa[0]), "r"(fa[1]), "r"(fa[2]), "r"(fa[3]), "r"(fb[0]), "r"(fb[1]));
  for (int i = 0; i < 4; i++) c[(group + i / 2 * 8) * 8 + pair * 2 + i % 2] = d[i];
}
