// What all kernels of attention share: where their tensors lie, which work there is, which keys a query sees.
//
// Query heads: a group of heads / key_heads neighbours reads one key head. causal: query t sees the keys up to t + keys - queries.
// The log-sum-exp and delta, the sum of y * dy over a head's columns, are (batches, heads, queries) in F32.
#pragma once
#include "common.cuh"

// Elements from one batch, row and head of a tensor to the next; the columns of a head are side by side.
struct Lie {
  i64 batch, row, head;
};

// dq lies as q, dk as k, dv as v, dy as y. vector: whether all heads' rows begin on 16 bytes and are whole 16 bytes.
struct Attention {
  Lie q, k, v, y;
  i64 batches;
  int heads, key_heads;
  int queries, keys;
  int columns;
  int causal;
  int vector;
  float scale;
};

template <class T>
__device__ inline T *head_of(T *tensor, const Lie &lie, i64 batch, int head) {
  return tensor + batch * lie.batch + head * lie.head;
}

// Rows of a head for one block.
struct Tile {
  i64 batch;
  int head, number;
};

__device__ inline int tiles_of(int rows, int size) { return (rows + size - 1) / size; }

// Work n of all heads' tiles, those of a head side by side, so that blocks that run together read the same keys.
__device__ inline Tile tile_of(i64 n, int tiles, int heads) {
  i64 above = n / tiles, batch = above / heads;
  return {batch, (int)(above - batch * heads), (int)(n - above * tiles)};
}

// The last key that a query sees. For queries after the last one it is the last key.
__device__ inline int last_key(const Attention &a, int query) {
  return a.causal ? min(a.keys - 1, query + a.keys - a.queries) : a.keys - 1;
}

// The last key that any of so many queries sees; -1 where all of them lie beyond the last query.
__device__ inline int last_key(const Attention &a, int first, int count) {
  return first < a.queries ? last_key(a, min(first + count, a.queries) - 1) : -1;
}

// The first query that sees a key.
__device__ inline int first_query(const Attention &a, int key) { return a.causal ? max(0, key - (a.keys - a.queries)) : 0; }

constexpr float LOG2_E = 1.44269504088896340736f;
constexpr float LN_2 = 0.69314718055994530942f;
