package dev.tandem.cuda;

import static dev.tandem.cuda.Kernel.*;

/** What rows and columns are folded to, and the kernels of reduction.cu and arg_max.cu that do it. */
enum Fold {
  /** In the last pass, divided by a number. */
  SUM(SUM_FEW_F32, SUM_SHORT_ROWS_F32, SUM_ROWS_F32, SUM_COLUMNS_F32),
  MAX(MAX_FEW_F32, MAX_SHORT_ROWS_F32, MAX_ROWS_F32, MAX_COLUMNS_F32),
  MIN(MIN_FEW_F32, MIN_SHORT_ROWS_F32, MIN_ROWS_F32, MIN_COLUMNS_F32),
  /** To I32. */
  ARG_MAX(ARG_MAX_FEW_F32, ARG_MAX_SHORT_ROWS_F32, ARG_MAX_ROWS_F32, ARG_MAX_COLUMNS_F32);

  private final Kernel few;
  private final Kernel shortRows;
  private final Kernel rows;
  private final Kernel columns;

  Fold(Kernel few, Kernel shortRows, Kernel rows, Kernel columns) {
    this.few = few;
    this.shortRows = shortRows;
    this.rows = rows;
    this.columns = columns;
  }

  Kernel few() {
    return few;
  }

  Kernel shortRows() {
    return shortRows;
  }

  Kernel rows() {
    return rows;
  }

  Kernel columns() {
    return columns;
  }

  /** From x to what is known of a piece of a row. */
  Kernel rowsToPieces() {
    return this == ARG_MAX ? ARG_MAX_KEYS_OF_ROWS_F32 : rows;
  }

  /** From x to what is known of a piece of a column. */
  Kernel columnsToPieces() {
    return this == ARG_MAX ? ARG_MAX_KEYS_OF_COLUMNS_F32 : columns;
  }

  /** Bytes of what is known of a piece. */
  int bytesOfPiece() {
    return this == ARG_MAX ? Long.BYTES : Float.BYTES;
  }
}
