// Sums over axes of a tensor of the module's element type, which Folds.java has brought into the form (outer, rows, columns):
//   sum_few_<element>(x, y, outer, rows, columns, divisor, type)
//                                 y: (outer, columns); a thread each, or for as many neighbours as 16 bytes hold
//   sum_short_rows_<element>(x, y, rows, columns, length, divisor, type)
//                                 y: (rows, pieces); a warp each
//   sum_rows_<element>(x, y, rows, columns, length, divisor, type)
//                                 y: (rows, pieces); a block each
//   sum_columns_<element>(x, y, outer, rows, columns, length, width, divisor, type)
//                                 y: (outer, pieces, columns); a block for width columns, or width times 4 (8 of halves) where that
//                                 divides the columns
// A row, or a column, is cut into pieces of the given length; more than one are summed in a second launch. y is of a type of its own
// (0 F32, 1 BF16, 2 F16), so that sums of halves go from piece to piece in F32, and are rounded once.
//
// Bound: memory. Bytes: those of x and y. Blocks of THREADS.
#pragma once
#include "folds.cuh"

extern "C" __global__ void ENTRY(sum_few)(const ELEMENT *x, void *y, i64 outer, i64 rows, i64 columns, float divisor, int type) {
  fold_few<FoldOf<Sum, ELEMENT>>(x, Rounded{y, type}, outer, rows, columns, divisor);
}

extern "C" __global__ void ENTRY(sum_short_rows)(const ELEMENT *x, void *y, i64 rows, i64 columns, i64 length, float divisor, int type) {
  fold_rows<FoldOf<Sum, ELEMENT>, WarpTeam>(x, Rounded{y, type}, rows, columns, length, divisor);
}

extern "C" __global__ void ENTRY(sum_rows)(const ELEMENT *x, void *y, i64 rows, i64 columns, i64 length, float divisor, int type) {
  fold_rows<FoldOf<Sum, ELEMENT>, BlockTeam>(x, Rounded{y, type}, rows, columns, length, divisor);
}

extern "C" __global__ void ENTRY(sum_columns)(const ELEMENT *x, void *y, i64 outer, i64 rows, i64 columns, i64 length, int width,
                                              float divisor, int type) {
  fold_columns<FoldOf<Sum, ELEMENT>>(x, Rounded{y, type}, outer, rows, columns, length, width, divisor);
}
