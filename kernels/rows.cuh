// How teams walk along rows, and what reductions, softmaxes, norms and losses gather there.
#pragma once
#include "common.cuh"

constexpr int THREADS = 256;  // of a block, unless a kernel says otherwise
constexpr int MOST_THREADS = 1024;

// Calls body(i, Width) for this thread's share of the elements begin to end - 1 of a tensor: W at a time from the first multiple
// of W on, one at a time at both ends. So rows of any length are read 16 bytes at a time, where tensors lie alike.
template <class Team, int W = 4, class Body>
__device__ inline void for_span(i64 begin, i64 end, Body body) {
  i64 first = (begin + W - 1) / W * W, last = end / W * W;
  if (first > last) first = last = end;
  i64 head = first - begin, tail = end - last;
  i64 rank = Team::rank();
  if (rank < head + tail) body(rank < head ? begin + rank : last + (rank - head), Width<1>());
  for (i64 i = first + rank * W; i < last; i += Team::size() * W) body(i, Width<W>());
}

// Rows cut into pieces of the same length, of which the last may be shorter: calls piece(n, row, begin, end) for each piece n of
// this team, with the elements it has.
template <class Team, class Piece>
__device__ inline void for_pieces(i64 rows, i64 columns, i64 length, Piece piece) {
  i64 pieces = (columns + length - 1) / length;
  for (i64 n = Team::first(); n < rows * pieces; n += Team::teams()) {
    i64 row = n / pieces, from = (n - row * pieces) * length;
    i64 to = from + length < columns ? from + length : columns;
    piece(n, row, row * columns + from, row * columns + to);
  }
}

// The largest number seen, and the sum of e^(number - largest), in one look.
struct LogSum {
  float max = Largest::none(), sum = 0;

  template <int W>
  __device__ void add(const Floats<W> &x) {
    float next = max;
    // Leaves NaN out: the sum becomes NaN by it.
#pragma unroll
    for (int k = 0; k < W; k++) next = fmaxf(next, x.v[k]);
    if (next == Largest::none()) {  // its difference to itself is NaN
#pragma unroll
      for (int k = 0; k < W; k++) {
        if (x.v[k] != x.v[k]) sum = x.v[k];
      }
      return;
    }
    if (next != max) sum *= expf(max - next);
#pragma unroll
    for (int k = 0; k < W; k++) sum += expf(x.v[k] - next);
    max = next;
  }

  // All of the team get what all have seen. NaN where that is nothing but -infinity.
  template <class Team>
  __device__ void join() {
    float all = Team::template fold<Largest>(max);
    sum = Team::template fold<Sum>(sum * expf(max - all));
    max = all;
  }
};
