// Convolutions as matrix products: images unfolded to columns, one for each place of the window, and folded back.
//
//   im2col_f32(x, columns, n, geometry)    columns[r, p] = x at row r = (c, kh, kw) of the window in place p = (oh, ow), 0 in the padding
//   col2im_f32(columns, dx, n, geometry)   dx = the sum of all columns that were taken from that pixel
//
// n counts elements of the result. Both are gathers: no two threads write one element. im2col takes four places at a time where a row
// of columns is a multiple of four: then they are in one row, and what was divided for the first serves all.
// Bound: memory, with some 60 integer operations for each four columns, or each pixel, beside it. Bytes: 4 for each element of the
// columns, and for each pixel, which comes from the cache after its first use.
#include "geometry.cuh"

// A thread makes W column elements of one row, neighbours in p: reads and writes are coalesced.
template <class Index, int W>
__device__ inline void unfold(const float *__restrict__ x, float *__restrict__ columns, i64 n, const Geometry &g) {
  Index places = (Index)g.out_h * g.out_w;
  Index rows = (Index)g.channels * g.kernel_h * g.kernel_w;
#pragma unroll 1
  for (i64 at = thread_in_grid() * W; at < n; at += threads_in_grid() * W) {
    Index of = (Index)at / places, p = (Index)at - of * places;
    Index sample = of / rows, row = of - sample * rows;
    int oh = (int)(p / g.out_w), ow = (int)(p - (Index)oh * g.out_w);
    int rest = (int)(row / g.kernel_w), kw = (int)(row - (Index)rest * g.kernel_w);
    int c = rest / g.kernel_h, kh = rest - c * g.kernel_h;
    int top = kh * g.dilation_h - g.padding_h, left = kw * g.dilation_w - g.padding_w;
    const float *channel = x + ((i64)sample * g.channels + c) * g.height * g.width;
    Floats<W> v;
#pragma unroll
    for (int k = 0; k < W; k++) {
      int h = oh * g.stride_h + top, w = ow * g.stride_w + left;
      bool inside = h >= 0 && h < g.height && w >= 0 && w < g.width;
      v.v[k] = inside ? channel[(i64)h * g.width + w] : 0.f;
      ow++;
      if (ow == g.out_w) {
        ow = 0;
        oh++;
      }
    }
    store(columns + ((i64)sample * g.sample_stride + (i64)row * g.row_stride + p), v);
  }
}

template <class Index>
__device__ inline void unfold(const float *x, float *columns, i64 n, const Geometry &g) {
  if ((i64)g.out_h * g.out_w % 4 == 0) unfold<Index, 4>(x, columns, n, g);
  else unfold<Index, 1>(x, columns, n, g);
}

extern "C" __global__ void im2col_f32(const float *x, float *columns, i64 n, const __grid_constant__ Geometry g) {
  if (g.wide) unfold<i64>(x, columns, n, g);
  else unfold<u32>(x, columns, n, g);
}

// One thread a pixel, which adds up the columns it went into, in the order of kh and kw.
template <class Index>
__device__ inline void fold(const float *__restrict__ columns, float *__restrict__ dx, i64 n, const Geometry &g) {
  // Going down by a dilation from one row or column of the window to the next, a pixel's window is found without dividing again.
  Steps up(g.dilation_h, g.stride_h), back(g.dilation_w, g.stride_w);
#pragma unroll 1
  for (i64 at = thread_in_grid(); at < n; at += threads_in_grid()) {
    Index line = (Index)at / g.width;
    int w = (int)((Index)at - line * g.width);
    Index plane = line / g.height;
    int h = (int)(line - plane * g.height);
    Index sample = plane / g.channels;
    i64 row = (i64)(plane - sample * g.channels) * g.kernel_h * g.kernel_w;
    const float *from = columns + (i64)sample * g.sample_stride + row * g.row_stride;
    Steps oh(h + g.padding_h, g.stride_h), first(w + g.padding_w, g.stride_w);
    float sum = 0;
#pragma unroll 1
    for (int kh = 0; kh < g.kernel_h; kh++) {
      if (oh.begins(g.out_h)) {
        const float *tap = from + (i64)oh.whole * g.out_w;
        Steps ow = first;
#pragma unroll 1
        for (int kw = 0; kw < g.kernel_w; kw++) {
          if (ow.begins(g.out_w)) sum += tap[ow.whole];
          ow.subtract(back, g.stride_w);
          tap += g.row_stride;
        }
      }
      oh.subtract(up, g.stride_h);
      from += g.kernel_w * g.row_stride;
    }
    dx[at] = sum;
  }
}

extern "C" __global__ void col2im_f32(const float *columns, float *dx, i64 n, const __grid_constant__ Geometry g) {
  if (g.wide) fold<i64>(columns, dx, n, g);
  else fold<u32>(columns, dx, n, g);
}
