// What all kernels share: element types and their vectors, index arithmetic over stretched axes, reductions of a warp and a block.
//
// Conventions: tensors are contiguous, row-major, and begin on 256 bytes; n counts elements. Loops run by grid stride, so that any
// grid does any n. Floats are IEEE throughout: no fast math, no flushing of subnormals. Nothing adds floats atomically: results
// do not depend on the order in which blocks run.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef long long i64;
typedef float f32;

// Numbers of two bytes. They are kept in memory alone: what is computed is computed in F32, and rounded once, when it is stored.
struct bf16 {
  u16 bits;
};
struct f16 {
  u16 bits;
};

// The name of an entry for the element type that a module is compiled for, which is the macro ELEMENT: exp_bf16. Code for several
// types is in a .cuh of its own, and each type's module includes it: a program loads those of the types that it uses.
#define JOINED_WORDS(name, element) name##_##element
#define JOINED(name, element) JOINED_WORDS(name, element)
#define ENTRY(name) JOINED(name, ELEMENT)

constexpr int WARP = 32;
constexpr u32 ALL_LANES = 0xffffffffu;

__device__ inline i64 thread_in_grid() { return (i64)blockIdx.x * blockDim.x + threadIdx.x; }

__device__ inline i64 threads_in_grid() { return (i64)gridDim.x * blockDim.x; }

// Neighbours, loaded and stored as one access where that is of 16 bytes at most, else as two of 16.
template <class T, int N>
struct alignas(N * sizeof(T)) Pack {
  T v[N];
};

template <class T>
using Quad = Pack<T, 4>;

template <int N, class T>
__device__ inline Pack<T, N> load_pack(const T *from) {
  return *reinterpret_cast<const Pack<T, N> *>(from);
}

template <int N, class T>
__device__ inline void store_pack(T *to, const Pack<T, N> &pack) {
  *reinterpret_cast<Pack<T, N> *>(to) = pack;
}

template <class T>
__device__ inline Quad<T> load4(const T *from) {
  return load_pack<4>(from);
}

template <class T>
__device__ inline void store4(T *to, const Quad<T> &quad) {
  store_pack(to, quad);
}

// How many neighbours a thread takes at a time: 16 bytes of halves, and of what is narrower than a float as many as of floats.
template <class T>
constexpr int LANES = sizeof(T) == 2 ? 8 : 4;

// Calls at(i) for what is left over of n beyond the last W neighbours. The grid has more threads than are left.
template <int W, class F>
__device__ inline void for_tail(i64 n, F at) {
  i64 i = n / W * W + thread_in_grid();
  if (i < n) at(i);
}

// Calls at(i) for the first element of each W neighbours of this thread.
template <int W, class F>
__device__ inline void for_packs(i64 n, F at) {
#pragma unroll 1
  for (i64 i = thread_in_grid() * W; i + W - 1 < n; i += threads_in_grid() * W) at(i);
}

template <class F>
__device__ inline void for_tail(i64 n, F at) {
  for_tail<4>(n, at);
}

template <class F>
__device__ inline void for_quads(i64 n, F at) {
  for_packs<4>(n, at);
}

// ---- numbers of two bytes

__device__ inline float widen(float v) { return v; }

__device__ inline float widen(bf16 v) { return __uint_as_float((u32)v.bits << 16); }

__device__ inline float widen(f16 v) {
  float wide;
  asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(v.bits));
  return wide;
}

// To nearest even; beyond the type infinity.
__device__ inline void narrow(float v, float &to) { to = v; }

__device__ inline void narrow(float v, bf16 &to) { asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(to.bits) : "f"(v)); }

__device__ inline void narrow(float v, f16 &to) { asm("cvt.rn.f16.f32 %0, %1;" : "=h"(to.bits) : "f"(v)); }

template <class T>
__device__ inline T narrowed(float v) {
  T to;
  narrow(v, to);
  return to;
}

// Two at once, the first in the lower half.
__device__ inline u32 pair(float first, float second, bf16) {
  u32 both;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(second), "f"(first));
  return both;
}

__device__ inline u32 pair(float first, float second, f16) {
  u32 both;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(second), "f"(first));
  return both;
}

// Neighbours as they are computed with, so that code for one and for several of any element type is written once.
template <int W>
struct Floats {
  float v[W];
};

template <int W>
struct Width {
  static constexpr int value = W;
};

template <class T, class R>
constexpr bool SAME = false;
template <class T>
constexpr bool SAME<T, T> = true;

template <int W, class T>
__device__ inline Floats<W> load(const T *from) {
  Floats<W> wide;
  if constexpr (SAME<T, bf16> && W % 2 == 0) {
    // By words: the upper number of a pair needs no shift.
    Pack<u32, W / 2> pairs = load_pack<W / 2>(reinterpret_cast<const u32 *>(from));
#pragma unroll
    for (int k = 0; k < W / 2; k++) {
      wide.v[2 * k] = __uint_as_float(pairs.v[k] << 16);
      wide.v[2 * k + 1] = __uint_as_float(pairs.v[k] & 0xffff0000u);
    }
  } else {
    Pack<T, W> pack = load_pack<W>(from);
#pragma unroll
    for (int k = 0; k < W; k++) wide.v[k] = widen(pack.v[k]);
  }
  return wide;
}

template <int W, class T>
__device__ inline void store(T *to, const Floats<W> &floats) {
  if constexpr (sizeof(T) == 2 && W % 2 == 0) {
    Pack<u32, W / 2> pairs;
#pragma unroll
    for (int k = 0; k < W / 2; k++) pairs.v[k] = pair(floats.v[2 * k], floats.v[2 * k + 1], T());
    store_pack(reinterpret_cast<u32 *>(to), pairs);
  } else {
    Pack<T, W> pack;
#pragma unroll
    for (int k = 0; k < W; k++) narrow(floats.v[k], pack.v[k]);
    store_pack(to, pack);
  }
}

// ---- broadcasting

constexpr int AXES = 8;

// How the elements of a box, counted row by row, lie in N tensors: the box's axes from the innermost out, and for each tensor the
// elements between neighbours along each, 0 where it is stretched. Axes that all tensors run through as one are merged.
// vector: whether elements may be taken by fours, or by eights where the kernel does so. wide: whether an element's number may not fit 32 bits.
template <int N>
struct Strides {
  i64 length[AXES];
  i64 stride[N][AXES];
  int axes;
  int vector;
  int wide;
  int reserved;
};

// Where element i of the box lies in each tensor.
template <class Index, int N>
__device__ inline void locate(const Strides<N> &s, i64 i, i64 (&at)[N]) {
  Index left = (Index)i;
#pragma unroll
  for (int t = 0; t < N; t++) at[t] = 0;
#pragma unroll 1
  for (int axis = 0; axis < s.axes - 1; axis++) {
    Index length = (Index)s.length[axis];
    Index next = left / length;
    Index place = left - next * length;
#pragma unroll
    for (int t = 0; t < N; t++) at[t] += (i64)place * s.stride[t][axis];
    left = next;
  }
#pragma unroll
  for (int t = 0; t < N; t++) at[t] += (i64)left * s.stride[t][s.axes - 1];
}

// Calls one(i, at) or several(i, at) until the box is done; several stands for elements i to i + W - 1, neighbours along the innermost
// axis.
template <class Index, int W, int N, class One, class Several>
__device__ inline void for_box_counted(const Strides<N> &s, i64 n, One one, Several several) {
  i64 at[N];
  if (s.vector) {
    for_packs<W>(n, [&](i64 i) {
      locate<Index>(s, i, at);
      several(i, at);
    });
    for_tail<W>(n, [&](i64 i) {
      locate<Index>(s, i, at);
      one(i, at);
    });
  } else {
#pragma unroll 1
    for (i64 i = thread_in_grid(); i < n; i += threads_in_grid()) {
      locate<Index>(s, i, at);
      one(i, at);
    }
  }
}

template <int W, int N, class One, class Several>
__device__ inline void for_box(const Strides<N> &s, i64 n, One one, Several several) {
  if (s.wide) for_box_counted<i64, W>(s, n, one, several);
  else for_box_counted<u32, W>(s, n, one, several);
}

// Neighbours of a tensor that has them side by side, or one and the same W times.
template <int W, class T>
__device__ inline Pack<T, W> load_pack(const T *from, i64 stride) {
  if (stride != 0) return load_pack<W>(from);
  T same = *from;
  Pack<T, W> pack;
#pragma unroll
  for (int k = 0; k < W; k++) pack.v[k] = same;
  return pack;
}

// ---- folding

struct Sum {
  __device__ static float none() { return 0; }
  __device__ static float fold(float a, float b) { return a + b; }
};

// NaN wins, as everywhere.
struct Largest {
  __device__ static float none() { return -__int_as_float(0x7f800000); }
  __device__ static float fold(float a, float b) { return a > b || a != a ? a : b; }
};

struct Smallest {
  __device__ static float none() { return __int_as_float(0x7f800000); }
  __device__ static float fold(float a, float b) { return a < b || a != a ? a : b; }
};

// All lanes get the fold of all lanes.
template <class F>
__device__ inline float warp_fold(float v) {
#pragma unroll
  for (int mask = WARP / 2; mask > 0; mask /= 2) v = F::fold(v, __shfl_xor_sync(ALL_LANES, v, mask));
  return v;
}

// All threads of the block get the fold of all threads. The block has whole warps, all of which must call. Shared memory is
// free again when it returns.
template <class F>
__device__ inline float block_fold(float v) {
  __shared__ float of_warp[WARP];
  int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, warps = blockDim.x / WARP;
  v = warp_fold<F>(v);
  if (lane == 0) of_warp[warp] = v;
  __syncthreads();
  v = warp_fold<F>(lane < warps ? of_warp[lane] : F::none());
  __syncthreads();
  return v;
}

// ---- rows

// Who works on a row of a matrix together: a warp for short rows, several rows to a block; a whole block for long ones.
struct WarpTeam {
  __device__ static int rank() { return threadIdx.x % WARP; }
  __device__ static int size() { return WARP; }
  __device__ static i64 first() { return (i64)blockIdx.x * (blockDim.x / WARP) + threadIdx.x / WARP; }
  __device__ static i64 teams() { return (i64)gridDim.x * (blockDim.x / WARP); }
  template <class F>
  __device__ static float fold(float v) {
    return warp_fold<F>(v);
  }
};

struct BlockTeam {
  __device__ static int rank() { return threadIdx.x; }
  __device__ static int size() { return blockDim.x; }
  __device__ static i64 first() { return blockIdx.x; }
  __device__ static i64 teams() { return gridDim.x; }
  template <class F>
  __device__ static float fold(float v) {
    return block_fold<F>(v);
  }
};

// Calls body(c, Width) for this thread's columns of a row: W at a time where W divides their number, and so all rows begin where that
// goes, else one at a time.
template <class Team, int W = 4, class Body>
__device__ inline void for_columns(i64 columns, Body body) {
  if (columns % W == 0) {
    for (i64 c = Team::rank() * W; c < columns; c += Team::size() * W) body(c, Width<W>());
  } else {
    for (i64 c = Team::rank(); c < columns; c += Team::size()) body(c, Width<1>());
  }
}

// ---- faults

// The first index out of its range that a kernel met since the host looked: which launch, where, and the index.
struct Fault {
  int claimed;
  int site;
  int index;
  int reserved;
  i64 element;
};

__device__ inline bool in_range(Fault *fault, int site, int index, i64 bound, i64 element) {
  if (index >= 0 && index < bound) return true;
  if (atomicCAS(&fault->claimed, 0, 1) == 0) {
    fault->site = site;
    fault->index = index;
    fault->element = element;
  }
  return false;
}
