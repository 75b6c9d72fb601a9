// sums.cuh for F32, and largest and smallest over axes of a tensor, which Folds.java has brought into the form (outer, rows, columns):
//   <fold>_few_f32(x, y, outer, rows, columns)                     y: (outer, columns); a thread each, or for four neighbours
//   <fold>_short_rows_f32(x, y, rows, columns, length)             y: (rows, pieces); a warp each
//   <fold>_rows_f32(x, y, rows, columns, length)                   y: (rows, pieces); a block each
//   <fold>_columns_f32(x, y, outer, rows, columns, length, width)  y: (outer, pieces, columns); a block for width columns, or
//                                                                  width times four where columns are a multiple of four
//
// Bound: memory. Bytes: 4 times the elements of x and y. Blocks of THREADS.
#define ELEMENT f32
#include "sums.cuh"

#define FOLD(name, F)                                                                                              \
  extern "C" __global__ void name##_few_f32(const float *x, float *y, i64 outer, i64 rows, i64 columns) {          \
    fold_few<FoldOf<F>>(x, y, outer, rows, columns);                                                               \
  }                                                                                                                \
  extern "C" __global__ void name##_short_rows_f32(const float *x, float *y, i64 rows, i64 columns, i64 length) {  \
    fold_rows<FoldOf<F>, WarpTeam>(x, y, rows, columns, length);                                                   \
  }                                                                                                                \
  extern "C" __global__ void name##_rows_f32(const float *x, float *y, i64 rows, i64 columns, i64 length) {        \
    fold_rows<FoldOf<F>, BlockTeam>(x, y, rows, columns, length);                                                  \
  }                                                                                                                \
  extern "C" __global__ void name##_columns_f32(const float *x, float *y, i64 outer, i64 rows, i64 columns,        \
                                                i64 length, int width) {                                           \
    fold_columns<FoldOf<F>>(x, y, outer, rows, columns, length, width);                                            \
  }

FOLD(max, Largest)
FOLD(min, Smallest)
