// What random kernels are made of, for nvcc and for g++: the state of a thread, operations that are written differently for
// the two, and exchanges among threads, which on the host are loops over all threads of a block.
#define NT 80
#define BLOCKS 2
struct Extra { int a; signed char b; double d; short c[3]; };
#ifdef __CUDACC__
#include <cuda_fp16.h>
#include <cuda_bf16.h>
#define HD __device__
#define KIND_noinline __noinline__
#define KIND_forceinline __forceinline__
typedef __half hf;
typedef __nv_bfloat16 bf;
#else
#include <math.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdint.h>
#define HD static
#define KIND_noinline __attribute__((noinline))
#define KIND_forceinline inline
typedef _Float16 hf;
struct bf { unsigned short x; };
#endif
struct alignas(8) State {
  long long l0, l1; unsigned long long w0, w1; double d0, d1;
  int i0, i1, i2; unsigned u0, u1, u2; float f0, f1, f2;
  short s0; unsigned short s1; hf h0, h1; bf b0; signed char c0; unsigned char c1;
};
#ifdef __CUDACC__
#define BITF(x) __uint_as_float(x)
#define RAWF(x) __float_as_uint(x)
#define RAWD(x) ((unsigned long long)__double_as_longlong(x))
#define POPC32(x) __popc(x)
#define POPC64(x) __popcll(x)
#define CLZ32(x) __clz(x)
#define CLZ64(x) __clzll(x)
#define BREV32(x) __brev(x)
#define BREV64(x) __brevll(x)
#define FFS32(x) __ffs(x)
#define FFS64(x) __ffsll(x)
#define MULHI(a, b) __mulhi(a, b)
#define UMULHI(a, b) __umulhi(a, b)
#define UMUL64HI(a, b) __umul64hi(a, b)
#define MUL64HI(a, b) __mul64hi(a, b)
#define PRMT(a, b, c) __byte_perm(a, b, c)
#define FSHL(a, b, c) __funnelshift_l(a, b, c)
#define FSHR(a, b, c) __funnelshift_rc(a, b, c)
#define SAD(a, b, c) __sad(a, b, c)
#define DP4A(a, b, c) __dp4a(a, b, c)
#define float2int_rz(x) __float2int_rz(x)
#define float2int_rn(x) __float2int_rn(x)
#define float2uint_rz(x) __float2uint_rz(x)
#define float2uint_rn(x) __float2uint_rn(x)
#define float2long_rz(x) __float2ll_rz(x)
#define float2long_rn(x) __float2ll_rn(x)
#define float2ulong_rz(x) __float2ull_rz(x)
#define float2ulong_rn(x) __float2ull_rn(x)
#define double2int_rz(x) __double2int_rz(x)
#define double2int_rn(x) __double2int_rn(x)
#define double2uint_rz(x) __double2uint_rz(x)
#define double2uint_rn(x) __double2uint_rn(x)
#define double2long_rz(x) __double2ll_rz(x)
#define double2long_rn(x) __double2ll_rn(x)
#define double2ulong_rz(x) __double2ull_rz(x)
#define double2ulong_rn(x) __double2ull_rn(x)
#define half2int_rz(x) __half2int_rz(x)
#define I2F_rz(x) __int2float_rz(x)
#define U2F_rd(x) __uint2float_rd(x)
#define min_float(a, b) fminf(a, b)
#define max_float(a, b) fmaxf(a, b)
#define min_double(a, b) fmin(a, b)
#define max_double(a, b) fmax(a, b)
#define H_bits(x) __ushort_as_half(x)
#define B_bits(x) __ushort_as_bfloat16(x)
#define RAWH(x) __half_as_ushort(x)
#define RAWB(x) __bfloat16_as_ushort(x)
#define H_add(a, b) __hadd_rn(a, b)
#define H_sub(a, b) __hsub_rn(a, b)
#define H_mul(a, b) __hmul_rn(a, b)
#define H_fma(a, b, c) __hfma(a, b, c)
#define H_neg(a) __hneg(a)
#define H_max(a, b) __hmax(a, b)
#define H_min(a, b) __hmin(a, b)
#define H_lt(a, b) __hlt(a, b)
#define H_ge(a, b) __hge(a, b)
#define H_eq(a, b) __heq(a, b)
#define F2H(x) __float2half_rn(x)
#define F2H_rz(x) __float2half_rz(x)
#define H2F(x) __half2float(x)
#define I2H(x) __int2half_rn(x)
#define F2B(x) __float2bfloat16_rn(x)
#define B2F(x) __bfloat162float(x)
#define B_add(a, b) __hadd_rn(a, b)
#define B_mul(a, b) __hmul_rn(a, b)
#else
static unsigned RAWF(float x) { unsigned u; memcpy(&u, &x, 4); return u; }
static float BITF(unsigned x) { float u; memcpy(&u, &x, 4); return u; }
static unsigned long long RAWD(double x) { unsigned long long u; memcpy(&u, &x, 8); return u; }
static double BITD(unsigned long long x) { double u; memcpy(&u, &x, 8); return u; }
#define POPC32(x) __builtin_popcount(x)
#define POPC64(x) __builtin_popcountll(x)
static int CLZ32(unsigned x) { return x ? __builtin_clz(x) : 32; }
static int CLZ64(unsigned long long x) { return x ? __builtin_clzll(x) : 64; }
static unsigned BREV32(unsigned x) { unsigned r = 0; for (int i = 0; i < 32; i++) r |= (x >> i & 1) << (31 - i); return r; }
static unsigned long long BREV64(unsigned long long x) { unsigned long long r = 0; for (int i = 0; i < 64; i++) r |= (x >> i & 1) << (63 - i); return r; }
#define FFS32(x) __builtin_ffs(x)
#define FFS64(x) __builtin_ffsll(x)
#define MULHI(a, b) ((int)(((long long)(a) * (b)) >> 32))
#define UMULHI(a, b) ((unsigned)(((unsigned long long)(a) * (b)) >> 32))
#define UMUL64HI(a, b) ((unsigned long long)(((unsigned __int128)(a) * (b)) >> 64))
#define MUL64HI(a, b) ((long long)(((__int128)(a) * (b)) >> 64))
static unsigned PRMT(unsigned a, unsigned b, unsigned s) { unsigned long long v = (unsigned long long)b << 32 | a; unsigned r = 0; for (int i = 0; i < 4; i++) { unsigned n = s >> (4 * i); r |= (unsigned)(v >> (8 * (n & 7)) & 255) << (8 * i); } return r; }
static unsigned FSHL(unsigned lo, unsigned hi, unsigned c) { return (unsigned)((((unsigned long long)hi << 32 | lo) << (c & 31)) >> 32); }
static unsigned FSHR(unsigned lo, unsigned hi, unsigned c) { if (c > 32) c = 32; return (unsigned)(((unsigned long long)hi << 32 | lo) >> c); }
static unsigned SAD(int a, int b, unsigned c) { long long d = (long long)a - b; return (unsigned)(d < 0 ? -d : d) + c; }
static int DP4A(int a, int b, int c) { unsigned r = c; for (int i = 0; i < 4; i++) r += (int)(signed char)(a >> 8 * i) * (int)(signed char)(b >> 8 * i); return r; }
static long long toint(double x, long long lo, long long hi, long long nan) { if (x != x) return nan; if (x <= (double)lo) return lo; if (x >= (double)hi) return hi; return (long long)x; }
static unsigned long long toul(double x) { if (x != x) return 1ull << 63; if (x <= 0) return 0; if (x >= 18446744073709551616.0) return ~0ull; return (unsigned long long)x; }
#define float2int_rz(x) ((int)toint((double)(x), -2147483647 - 1, 2147483647, 0))
#define float2int_rn(x) ((int)toint(rint((double)(x)), -2147483647 - 1, 2147483647, 0))
#define float2uint_rz(x) ((unsigned)toint((double)(x), 0, 4294967295ll, 0))
#define float2uint_rn(x) ((unsigned)toint(rint((double)(x)), 0, 4294967295ll, 0))
#define double2int_rz(x) ((int)toint((x), -2147483647 - 1, 2147483647, -2147483647 - 1))
#define double2int_rn(x) ((int)toint(rint(x), -2147483647 - 1, 2147483647, -2147483647 - 1))
#define double2uint_rz(x) ((unsigned)toint((x), 0, 4294967295ll, 1u << 31))
#define double2uint_rn(x) ((unsigned)toint(rint(x), 0, 4294967295ll, 1u << 31))
#define LMIN (-9223372036854775807ll - 1)
#define LMAX 9223372036854775807ll
#define float2long_rz(x) toint((double)(x), LMIN, LMAX, LMIN)
#define float2long_rn(x) toint(rint((double)(x)), LMIN, LMAX, LMIN)
#define double2long_rz(x) toint((x), LMIN, LMAX, LMIN)
#define double2long_rn(x) toint(rint(x), LMIN, LMAX, LMIN)
#define float2ulong_rz(x) toul((double)(x))
#define float2ulong_rn(x) toul(rint((double)(x)))
#define double2ulong_rz(x) toul(x)
#define double2ulong_rn(x) toul(rint(x))
#define half2int_rz(x) ((int)toint((double)(float)(x), -2147483647 - 1, 2147483647, 0))
static float I2F_rz(int x) { float f = (float)x; double d = f; if (fabs(d) > fabs((double)x)) f = BITF(RAWF(f) - 1); return f; }
static float U2F_rd(unsigned x) { float f = (float)x; if ((double)f > (double)x) f = BITF(RAWF(f) - 1); return f; }
template <class T> T fmn(T a, T b) { if (a != a) return b; if (b != b) return a; if (a == 0 && b == 0) return signbit(a) ? a : b; return a < b ? a : b; }
template <class T> T fmx(T a, T b) { if (a != a) return b; if (b != b) return a; if (a == 0 && b == 0) return signbit(a) ? b : a; return a > b ? a : b; }
#define min_float(a, b) fmn<float>(a, b)
#define max_float(a, b) fmx<float>(a, b)
#define min_double(a, b) fmn<double>(a, b)
#define max_double(a, b) fmx<double>(a, b)
static hf H_bits(unsigned short x) { hf h; memcpy(&h, &x, 2); return h; }
static bf B_bits(unsigned short x) { return bf{x}; }
static unsigned short RAWH(hf h) { unsigned short x; memcpy(&x, &h, 2); return x; }
static unsigned short RAWB(bf b) { return b.x; }
static hf H_add(hf a, hf b) { return (hf)((float)a + (float)b); }
static hf H_sub(hf a, hf b) { return (hf)((float)a - (float)b); }
static hf H_mul(hf a, hf b) { return (hf)((float)a * (float)b); }
static hf H_fma(hf a, hf b, hf c) { return (hf)((__float128)a * (__float128)b + (__float128)c); }
static hf H_neg(hf a) { return H_bits(RAWH(a) ^ 0x8000); }
static hf H_max(hf a, hf b) { return (hf)fmx<float>(a, b); }
static hf H_min(hf a, hf b) { return (hf)fmn<float>(a, b); }
#define H_lt(a, b) ((a) < (b))
#define H_ge(a, b) ((a) >= (b))
#define H_eq(a, b) ((a) == (b))
static hf F2H(float x) { return (hf)x; }
static hf F2H_rz(float x) { hf h = (hf)x; if (x == x && !isinf(x) && fabsf((float)h) > fabsf(x)) h = H_bits(RAWH(h) - 1); return h; }
static float H2F(hf x) { return (float)x; }
static hf I2H(int x) { return (hf)(double)x; }
static bf D2B(double x) {
  if (x != x) return bf{0x7fff};
  float f = (float)x;
  // To odd, so that the second rounding sees what the first cut off.
  if ((double)f != x && !isinf(f)) { if (fabs((double)f) > fabs(x)) f = BITF(RAWF(f) - 1); f = BITF(RAWF(f) | 1); }
  unsigned u = RAWF(f);
  u += 0x7fff + (u >> 16 & 1);
  return bf{(unsigned short)(u >> 16)};
}
static float B2F(bf x) { return BITF((unsigned)x.x << 16); }
static bf F2B(float x) { return D2B(x); }
static bf B_add(bf a, bf b) { return D2B((double)B2F(a) + (double)B2F(b)); }
static bf B_mul(bf a, bf b) { return D2B((double)B2F(a) * (double)B2F(b)); }
#endif
// NaNs' bits differ between machines; what is looked at does not.
HD KIND_forceinline unsigned FBITS(float x) { return x == x ? RAWF(x) : 0x7fffffffu; }
HD KIND_forceinline unsigned long long DBITS(double x) { return x == x ? RAWD(x) : 0x7ff8000000000000ull; }
HD KIND_forceinline unsigned HBITS(hf x) { return H_eq(x, x) ? RAWH(x) : 0x7fffu; }
HD KIND_forceinline unsigned BBITS(bf x) { float f = B2F(x); return f == f ? RAWB(x) : 0x7fffu; }
HD KIND_forceinline float BITSF(unsigned x) { return BITF(x); }
HD KIND_forceinline double NONAN(double x) { return x == x ? x : 1.0; }
#define NZ(t, T, special) HD KIND_forceinline T nz_##t(T x) { return special ? (T)3 : x; }
NZ(schar, signed char, (x == 0)) NZ(uchar, unsigned char, x == 0) NZ(short, short, (x == 0))
NZ(ushort, unsigned short, x == 0) NZ(int, int, (x == 0 || x == -1)) NZ(uint, unsigned, x == 0)
NZ(long, long long, (x == 0 || x == -1)) NZ(ulong, unsigned long long, x == 0)
#define MM(t, T) HD KIND_forceinline T min_##t(T a, T b) { return a < b ? a : b; } HD KIND_forceinline T max_##t(T a, T b) { return a > b ? a : b; }
MM(schar, signed char) MM(uchar, unsigned char) MM(short, short) MM(ushort, unsigned short) MM(int, int) MM(uint, unsigned) MM(long, long long) MM(ulong, unsigned long long)
HD KIND_forceinline void clean(State& s) {
  s.f0 = BITF(FBITS(s.f0)); s.f1 = BITF(FBITS(s.f1)); s.f2 = BITF(FBITS(s.f2));
}
#ifdef __CUDACC__
#define DEVICE_BEGIN \
  __shared__ unsigned long long sh[NT]; __shared__ unsigned bins[16]; \
  int t = threadIdx.x, lane = t & 31; unsigned members = t < 64 ? 0xffffffffu : 0xffffu; \
  State s = in[blockIdx.x * NT + t]; (void)sh; (void)bins; (void)lane; (void)members;
#define DEVICE_END State* o = res + blockIdx.x * NT + t; \
  o->l0 = s.l0; o->l1 = s.l1; o->w0 = s.w0; o->w1 = s.w1; o->d0 = __longlong_as_double(DBITS(s.d0)); o->d1 = __longlong_as_double(DBITS(s.d1)); \
  o->i0 = s.i0; o->i1 = s.i1; o->i2 = s.i2; o->u0 = s.u0; o->u1 = s.u1; o->u2 = s.u2; \
  o->f0 = BITF(FBITS(s.f0)); o->f1 = BITF(FBITS(s.f1)); o->f2 = BITF(FBITS(s.f2)); \
  o->s0 = s.s0; o->s1 = s.s1; o->h0 = H_bits(HBITS(s.h0)); o->h1 = H_bits(HBITS(s.h1)); o->b0 = B_bits(BBITS(s.b0)); o->c0 = s.c0; o->c1 = s.c1;
#define XOR(f, n) s.f = __shfl_xor_sync(members, s.f, n);
#define XOR64(f, n) s.f = __shfl_xor_sync(members, s.f, n);
#define UP(f, n) s.f = __shfl_up_sync(members, s.f, n);
#define DOWN(f, n) { auto got = __shfl_down_sync(members, s.f, n, 16); s.f = got; }
#define IDX(f, n) s.f = __shfl_sync(members, s.f, (lane * n + 3) & 15);
#define BALLOT(f, n) s.f ^= __ballot_sync(members, (s.i0 & n) != 0);
#define REDUCE(f, op) s.f = __reduce_##op##_sync(members, s.f);
#define ROTATE(f, n) { typedef decltype(s.f) T; T* p = (T*)sh; p[t] = s.f; __syncthreads(); s.f = p[(t + n) % NT]; __syncthreads(); }
#define ATOMIC(f, n) { if (t < 16) bins[t] = t; __syncthreads(); atomicAdd(&bins[s.u0 % n], s.f & 255); atomicXor(&bins[15 & ~(s.u1 % n)], 0u); atomicMax(&bins[15], 9u); __syncthreads(); s.f += bins[t & 15]; __syncthreads(); }
#define MATCH(f, n) s.f = __match_any_sync(members, s.f & n);
#define SUM(f, n) { typedef decltype(s.f) T; T* p = (T*)sh; p[t] = s.f; __syncthreads(); for (int h = 40; h > 0; h = h == 1 ? 0 : (h + 1) / 2) { int lim = h; T o = t < lim && t + h < NT ? p[t + h] : (T)0; __syncthreads(); if (t < lim) p[t] += o; __syncthreads(); } s.f = p[0] + p[t & 3]; __syncthreads(); }
#else
typedef void (*Kernel)(const State*, State*, const Extra);
#define EACH for (int t = 0; t < NT; t++) { int lane = t & 31, base = t & ~31, count = t < 64 ? 32 : 16; (void)lane; (void)base; (void)count;
#define HOST_BEGIN for (int blk = 0; blk < BLOCKS; blk++) { static State st[NT], old[NT]; memcpy(st, in + blk * NT, sizeof st);
#define OLD memcpy(old, st, sizeof st);
#define XOR(f, n) OLD EACH st[t].f = old[base + (lane ^ n)].f; }
#define XOR64(f, n) XOR(f, n)
#define UP(f, n) OLD EACH st[t].f = old[lane - n >= 0 ? t - n : t].f; }
#define DOWN(f, n) OLD EACH st[t].f = old[(lane & 15) + n < 16 ? t + n : t].f; }
#define IDX(f, n) OLD EACH st[t].f = old[base + ((lane * n + 3) & 15)].f; }
#define BALLOT(f, n) OLD EACH unsigned b = 0; for (int j = 0; j < count; j++) b |= (unsigned)((old[base + j].i0 & n) != 0) << j; st[t].f ^= b; }
#define RED_add(a, b) (decltype(a))((unsigned)(a) + (unsigned)(b))
#define RED_min(a, b) ((a) < (b) ? (a) : (b))
#define RED_max(a, b) ((a) > (b) ? (a) : (b))
#define REDUCE(f, op) OLD EACH auto v = old[base].f; for (int j = 1; j < count; j++) v = RED_##op(v, old[base + j].f); st[t].f = v; }
#define ROTATE(f, n) OLD EACH st[t].f = old[(t + n) % NT].f; }
#define ATOMIC(f, n) { unsigned bins[16]; for (int j = 0; j < 16; j++) bins[j] = j; if (bins[15] < 9) bins[15] = 9; EACH bins[st[t].u0 % n] += st[t].f & 255; } EACH st[t].f += bins[t & 15]; } }
#define MATCH(f, n) OLD EACH unsigned b = 0; for (int j = 0; j < count; j++) b |= (unsigned)((old[base + j].f & n) == (old[t].f & n)) << j; st[t].f = b; }
#define SUM(f, n) { typedef decltype(st[0].f) T; T p[NT], o[NT]; EACH p[t] = st[t].f; } for (int h = 40; h > 0; h = h == 1 ? 0 : (h + 1) / 2) { int lim = h; EACH o[t] = t < lim && t + h < NT ? p[t + h] : (T)0; } EACH if (t < lim) p[t] += o[t]; } } EACH st[t].f = p[0] + p[t & 3]; } }
#define HOST_END EACH State* o = res + blk * NT + t; State& s = st[t]; \
  o->l0 = s.l0; o->l1 = s.l1; o->w0 = s.w0; o->w1 = s.w1; o->d0 = BITD(DBITS(s.d0)); o->d1 = BITD(DBITS(s.d1)); \
  o->i0 = s.i0; o->i1 = s.i1; o->i2 = s.i2; o->u0 = s.u0; o->u1 = s.u1; o->u2 = s.u2; \
  o->f0 = BITF(FBITS(s.f0)); o->f1 = BITF(FBITS(s.f1)); o->f2 = BITF(FBITS(s.f2)); \
  o->s0 = s.s0; o->s1 = s.s1; o->h0 = H_bits(HBITS(s.h0)); o->h1 = H_bits(HBITS(s.h1)); o->b0 = B_bits(BBITS(s.b0)); o->c0 = s.c0; o->c1 = s.c1; } }
#endif
