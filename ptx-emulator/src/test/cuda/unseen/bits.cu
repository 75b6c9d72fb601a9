// Bits: CRC-32 by table and by arithmetic, blocks of SHA-256, and each instruction on bits.

__device__ unsigned int table[256];

extern "C" __global__ void crc_table() {
  unsigned int value = threadIdx.x;
  for (int i = 0; i < 8; i++) value = value & 1 ? value >> 1 ^ 0xEDB88320u : value >> 1;
  table[threadIdx.x] = value;
}

extern "C" __global__ void crc_rows(const unsigned char* in, const int* lengths, unsigned int* out, int stride, int rows) {
  int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= rows) return;
  unsigned int crc = ~0u;
  for (int i = 0; i < lengths[row]; i++) crc = table[(crc ^ in[row * stride + i]) & 255] ^ crc >> 8;
  out[row] = ~crc;
}

__constant__ unsigned int roundKeys[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

__device__ __forceinline__ unsigned int rotate(unsigned int x, int by) { return __funnelshift_r(x, x, by); }

// A padded message of whole blocks a thread; words are big-endian in memory.
extern "C" __global__ void sha256(const unsigned int* messages, unsigned int* digests, int blocks, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  unsigned int state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  for (int block = 0; block < blocks; block++) {
    unsigned int w[16], v[8];
    for (int j = 0; j < 16; j++) w[j] = __byte_perm(messages[(i * blocks + block) * 16 + j], 0, 0x0123);
    for (int j = 0; j < 8; j++) v[j] = state[j];
    for (int r = 0; r < 64; r++) {
      if (r >= 16) {
        unsigned int a = w[(r + 1) & 15], b = w[(r + 14) & 15];
        w[r & 15] += (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[(r + 9) & 15] + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
      }
      unsigned int t1 = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) + (v[4] & v[5] ^ ~v[4] & v[6]) +
          roundKeys[r] + w[r & 15];
      unsigned int t2 = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) + (v[0] & v[1] ^ v[0] & v[2] ^ v[1] & v[2]);
      for (int j = 7; j > 0; j--) v[j] = v[j - 1];
      v[4] += t1;
      v[0] = t1 + t2;
    }
    for (int j = 0; j < 8; j++) state[j] += v[j];
  }
  for (int j = 0; j < 8; j++) digests[i * 8 + j] = state[j];
}

extern "C" __global__ void bits_each(const unsigned int* a, const unsigned int* b, unsigned int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  unsigned int x = a[i], y = b[i], *to = out + i * 16;
  unsigned long long wide = (unsigned long long)x << 32 | y;
  to[0] = __popc(x);
  to[1] = __clz(x);
  to[2] = __brev(x);
  to[3] = __ffs(x);
  to[4] = __funnelshift_l(x, y, i);
  to[5] = __funnelshift_rc(x, y, i);
  to[6] = __byte_perm(x, y, 0x5140 + i);
  to[7] = __popcll(wide) + 100 * __clzll(wide);
  to[8] = (unsigned int)(__brevll(wide) >> 7);
  asm("bfe.u32 %0, %1, %2, %3;" : "=r"(to[9]) : "r"(x), "r"(i & 31), "r"(y & 15));
  asm("bfe.s32 %0, %1, %2, %3;" : "=r"(to[10]) : "r"(x), "r"(i & 31), "r"(y & 15));
  asm("bfi.b32 %0, %1, %2, %3, %4;" : "=r"(to[11]) : "r"(x), "r"(y), "r"(i & 31), "r"(9));
  asm("bfind.u32 %0, %1;" : "=r"(to[12]) : "r"(y));
  asm("lop3.b32 %0, %1, %2, %3, 0xE8;" : "=r"(to[13]) : "r"(x), "r"(y), "r"(x + y));
  asm("{ .reg .u32 t; add.cc.u32 t, %1, %2; addc.u32 %0, %1, 0; }" : "=r"(to[14]) : "r"(x), "r"(y));
  asm("{ .reg .u32 t; sub.cc.u32 t, %1, %2; subc.u32 %0, %1, %2; }" : "=r"(to[15]) : "r"(x), "r"(y));
}
