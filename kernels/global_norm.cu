// The square root of the sum of squares of all elements of many tensors:
//   sum_squares_<element>(tensors, sums)     sums: double, one for each piece of a tensor; a block a piece
//   global_norm_f32(sums, y, pieces)         y = sqrt(sum of sums); one block
//
// A thread sums squares of a piece in F32, and the block adds up its threads in double. Where that overflows, or may have lost squares
// that F32 has no room for, the block does the piece again in double throughout: that is slow on cards with few units for it, and rare.
// The order depends on the lengths alone.
// Bound: memory. Bytes: those of the tensors. Blocks of THREADS.
#include "rows.cuh"
#include "tables.cuh"

constexpr int PIECE = 1 << 16;  // TensorTable's in GlobalNorms.java
constexpr int TENSORS = 192;

// A square below 2^-149 is lost; 2^16 of these are nothing beside a sum from here on.
constexpr float LEAST_SUM = 0x1p-80f;

__device__ inline double block_sum(double v) {
  __shared__ double of_thread[THREADS];
  of_thread[threadIdx.x] = v;
#pragma unroll 1
  for (int half = THREADS / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) of_thread[threadIdx.x] += of_thread[threadIdx.x + half];
  }
  __syncthreads();
  double all = of_thread[0];
  __syncthreads();
  return all;
}

// This thread's squares, in an A.
template <class A, class T>
__device__ inline A squares(const T *__restrict__ x, i64 begin, i64 end) {
  constexpr int W = LANES<T>;
  A acc[W] = {};
  for_span<BlockTeam, W>(begin, end, [&](i64 i, auto width) {
    constexpr int COUNT = decltype(width)::value;
    Floats<COUNT> v = load<COUNT>(x + i);
#pragma unroll
    for (int k = 0; k < COUNT; k++) acc[k] += (A)v.v[k] * (A)v.v[k];
  });
#pragma unroll
  for (int k = 1; k < W; k++) acc[0] += acc[k];
  return acc[0];
}

template <class T>
__device__ inline void sum_squares(const Tensors<1, TENSORS> &tensors, double *__restrict__ sums) {
  for_table<PIECE>(tensors, [&](int piece, int tensor, i64 begin, i64 end) {
    const T *x = (const T *)tensors.at[0][tensor];
    double sum = block_sum(squares<float>(x, begin, end));
    if (!(sum >= LEAST_SUM && sum <= 0x1p+1023)) sum = block_sum(squares<double>(x, begin, end));
    if (threadIdx.x == 0) sums[piece] = sum;
  });
}

#define SUM_SQUARES(T)                                                                                              \
  extern "C" __global__ void sum_squares_##T(const __grid_constant__ Tensors<1, TENSORS> tensors, double *sums) {   \
    sum_squares<T>(tensors, sums);                                                                                  \
  }

SUM_SQUARES(f32)
SUM_SQUARES(bf16)
SUM_SQUARES(f16)

extern "C" __global__ void global_norm_f32(const double *sums, float *y, i64 pieces) {
  if (blockIdx.x > 0) return;
  double sum = 0;
  for (i64 i = threadIdx.x; i < pieces; i += THREADS) sum += sums[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *y = (float)sqrt(sum);
}
