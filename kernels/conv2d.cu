// Convolutions as matrix products: images unfolded to columns, one for each place of the window, and folded back.
//
//   im2col_f32(x, columns, n, geometry)    columns[r, p] = x at row r = (c, kh, kw) of the window in place p = (oh, ow), 0 in the padding
//   col2im_f32(columns, dx, n, geometry)   dx = the sum of all columns that were taken from that pixel
//
// n counts elements of the result. Both are gathers: no two threads write one element. Bound: memory; im2col on some cards its
// instructions. Bytes: 4 for each element of the columns, and for each pixel, which comes from the cache after its first use.
#include "common.cuh"

// Images (count, channels, height, width) of a batch and their columns. Sample i, row r, place p is at
// columns[i * sample_stride + r * row_stride + p].
struct Geometry {
  i64 sample_stride, row_stride;
  int channels, height, width;
  int kernel_h, kernel_w, stride_h, stride_w, padding_h, padding_w, dilation_h, dilation_w;
  int out_h, out_w;
  int wide;
};

// One thread a column element, neighbours in p: reads and writes are coalesced.
template <class Index>
__device__ inline void unfold(const float *__restrict__ x, float *__restrict__ columns, i64 n, const Geometry &g) {
  Index places = (Index)g.out_h * g.out_w;
  Index rows = (Index)g.channels * g.kernel_h * g.kernel_w;
#pragma unroll 1
  for (i64 at = thread_in_grid(); at < n; at += threads_in_grid()) {
    Index i = (Index)at;
    Index p = i % places, of = i / places;
    Index row = of % rows, sample = of / rows;
    int ow = (int)(p % g.out_w), oh = (int)(p / g.out_w);
    int kw = (int)(row % g.kernel_w), rest = (int)(row / g.kernel_w);
    int kh = rest % g.kernel_h, c = rest / g.kernel_h;
    int h = oh * g.stride_h - g.padding_h + kh * g.dilation_h;
    int w = ow * g.stride_w - g.padding_w + kw * g.dilation_w;
    bool inside = h >= 0 && h < g.height && w >= 0 && w < g.width;
    float v = inside ? x[(((i64)sample * g.channels + c) * g.height + h) * g.width + w] : 0.f;
    columns[(i64)sample * g.sample_stride + (i64)row * g.row_stride + p] = v;
  }
}

extern "C" __global__ void im2col_f32(const float *x, float *columns, i64 n, const __grid_constant__ Geometry g) {
  if (g.wide) unfold<i64>(x, columns, n, g);
  else unfold<u32>(x, columns, n, g);
}

// One thread a pixel, which adds up the columns it went into, in the order of kh and kw.
template <class Index>
__device__ inline void fold(const float *__restrict__ columns, float *__restrict__ dx, i64 n, const Geometry &g) {
#pragma unroll 1
  for (i64 at = thread_in_grid(); at < n; at += threads_in_grid()) {
    Index i = (Index)at;
    int w = (int)(i % g.width);
    Index left = i / g.width;
    int h = (int)(left % g.height);
    left /= g.height;
    int c = (int)(left % g.channels);
    i64 sample = (i64)(left / g.channels);
    const float *from = columns + sample * g.sample_stride;
    float sum = 0;
#pragma unroll 1
    for (int kh = 0; kh < g.kernel_h; kh++) {
      int top = h + g.padding_h - kh * g.dilation_h;
      if (top < 0 || top % g.stride_h != 0 || top / g.stride_h >= g.out_h) continue;
#pragma unroll 1
      for (int kw = 0; kw < g.kernel_w; kw++) {
        int left_edge = w + g.padding_w - kw * g.dilation_w;
        if (left_edge < 0 || left_edge % g.stride_w != 0 || left_edge / g.stride_w >= g.out_w) continue;
        i64 row = ((i64)c * g.kernel_h + kh) * g.kernel_w + kw;
        sum += from[row * g.row_stride + (i64)(top / g.stride_h) * g.out_w + left_edge / g.stride_w];
      }
    }
    dx[at] = sum;
  }
}

extern "C" __global__ void col2im_f32(const float *columns, float *dx, i64 n, const __grid_constant__ Geometry g) {
  if (g.wide) fold<i64>(columns, dx, n, g);
  else fold<u32>(columns, dx, n, g);
}
