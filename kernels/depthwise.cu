// Depthwise convolutions: output o of channels * multiplier is channel o / multiplier's image under a window of its own.
//
//   depthwise_conv2d_f32(x, w, y, n, multiplier, geometry)
//   depthwise_conv2d_grad_input_f32(w, dy, dx, n, multiplier, geometry)
//   depthwise_conv2d_grad_weight_f32(x, dy, part, images, length, multiplier, geometry)
//
// x, dx: (images, channels, height, width); w: (channels * multiplier, kernel_h, kernel_w); y, dy: (images, channels * multiplier,
// out_h, out_w). A thread makes a strip of up to STRIP rows of one column, so that what it has loaded of a column of x (or of dy)
// serves all of them, and neighbours in a row are neighbouring threads, whatever the row's length. n counts strips. Strips of dx begin
// where a window does, counted from the padding: then the same taps meet the same rows in each.
//
// part: (pieces, channels * multiplier, kernel_h, kernel_w). An output's strips of SHORT_STRIP rows, of all images, are cut into pieces
// of length strips; a block gathers a tile of the window's taps over a piece, in registers. More than one piece is summed in a second
// launch. Which places are summed in which order is decided by the shape and the length of pieces.
//
// Bound: memory for windows of 3 x 3, larger ones their instructions. Bytes: 4 for each element of x, w and y, the window's overlap
// coming from the cache. Windows of 3, 5 and 7 rows with strides 1 and 2 have loops of their own. Blocks of THREADS.
//
// A strip's rows beyond the edge count as zeros, as padding does: an infinite number that meets one makes NaN.
#include "geometry.cuh"

constexpr int STRIP = 8;
constexpr int SHORT_STRIP = 4;  // where sums of all taps take registers besides

__device__ inline int strips_of(int rows, int strip) { return (rows + strip - 1) / strip; }

// A strip of a column of a plane, counted from the top.
struct Spot {
  i64 plane;
  int strip, column;
};

template <class Index>
__device__ inline Spot spot(Index i, int strips, int columns) {
  Index line = i / columns, plane = line / strips;
  return {(i64)plane, (int)(line - plane * strips), (int)(i - line * columns)};
}

__device__ inline Spot spot(i64 i, int strips, int columns, int wide) {
  return wide ? spot<i64>(i, strips, columns) : spot<u32>((u32)i, strips, columns);
}

// Calls at(spot) for each strip of planes that have so many.
template <class At>
__device__ inline void for_strips(i64 n, int strips, int columns, int wide, At at) {
#pragma unroll 1
  for (i64 i = thread_in_grid(); i < n; i += threads_in_grid()) at(spot(i, strips, columns, wide));
}

// Windows that have loops of their own, by their rows and the stride from one to the next.
constexpr int MOST_ROWS = 7, MOST_STRIDE = 2;

__host__ __device__ constexpr int unrolled(int rows, int stride) { return rows * (MOST_STRIDE + 1) + stride; }

__device__ inline int window_of(const Geometry &g) {
  return g.dilation_h == 1 && g.kernel_h <= MOST_ROWS && g.stride_h <= MOST_STRIDE ? unrolled(g.kernel_h, g.stride_h) : 0;
}

template <int N>
struct Number {
  static constexpr int value = N;
};

// Calls a body(Number<rows>, Number<stride>) that has them as constants, or 0 and 0 where they are like no other's.
template <class Body>
__device__ inline void by_window(int window, Body body) {
  switch (window) {
    case unrolled(3, 1): return body(Number<3>(), Number<1>());
    case unrolled(3, 2): return body(Number<3>(), Number<2>());
    case unrolled(5, 1): return body(Number<5>(), Number<1>());
    case unrolled(5, 2): return body(Number<5>(), Number<2>());
    case unrolled(7, 1): return body(Number<7>(), Number<1>());
    default: return body(Number<0>(), Number<0>());
  }
}

// ROWS pixels of a column that begin in a row, those outside of 0 to end - 1 being 0.
template <int ROWS>
__device__ inline void load_column(float (&v)[ROWS], const float *__restrict__ column, int row, int end, int width) {
  const float *from = column + (i64)row * width;
  if (row >= 0 && row + ROWS <= end) {
#pragma unroll
    for (int k = 0; k < ROWS; k++) {
      v[k] = *from;
      from += width;
    }
  } else {
#pragma unroll
    for (int k = 0; k < ROWS; k++) {
      v[k] = (u32)(row + k) < (u32)end ? *from : 0.f;
      from += width;
    }
  }
}

// ---- forward

// Adds what the window sees whose first place is (top, left), and those below it: taps are loaded once a strip.
template <int KH, int S>
__device__ inline void correlate(const float *__restrict__ plane, const float *__restrict__ w, const Geometry &g, int top, int left,
                                 float (&sum)[STRIP]) {
#pragma unroll 1
  for (int kw = 0; kw < g.kernel_w; kw++) {
    int column = left + kw * g.dilation_w;
    int end = column >= 0 && column < g.width ? g.height : 0;
    if constexpr (KH > 0) {
      float v[(STRIP - 1) * S + KH];
      load_column(v, plane + column, top, end, g.width);
#pragma unroll
      for (int kh = 0; kh < KH; kh++) {
        float tap = w[kh * g.kernel_w + kw];
#pragma unroll
        for (int r = 0; r < STRIP; r++) sum[r] += v[r * S + kh] * tap;
      }
    } else {
#pragma unroll 1
      for (int kh = 0; kh < g.kernel_h; kh++) {
        float tap = w[kh * g.kernel_w + kw];
#pragma unroll
        for (int r = 0; r < STRIP; r++) {
          int row = top + r * g.stride_h + kh * g.dilation_h;
          sum[r] += ((u32)row < (u32)end ? plane[(i64)row * g.width + column] : 0.f) * tap;
        }
      }
    }
  }
}

// Stores the rows of a strip that are rows of the plane.
__device__ inline void store_column(float *column, int row, int height, int width, const float (&v)[STRIP]) {
#pragma unroll
  for (int r = 0; r < STRIP; r++) {
    if ((u32)(row + r) < (u32)height) column[(i64)(row + r) * width] = v[r];
  }
}

extern "C" __global__ void depthwise_conv2d_f32(const float *__restrict__ x, const float *__restrict__ w, float *__restrict__ y, i64 n,
                                                int multiplier, const __grid_constant__ Geometry g) {
  int outputs = g.channels * multiplier, taps = g.kernel_h * g.kernel_w, window = window_of(g);
  for_strips(n, strips_of(g.out_h, STRIP), g.out_w, g.wide, [&](const Spot &at) {
    const float *plane = x + at.plane / multiplier * g.height * g.width, *of = w + at.plane % outputs * taps;
    int row = at.strip * STRIP, top = row * g.stride_h - g.padding_h, left = at.column * g.stride_w - g.padding_w;
    float sum[STRIP] = {};
    by_window(window, [&](auto rows, auto stride) {
      correlate<decltype(rows)::value, decltype(stride)::value>(plane, of, g, top, left, sum);
    });
    store_column(y + (at.plane * g.out_h * g.out_w + at.column), row, g.out_h, g.out_w, sum);
  });
}

// ---- gradient of the input

// Calls at(kw, ow) for the taps of a row that pixels of a column went to, and the column of places whose window that was.
template <class At>
__device__ inline void for_windows(const Geometry &g, int column, At at) {
  int from = column + g.padding_w;
  int first = g.dilation_w == 1 ? from % g.stride_w : 0, step = g.dilation_w == 1 ? g.stride_w : 1;
  Steps back(step * g.dilation_w, g.stride_w), ow(from - first, g.stride_w);
#pragma unroll 1
  for (int kw = first; kw < g.kernel_w; kw += step) {
    if (ow.begins(g.out_w)) at(kw, ow.whole);
    ow.subtract(back, g.stride_w);
  }
}

// Adds what the windows give whose taps met pixel (row, column) and those below it.
template <int KH, int S>
__device__ inline void scatter(const float *__restrict__ plane, const float *__restrict__ w, const Geometry &g, int row, int column,
                               float (&sum)[STRIP]) {
  if constexpr (KH > 0) {
    constexpr int BEFORE = (KH - 1) / S, ROWS = BEFORE + (STRIP - 1) / S + 1;
    int oh = (row + g.padding_h) / S - BEFORE;
    for_windows(g, column, [&](int kw, int ow) {
      float v[ROWS];
      load_column(v, plane + ow, oh, g.out_h, g.out_w);
#pragma unroll
      for (int kh = 0; kh < KH; kh++) {
        float tap = w[kh * g.kernel_w + kw];
#pragma unroll
        for (int r = 0; r < STRIP; r++) {
          if ((r - kh) % S == 0) sum[r] += v[(r - kh) / S + BEFORE] * tap;
        }
      }
    });
  } else {
    Steps up(g.dilation_h, g.stride_h);
#pragma unroll
    for (int r = 0; r < STRIP; r++) {
      if ((u32)(row + r) >= (u32)g.height) continue;
      Steps oh(row + r + g.padding_h, g.stride_h);
#pragma unroll 1
      for (int kh = 0; kh < g.kernel_h; kh++) {
        if (oh.begins(g.out_h)) {
          const float *line = plane + (i64)oh.whole * g.out_w, *taps = w + kh * g.kernel_w;
          for_windows(g, column, [&](int kw, int ow) { sum[r] += line[ow] * taps[kw]; });
        }
        oh.subtract(up, g.stride_h);
      }
    }
  }
}

extern "C" __global__ void depthwise_conv2d_grad_input_f32(const float *__restrict__ w, const float *__restrict__ dy,
                                                           float *__restrict__ dx, i64 n, int multiplier,
                                                           const __grid_constant__ Geometry g) {
  int taps = g.kernel_h * g.kernel_w, lead = g.padding_h % g.stride_h, window = window_of(g);
  i64 places = (i64)g.out_h * g.out_w;
  for_strips(n, strips_of(g.height + lead, STRIP), g.width, g.wide, [&](const Spot &at) {
    const float *plane = dy + at.plane * multiplier * places, *of = w + at.plane % g.channels * multiplier * taps;
    int row = at.strip * STRIP - lead;
    float sum[STRIP] = {};
    by_window(window, [&](auto rows, auto stride) {
#pragma unroll 1
      for (int m = 0; m < multiplier; m++) {
        scatter<decltype(rows)::value, decltype(stride)::value>(plane + m * places, of + m * taps, g, row, at.column, sum);
      }
    });
    store_column(dx + (at.plane * g.height * g.width + at.column), row, g.height, g.width, sum);
  });
}

// ---- gradient of the weight

// Rows and columns of the tile of taps that a block gathers.
constexpr int SMALL_TILE = 3;
constexpr int LARGE_TILE = 5;

// Adds dy * pixels below (top, left) to the tile's taps, for a strip of count rows, those beyond being 0. Taps beyond the window
// get something too, and are not stored.
template <int T, int S>
__device__ inline void gather(float (&sum)[T][T], const float *__restrict__ slope, int count, const float *__restrict__ plane,
                              const Geometry &g, int top, int left) {
  if constexpr (S > 0) {
    float d[SHORT_STRIP];
    load_column(d, slope, 0, count, g.out_w);
#pragma unroll
    for (int kw = 0; kw < T; kw++) {
      int column = left + kw * g.dilation_w;
      float v[(SHORT_STRIP - 1) * S + T];
      load_column(v, plane + column, top, column >= 0 && column < g.width ? g.height : 0, g.width);
#pragma unroll
      for (int kh = 0; kh < T; kh++) {
#pragma unroll
        for (int r = 0; r < SHORT_STRIP; r++) sum[kh][kw] += d[r] * v[r * S + kh];
      }
    }
  } else {
#pragma unroll 1
    for (int r = 0; r < min(count, SHORT_STRIP); r++) {
      float d = slope[(i64)r * g.out_w];
#pragma unroll
      for (int t = 0; t < T * T; t++) {
        int row = top + r * g.stride_h + t / T * g.dilation_h, column = left + t % T * g.dilation_w;
        bool inside = row >= 0 && row < g.height && column >= 0 && column < g.width;
        sum[t / T][t % T] += d * (inside ? plane[(i64)row * g.width + column] : 0.f);
      }
    }
  }
}

// Each warp gets the sum of what all threads have given under its number. The whole block must call.
constexpr int WARPS = THREADS / WARP;

__device__ inline float fold_by_warps(const float (&given)[WARPS]) {
  __shared__ float of_thread[WARPS][THREADS];
#pragma unroll
  for (int k = 0; k < WARPS; k++) of_thread[k][threadIdx.x] = given[k];
  __syncthreads();
  float all = 0;
#pragma unroll
  for (int k = 0; k < WARPS; k++) all += of_thread[threadIdx.x / WARP][k * WARP + threadIdx.x % WARP];
  all = warp_fold<Sum>(all);
  __syncthreads();
  return all;
}

// Calls at(t, sum) with the sum of what all threads have of tap t, once for each, in one thread or another. The whole block must call.
template <int T, class At>
__device__ inline void fold_taps(const float (&sum)[T][T], At at) {
#pragma unroll
  for (int first = 0; first < T * T; first += WARPS) {
    float given[WARPS];
#pragma unroll
    for (int k = 0; k < WARPS; k++) given[k] = first + k < T * T ? sum[(first + k) / T % T][(first + k) % T] : 0.f;
    float all = fold_by_warps(given);
    int t = first + threadIdx.x / WARP;
    if (t < T * T && threadIdx.x % WARP == 0) at(t, all);
  }
}

template <int T>
__device__ inline void grad_weight(const float *__restrict__ x, const float *__restrict__ dy, float *__restrict__ part, i64 images,
                                   i64 length, int multiplier, const Geometry &g) {
  int outputs = g.channels * multiplier, strips = strips_of(g.out_h, SHORT_STRIP), stride = g.dilation_h == 1 ? g.stride_h : 0;
  i64 count = images * strips * g.out_w, pieces = (count + length - 1) / length;
  int across = (g.kernel_w + T - 1) / T, tiles = (g.kernel_h + T - 1) / T * across;
#pragma unroll 1
  for (i64 n = blockIdx.x; n < pieces * outputs * tiles; n += gridDim.x) {
    i64 line = n / tiles, piece = line / outputs;
    int tile = (int)(n - line * tiles), o = (int)(line - piece * outputs);
    int kh = tile / across * T, kw = tile % across * T;
    i64 end = (piece + 1) * length < count ? (piece + 1) * length : count;
    float sum[T][T] = {};
#pragma unroll 1
    for (i64 i = piece * length + threadIdx.x; i < end; i += blockDim.x) {
      Spot at = spot(i, strips, g.out_w, g.wide);
      int row = at.strip * SHORT_STRIP;
      const float *slope = dy + ((at.plane * outputs + o) * g.out_h + row) * g.out_w + at.column;
      const float *plane = x + (at.plane * g.channels + o / multiplier) * g.height * g.width;
      int top = row * g.stride_h + kh * g.dilation_h - g.padding_h;
      int left = at.column * g.stride_w + kw * g.dilation_w - g.padding_w;
      if constexpr (T == SMALL_TILE) {
        if (stride == 1) gather<T, 1>(sum, slope, g.out_h - row, plane, g, top, left);
        else if (stride == 2) gather<T, 2>(sum, slope, g.out_h - row, plane, g, top, left);
        else gather<T, 0>(sum, slope, g.out_h - row, plane, g, top, left);
      } else {
        gather<T, 1>(sum, slope, g.out_h - row, plane, g, top, left);
      }
    }
    fold_taps(sum, [&](int t, float all) {
      int row = kh + t / T, column = kw + t % T;
      if (row < g.kernel_h && column < g.kernel_w) part[((piece * outputs + o) * g.kernel_h + row) * g.kernel_w + column] = all;
    });
  }
}

// Strides beyond 1 and dilated windows go by small tiles, whatever their size.
extern "C" __global__ void depthwise_conv2d_grad_weight_f32(const float *__restrict__ x, const float *__restrict__ dy,
                                                            float *__restrict__ part, i64 images, i64 length, int multiplier,
                                                            const __grid_constant__ Geometry g) {
  bool small = g.kernel_h <= SMALL_TILE && g.kernel_w <= SMALL_TILE;
  if (g.dilation_h == 1 && g.stride_h == 1 && !small) grad_weight<LARGE_TILE>(x, dy, part, images, length, multiplier, g);
  else grad_weight<SMALL_TILE>(x, dy, part, images, length, multiplier, g);
}
