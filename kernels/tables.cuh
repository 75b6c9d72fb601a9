// Many tensors to one launch: where they lie and how long they are is a parameter of the kernel, by value.
#pragma once
#include "common.cuh"

// N tensors, or groups of POINTERS tensors of one length, cut into pieces of some length, which are counted through: first has the
// number of each tensor's first piece, and from the last tensor on that of all pieces. base: the number of the table's first tensor,
// where there are several tables.
template <int POINTERS, int N>
struct Tensors {
  void *at[POINTERS][N];
  i64 length[N];
  int first[N + 1];
  int base;

  __device__ int pieces() const { return first[N]; }

  // The tensor that a piece is of. Those without elements have no pieces.
  __device__ int holder(int piece) const {
    int low = 0, high = N;
#pragma unroll 1
    while (high - low > 1) {
      int middle = (low + high) / 2;
      if (first[middle] <= piece) low = middle;
      else high = middle;
    }
    return low;
  }
};

// Calls body(piece, tensor, begin, end) with all threads of the block for each piece that is this block's, and the elements it has.
template <int PIECE, class Table, class Body>
__device__ inline void for_table(const Table &table, Body body) {
#pragma unroll 1
  for (int piece = blockIdx.x; piece < table.pieces(); piece += gridDim.x) {
    int tensor = table.holder(piece);
    i64 begin = (i64)(piece - table.first[tensor]) * PIECE, length = table.length[tensor];
    body(piece, tensor, begin, begin + PIECE < length ? begin + PIECE : length);
  }
}
