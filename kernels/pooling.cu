// Windows that slide over images: x: (planes, height, width); y: (planes, rows, columns).
//
//   max_pool2d_f32(x, y, indices, n, window...)           indices: y's shape, of the first of the largest in its plane of x
//   max_pool2d_grad_f32(dy, indices, dx, n, window...)    indices are max_pool2d's: each lies in its window
//   avg_pool2d_f32(x, y, n, window...)                    padding counts as zeros
//   avg_pool2d_grad_f32(dy, dx, n, window...)
//
// window: height, width, rows, columns, kernel, stride and padding, height then width; wide: whether a number of an element may not
// fit 32 bits. A thread makes one of the n elements of y, or of dx, for which it looks at the windows that its pixel lies in, so
// that nothing is added by two.
//
// Bound: memory while windows overlap little; gradients on some cards their instructions. Bytes: x, y and indices once, by the L1.
#include "common.cuh"

struct Window {
  int height, width, rows, columns;
  int kernel_h, kernel_w, stride_h, stride_w, padding_h, padding_w;
  int wide;
};

#define WINDOW_PARAMETERS                                                                                                    \
  int height, int width, int rows, int columns, int kernel_h, int kernel_w, int stride_h, int stride_w, int padding_h,       \
      int padding_w, int wide
#define WINDOW \
  Window { height, width, rows, columns, kernel_h, kernel_w, stride_h, stride_w, padding_h, padding_w, wide }

struct Place {
  i64 plane;
  int row, column;
};

template <class Index>
__device__ inline Place place(Index i, Index rows, Index columns) {
  Index line = i / columns;
  Index plane = line / rows;
  return {(i64)plane, (int)(line - plane * rows), (int)(i - line * columns)};
}

// Calls at(i, place) for each of n elements of planes of rows x columns.
template <class F>
__device__ inline void for_places(i64 n, int rows, int columns, int wide, F at) {
#pragma unroll 1
  for (i64 i = thread_in_grid(); i < n; i += threads_in_grid()) {
    at(i, wide ? place<i64>(i, rows, columns) : place<u32>((u32)i, (u32)rows, (u32)columns));
  }
}

// ---- forward: the pixels of a window

struct Max {
  static __device__ float outside() { return Largest::none(); }
  float best;
  int index;
  __device__ void take(float v, int at) {
    if (v > best || (v != v && best == best)) {
      best = v;
      index = at;
    }
  }
};

struct Total {
  static __device__ float outside() { return 0; }
  float sum;
  __device__ void take(float v, int) { sum += v; }
};

// Folds the pixels of the window whose first is (top, left), in order.
template <class Folded>
__device__ inline void fold_pixels(const float *__restrict__ plane, const Window &w, int top, int left, Folded &folded) {
  int bottom = min(top + w.kernel_h, w.height), right = min(left + w.kernel_w, w.width);
#pragma unroll 1
  for (int h = max(top, 0); h < bottom; h++) {
#pragma unroll 1
    for (int c = max(left, 0); c < right; c++) folded.take(plane[(i64)h * w.width + c], h * w.width + c);
  }
}

// The same for a kernel of K x K: all pixels are on their way at a time.
template <int K, class Folded>
__device__ inline void fold_square(const float *__restrict__ plane, const Window &w, int top, int left, Folded &folded) {
  float v[K * K];
#pragma unroll
  for (int k = 0; k < K * K; k++) {
    int h = top + k / K, c = left + k % K;
    bool inside = h >= 0 && h < w.height && c >= 0 && c < w.width;
    v[k] = inside ? plane[(i64)h * w.width + c] : Folded::outside();
  }
#pragma unroll
  for (int k = 0; k < K * K; k++) folded.take(v[k], (top + k / K) * w.width + left + k % K);
}

template <class Folded>
__device__ inline void fold_window(const float *__restrict__ x, const Window &w, const Place &at, int top, int left, Folded &folded) {
  const float *plane = x + at.plane * w.height * w.width;
  if (w.kernel_h == 2 && w.kernel_w == 2) fold_square<2>(plane, w, top, left, folded);
  else if (w.kernel_h == 3 && w.kernel_w == 3) fold_square<3>(plane, w, top, left, folded);
  else fold_pixels(plane, w, top, left, folded);
}

extern "C" __global__ void max_pool2d_f32(const float *__restrict__ x, float *__restrict__ y, int *__restrict__ indices, i64 n,
                                          WINDOW_PARAMETERS) {
  Window w = WINDOW;
  for_places(n, w.rows, w.columns, w.wide, [&](i64 i, const Place &at) {
    int top = at.row * w.stride_h - w.padding_h, left = at.column * w.stride_w - w.padding_w;
    // The first pixel inside, should all be the lowest number there is.
    Max largest{Max::outside(), max(top, 0) * w.width + max(left, 0)};
    fold_window(x, w, at, top, left, largest);
    y[i] = largest.best;
    indices[i] = largest.index;
  });
}

extern "C" __global__ void avg_pool2d_f32(const float *__restrict__ x, float *__restrict__ y, i64 n, WINDOW_PARAMETERS) {
  Window w = WINDOW;
  float area = (float)w.kernel_h * w.kernel_w;
  for_places(n, w.rows, w.columns, w.wide, [&](i64 i, const Place &at) {
    Total total{0};
    fold_window(x, w, at, at.row * w.stride_h - w.padding_h, at.column * w.stride_w - w.padding_w, total);
    y[i] = total.sum / area;
  });
}

// ---- backward: the windows of a pixel

// The windows along an axis that pixel `at` lies in.
struct Span {
  int first, last;
  __device__ Span(int at, int kernel, int stride, int padding, int windows) {
    int padded = at + padding, beginning = (int)((u32)padded / (u32)stride);
    if (kernel == stride) first = beginning;  // side by side: the only one
    else first = padded < kernel ? 0 : (int)((u32)(padded - kernel) / (u32)stride) + 1;
    last = min(beginning, windows - 1);
  }
};

// Sum of of(i) over the windows i of y that a pixel lies in, in order.
template <class F>
__device__ inline float sum_of_windows(const Window &w, const Place &at, F of) {
  Span down(at.row, w.kernel_h, w.stride_h, w.padding_h, w.rows), across(at.column, w.kernel_w, w.stride_w, w.padding_w, w.columns);
  float sum = 0;
#pragma unroll 1
  for (int r = down.first; r <= down.last; r++) {
    i64 row = (at.plane * w.rows + r) * w.columns;
#pragma unroll 1
    for (int c = across.first; c <= across.last; c++) sum += of(row + c);
  }
  return sum;
}

extern "C" __global__ void max_pool2d_grad_f32(const float *__restrict__ dy, const int *__restrict__ indices, float *__restrict__ dx,
                                               i64 n, WINDOW_PARAMETERS) {
  Window w = WINDOW;
  for_places(n, w.height, w.width, w.wide, [&](i64 i, const Place &at) {
    int pixel = at.row * w.width + at.column;
    dx[i] = sum_of_windows(w, at, [&](i64 window) { return indices[window] == pixel ? dy[window] : 0.f; });
  });
}

extern "C" __global__ void avg_pool2d_grad_f32(const float *__restrict__ dy, float *__restrict__ dx, i64 n, WINDOW_PARAMETERS) {
  Window w = WINDOW;
  float area = (float)w.kernel_h * w.kernel_w;
  for_places(n, w.height, w.width, w.wide, [&](i64 i, const Place &at) {
    dx[i] = sum_of_windows(w, at, [&](i64 window) { return dy[window]; }) / area;
  });
}
