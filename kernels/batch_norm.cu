// Batch norm of x (images, channels, plane), a channel at a time, and its gradients. Statistics first:
//   batch_norm_planes_f32(x, part, images, channels, plane, length)         a block for length elements of a channel
//   batch_norm_columns_f32(x, part, images, columns, length, width)         where planes are short: (images, channels * plane) by
//                                                                           columns, a block for length images and width columns
//   batch_norm_grad_planes_f32, batch_norm_grad_columns_f32(x, mean, dy, part, ...)   with plane before length in both
// Their parts are (pieces, channels, spots), spots being 1 or plane; then, a block a channel:
//   batch_norm_finish_f32(part, gamma, beta, mean, variance, shift, scale, offset, pieces, channels, spots, count, epsilon)
//   batch_norm_grad_finish_f32(part, gamma, variance, dgamma, dbeta, scale, share, slope, pieces, channels, spots, count, epsilon)
// and last, element by element, by fours where a plane is a multiple of four:
//   batch_norm_rescale_f32(x, shift, scale, offset, y, n, channels, plane)
//   batch_norm_inference_f32(x, gamma, beta, mean, variance, y, n, channels, plane, epsilon)
//   batch_norm_grad_rescale_f32(x, dy, mean, scale, share, slope, dx, n, channels, plane)
//
// Bound: memory. Bytes: forward 12 n, backward 20 n. Blocks of THREADS. Which elements are summed in which order is decided by the
// shape and the lengths of the pieces.
#include "folds.cuh"

// What some numbers are known by: how many, their mean, as shift + rest, and the sum of their squared distances from it.
struct alignas(16) Part {
  float count, shift, rest, squares;
};

// Gathers numbers one after another: sums of distances from the first, which cancel no worse than so many numbers can.
struct Moments {
  typedef Part Result;
  const float *x;
  int count = 0;
  float shift = 0, sum = 0, squares = 0;

  __device__ void add(float v) {
    if (count == 0) shift = v;
    float d = v - shift;
    sum += d;
    squares += d * d;
    count++;
  }

  template <int W>
  __device__ void at(i64 i, i64) {
    Floats<W> v = load<W>(x + i);
#pragma unroll
    for (int k = 0; k < W; k++) add(v.v[k]);
  }

  // What all threads have gathered, of whom the leader has a number; sum adds up over all of them. T. Chan, Golub and LeVeque 1979.
  template <class SumOver>
  __device__ Part join(bool leader, SumOver sum_over) {
    float total = sum_over((float)count), origin = sum_over(leader ? shift : 0.f);
    float rest = count == 0 ? 0 : (shift - origin) + sum / count;
    float own = count == 0 ? 0 : squares - sum / count * sum;
    float mean = sum_over(count * rest) / total;
    return Part{total, origin, mean, sum_over((own < 0 ? 0 : own) + count * (rest - mean) * (rest - mean))};
  }
};

struct alignas(8) Slopes {
  float dy, product;
};

// Sums of dy, and of dy * (x - mean).
struct Products {
  typedef Slopes Result;
  const float *x, *mean, *dy;
  float sum = 0, product = 0;

  template <int W>
  __device__ void at(i64 i, i64 channel) {
    Floats<W> v = load<W>(x + i), slope = load<W>(dy + i);
    float middle = mean[channel];
#pragma unroll
    for (int k = 0; k < W; k++) {
      sum += slope.v[k];
      product += slope.v[k] * (v.v[k] - middle);
    }
  }

  template <class SumOver>
  __device__ Slopes join(bool, SumOver sum_over) {
    float dy_of_all = sum_over(sum);
    return Slopes{dy_of_all, sum_over(product)};
  }
};

// Elements begin to end - 1 of a channel, counted over all images.
template <int W, class Statistic>
__device__ inline void gather(Statistic &own, i64 channel, i64 channels, i64 plane, i64 begin, i64 end) {
  i64 step = (i64)blockDim.x * W, images = step / plane, elements = step - images * plane;
  i64 i = begin + (i64)threadIdx.x * W, image = i / plane, place = i - image * plane;
#pragma unroll 1
  for (; i < end; i += step) {
    own.template at<W>((image * channels + channel) * plane + place, channel);
    image += images;
    place += elements;
    if (place >= plane) {
      place -= plane;
      image++;
    }
  }
}

template <class Statistic>
__device__ inline void planes(const Statistic &none, typename Statistic::Result *__restrict__ part, i64 images, i64 channels,
                              i64 plane, i64 length) {
  i64 count = images * plane, pieces = (count + length - 1) / length;
#pragma unroll 1
  for (i64 n = blockIdx.x; n < pieces * channels; n += gridDim.x) {
    i64 piece = n / channels, channel = n - piece * channels;
    i64 begin = piece * length, end = begin + length < count ? begin + length : count;
    Statistic own = none;
    if (plane % 4 == 0 && length % 4 == 0) gather<4>(own, channel, channels, plane, begin, end);
    else gather<1>(own, channel, channels, plane, begin, end);
    typename Statistic::Result all = own.join(threadIdx.x == 0, [](float v) { return block_fold<Sum>(v); });
    if (threadIdx.x == 0) part[n] = all;
  }
}

template <class Statistic>
__device__ inline void columns(const Statistic &none, typename Statistic::Result *__restrict__ part, i64 images, i64 columns,
                               i64 plane, i64 length, int width) {
  Tile tile(width);
  for_tiles<1>(tile, 1, images, columns, length, [&](i64, i64 piece, i64 column, i64 from, i64 to) {
    Statistic own = none;
#pragma unroll 1
    for (i64 image = from; image < to; image += tile.height) own.template at<1>(image * columns + column, column / plane);
    typename Statistic::Result all = own.join(tile.y == 0, [&](float v) {
      float one[1] = {v};
      tile.fold<Sum>(one);
      return one[0];
    });
    if (tile.y == 0 && to > 0) part[piece * columns + column] = all;
  });
}

extern "C" __global__ void batch_norm_planes_f32(const float *x, Part *part, i64 images, i64 channels, i64 plane, i64 length) {
  planes(Moments{x}, part, images, channels, plane, length);
}

extern "C" __global__ void batch_norm_columns_f32(const float *x, Part *part, i64 images, i64 width_of_x, i64 length, int width) {
  columns(Moments{x}, part, images, width_of_x, 1, length, width);
}

extern "C" __global__ void batch_norm_grad_planes_f32(const float *x, const float *mean, const float *dy, Slopes *part, i64 images,
                                                      i64 channels, i64 plane, i64 length) {
  planes(Products{x, mean, dy}, part, images, channels, plane, length);
}

extern "C" __global__ void batch_norm_grad_columns_f32(const float *x, const float *mean, const float *dy, Slopes *part, i64 images,
                                                       i64 width_of_x, i64 plane, i64 length, int width) {
  columns(Products{x, mean, dy}, part, images, width_of_x, plane, length, width);
}

// Calls at(part) for this thread's share of a channel's parts.
template <class Result, class At>
__device__ inline void for_parts(const Result *__restrict__ part, i64 pieces, i64 channels, i64 spots, i64 channel, At at) {
  for (i64 i = threadIdx.x; i < pieces * spots; i += blockDim.x) {
    i64 piece = i / spots;
    at(part[(piece * channels + channel) * spots + (i - piece * spots)]);
  }
}

extern "C" __global__ void batch_norm_finish_f32(const Part *part, const float *gamma, const float *beta, float *mean,
                                                 float *variance, float *shift, float *scale, float *offset, i64 pieces,
                                                 i64 channels, i64 spots, float count, float epsilon) {
#pragma unroll 1
  for (i64 c = blockIdx.x; c < channels; c += gridDim.x) {
    float origin = part[c * spots].shift, sum = 0, squares = 0;
    for_parts(part, pieces, channels, spots, c, [&](Part p) { sum += p.count * ((p.shift - origin) + p.rest); });
    float rest = block_fold<Sum>(sum) / count;
    for_parts(part, pieces, channels, spots, c, [&](Part p) {
      float d = (p.shift - origin) + p.rest - rest;
      squares += p.squares + p.count * d * d;
    });
    squares = block_fold<Sum>(squares);
    if (threadIdx.x == 0) {
      // The mean, and what rounding takes from it.
      float sum_of_both = origin + rest, second = sum_of_both - origin;
      float lost = (origin - (sum_of_both - second)) + (rest - second);
      float factor = gamma[c] / sqrtf(squares / count + epsilon);
      mean[c] = shift[c] = sum_of_both;
      variance[c] = squares / count;
      scale[c] = factor;
      offset[c] = beta[c] - lost * factor;
    }
  }
}

extern "C" __global__ void batch_norm_grad_finish_f32(const Slopes *part, const float *gamma, const float *variance, float *dgamma,
                                                      float *dbeta, float *scale, float *share, float *slope, i64 pieces,
                                                      i64 channels, i64 spots, float count, float epsilon) {
#pragma unroll 1
  for (i64 c = blockIdx.x; c < channels; c += gridDim.x) {
    float dy = 0, product = 0;
    for_parts(part, pieces, channels, spots, c, [&](Slopes p) {
      dy += p.dy;
      product += p.product;
    });
    dy = block_fold<Sum>(dy);
    product = block_fold<Sum>(product);
    if (threadIdx.x == 0) {
      float rstd = 1 / sqrtf(variance[c] + epsilon);
      dbeta[c] = dy;
      dgamma[c] = product * rstd;
      scale[c] = gamma[c] * rstd;
      share[c] = dy / count;
      slope[c] = product * rstd * rstd / count;
    }
  }
}

// Calls at(i, channel, Width) for all elements.
template <class At>
__device__ inline void for_channels(i64 n, i64 channels, i64 plane, At at) {
  if (plane % 4 == 0) {
    for_quads(n, [&](i64 i) { at(i, i / plane % channels, Width<4>()); });
  } else {
#pragma unroll 1
    for (i64 i = thread_in_grid(); i < n; i += threads_in_grid()) at(i, i / plane % channels, Width<1>());
  }
}

extern "C" __global__ void batch_norm_rescale_f32(const float *__restrict__ x, const float *__restrict__ shift,
                                                  const float *__restrict__ scale, const float *__restrict__ offset,
                                                  float *__restrict__ y, i64 n, i64 channels, i64 plane) {
  for_channels(n, channels, plane, [&](i64 i, i64 c, auto width) {
    constexpr int W = decltype(width)::value;
    float middle = shift[c], factor = scale[c], rest = offset[c];
    Floats<W> v = load<W>(x + i);
#pragma unroll
    for (int k = 0; k < W; k++) v.v[k] = (v.v[k] - middle) * factor + rest;
    store(y + i, v);
  });
}

extern "C" __global__ void batch_norm_inference_f32(const float *__restrict__ x, const float *__restrict__ gamma,
                                                    const float *__restrict__ beta, const float *__restrict__ mean,
                                                    const float *__restrict__ variance, float *__restrict__ y, i64 n, i64 channels,
                                                    i64 plane, float epsilon) {
  for_channels(n, channels, plane, [&](i64 i, i64 c, auto width) {
    constexpr int W = decltype(width)::value;
    float middle = mean[c], factor = gamma[c] / sqrtf(variance[c] + epsilon), rest = beta[c];
    Floats<W> v = load<W>(x + i);
#pragma unroll
    for (int k = 0; k < W; k++) v.v[k] = (v.v[k] - middle) * factor + rest;
    store(y + i, v);
  });
}

extern "C" __global__ void batch_norm_grad_rescale_f32(const float *__restrict__ x, const float *__restrict__ dy,
                                                       const float *__restrict__ mean, const float *__restrict__ scale,
                                                       const float *__restrict__ share, const float *__restrict__ slope,
                                                       float *__restrict__ dx, i64 n, i64 channels, i64 plane) {
  for_channels(n, channels, plane, [&](i64 i, i64 c, auto width) {
    constexpr int W = decltype(width)::value;
    float middle = mean[c], factor = scale[c], level = share[c], rise = slope[c];
    Floats<W> v = load<W>(x + i), w = load<W>(dy + i);
#pragma unroll
    for (int k = 0; k < W; k++) v.v[k] = factor * (w.v[k] - level - (v.v[k] - middle) * rise);
    store(dx + i, v);
  });
}
