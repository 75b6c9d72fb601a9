// Windows that slide over images, as convolutions have them.
#pragma once
#include "rows.cuh"

// Images (count, channels, height, width) of a batch and their columns. Sample i, row r, place p is at
// columns[i * sample_stride + r * row_stride + p].
struct Geometry {
  i64 sample_stride, row_stride;
  int channels, height, width;
  int kernel_h, kernel_w, stride_h, stride_w, padding_h, padding_w, dilation_h, dilation_w;
  int out_h, out_w;
  int wide;
};

// A number as whole * stride + part, 0 <= part < stride.
struct Steps {
  int whole, part;

  __device__ Steps(int number, int stride) : whole((u32)number / (u32)stride), part(number - whole * stride) {}

  __device__ void subtract(const Steps &other, int stride) {
    whole -= other.whole;
    part -= other.part;
    if (part < 0) {
      part += stride;
      whole--;
    }
  }

  // Whether it is the beginning of a window: of which one, whole says.
  __device__ bool begins(int windows) const { return part == 0 && whole >= 0 && whole < windows; }
};
