// What all kernels share: vectors of four, index arithmetic over stretched axes, reductions of a warp and a block.
//
// Conventions: tensors are contiguous, row-major, and begin on 256 bytes; n counts elements. Loops run by grid stride, so that any
// grid does any n. Floats are IEEE throughout: no fast math, no flushing of subnormals. Nothing adds floats atomically: results
// do not depend on the order in which blocks run.
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef long long i64;

constexpr int WARP = 32;
constexpr u32 ALL_LANES = 0xffffffffu;

__device__ inline i64 thread_in_grid() { return (i64)blockIdx.x * blockDim.x + threadIdx.x; }

__device__ inline i64 threads_in_grid() { return (i64)gridDim.x * blockDim.x; }

// Four neighbours, loaded and stored as one access: 16 bytes of floats.
template <class T>
struct alignas(4 * sizeof(T)) Quad {
  T v[4];
};

template <class T>
__device__ inline Quad<T> load4(const T *from) {
  return *reinterpret_cast<const Quad<T> *>(from);
}

template <class T>
__device__ inline void store4(T *to, const Quad<T> &quad) {
  *reinterpret_cast<Quad<T> *>(to) = quad;
}

// Calls at(i) for what is left over of n beyond the last quad. The grid has more threads than are left.
template <class F>
__device__ inline void for_tail(i64 n, F at) {
  i64 i = n / 4 * 4 + thread_in_grid();
  if (i < n) at(i);
}

// Calls at(i) for the first element of each quad of this thread.
template <class F>
__device__ inline void for_quads(i64 n, F at) {
#pragma unroll 1
  for (i64 i = thread_in_grid() * 4; i + 3 < n; i += threads_in_grid() * 4) at(i);
}

// ---- broadcasting

constexpr int AXES = 8;

// How the elements of a box, counted row by row, lie in N tensors: the box's axes from the innermost out, and for each tensor the
// elements between neighbours along each, 0 where it is stretched. Axes that all tensors run through as one are merged.
// vector: whether elements may be taken by fours. wide: whether an element's number may not fit 32 bits.
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

// Calls one(i, at) or four(i, at) until the box is done; four stands for elements i to i + 3, neighbours along the innermost axis.
template <class Index, int N, class One, class Four>
__device__ inline void for_box(const Strides<N> &s, i64 n, One one, Four four) {
  i64 at[N];
  if (s.vector) {
    for_quads(n, [&](i64 i) {
      locate<Index>(s, i, at);
      four(i, at);
    });
    for_tail(n, [&](i64 i) {
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

// Four neighbours of a tensor that has them side by side, or one and the same four times.
template <class T>
__device__ inline Quad<T> load4(const T *from, i64 stride) {
  if (stride != 0) return load4(from);
  T same = *from;
  return Quad<T>{{same, same, same, same}};
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

// Calls at(c, width) for this thread's columns of a row: by fours where all rows begin on 16 bytes, else one at a time.
template <class Team, class One, class Four>
__device__ inline void for_row(i64 columns, One one, Four four) {
  if (columns % 4 == 0) {
    for (i64 c = Team::rank() * 4; c < columns; c += Team::size() * 4) four(c);
  } else {
    for (i64 c = Team::rank(); c < columns; c += Team::size()) one(c);
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
