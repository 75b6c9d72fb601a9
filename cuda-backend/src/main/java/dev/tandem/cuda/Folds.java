package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.shape.DType;

/**
 * Folds of tensors seen as (outer, rows, columns) over their rows. What is too much for one block is cut into pieces, and what is
 * known of the pieces is folded in another launch.
 */
final class Folds {
  // Rows of up to so many times 16 bytes go to a warp each.
  private static final int SHORT = 256;

  static final int WARP = 32;

  // So many neighbours are read by one thread before that costs more than sharing them.
  private static final int FEW_NEIGHBOURS = 8;
  private static final int FEW = 32;
  // So many threads fill a device, and each may then fold this much alone.
  private static final long MANY_THREADS = 1 << 17;
  private static final int MOST_ALONE = 1024;

  /** Numbers on the device. */
  record Place(long address, long bytes, DType dtype) {
    static Place of(Operand operand) {
      return new Place(Operands.address(operand), operand.type().bytes(), operand.dtype());
    }

    /** What is known of pieces, in F32. */
    static Place of(Scratch scratch) {
      return new Place(scratch.address(), scratch.bytes(), DType.F32);
    }
  }

  /** A tensor's axes, of which rows is the one to be folded. */
  record Box(long outer, long rows, long columns) {
    long outputs() {
      return outer * columns;
    }

    /** Columns of the kernels' threads, which take so many neighbours where they can. */
    long groups(DType dtype) {
      int lanes = Operands.lanes(dtype);
      return columns % lanes == 0 ? columns / lanes : columns;
    }

    Box withRows(long count) {
      return new Box(outer, count, columns);
    }
  }

  private final Queue queue;

  Folds(Queue queue) {
    this.queue = queue;
  }

  /** The length up to which a row goes to a warp. */
  static int longestShort(DType dtype) {
    return SHORT * Operands.lanes(dtype);
  }

  /** @param divisor of sums; what else there is to fold takes none */
  void fold(Fold fold, Box box, Place x, Place y, double divisor) {
    if (box.columns == 1 && box.rows > FEW_NEIGHBOURS) {
      rows(fold, box, x, y, divisor);
      return;
    }
    long threads = box.outer * box.groups(x.dtype);
    if (box.rows <= FEW || threads >= MANY_THREADS && box.rows <= MOST_ALONE) {
      Launch launch = launch(fold, fold.few(), x, y);
      launch.int64(box.outer).int64(box.rows).int64(box.columns);
      finished(fold, launch, divisor, y).over(threads);
      return;
    }
    columns(fold, box, x, y, divisor);
  }

  private void rows(Fold fold, Box box, Place x, Place y, double divisor) {
    if (box.rows <= longestShort(x.dtype)) {
      rows(fold, fold.shortRows(), box, box.rows, x, y, divisor).over(box.outer * WARP);
      return;
    }
    Pieces pieces = Pieces.of(box.outer, box.rows, Launch.THREADS, Operands.lanes(x.dtype));
    long threads = box.outer * pieces.count() * Launch.THREADS;
    if (pieces.count() == 1) {
      rows(fold, fold.rows(), box, box.rows, x, y, divisor).over(threads);
      return;
    }
    try (Scratch known = known(fold, box, pieces)) {
      rows(fold, fold.rowsToPieces(), box, pieces.length(), x, Place.of(known), 1).over(threads);
      join(fold, box.withRows(pieces.count()), Place.of(known), y, divisor);
    }
  }

  private Launch rows(
      Fold fold, Kernel kernel, Box box, long length, Place x, Place y, double divisor) {
    Launch launch = launch(fold, kernel, x, y).int64(box.outer).int64(box.rows).int64(length);
    return finished(fold, launch, divisor, y);
  }

  private void columns(Fold fold, Box box, Place x, Place y, double divisor) {
    Tiling tiling = Tiling.of(box.outer, box.rows, box.groups(x.dtype));
    if (tiling.rows().count() == 1) {
      columns(fold, fold.columns(), box, tiling, x, y, divisor);
      return;
    }
    try (Scratch known = known(fold, box, tiling.rows())) {
      columns(fold, fold.columnsToPieces(), box, tiling, x, Place.of(known), 1);
      join(fold, box.withRows(tiling.rows().count()), Place.of(known), y, divisor);
    }
  }

  private void columns(
      Fold fold, Kernel kernel, Box box, Tiling tiling, Place x, Place y, double divisor) {
    Launch launch = launch(fold, kernel, x, y).int64(box.outer).int64(box.rows).int64(box.columns);
    launch.int64(tiling.rows().length()).int32(tiling.width());
    finished(fold, launch, divisor, y).over(tiling.blocks() * Launch.THREADS);
  }

  private Scratch known(Fold fold, Box box, Pieces pieces) {
    return queue.scratch(box.outputs() * pieces.count() * fold.bytesOfPiece(), "pieces to fold");
  }

  /** Folds what is known of pieces. Keys are few enough for one tile to each strip. */
  private void join(Fold fold, Box box, Place known, Place y, double divisor) {
    if (fold == Fold.ARG_MAX) {
      Tiling tiling = Tiling.of(box.outer, box.rows, box.groups(known.dtype)).whole(box.rows);
      columns(fold, Kernel.ARG_MAX_OF_KEYS_B64, box, tiling, known, y, divisor);
    } else {
      fold(fold, box, known, y, divisor);
    }
  }

  /** Sums alone have kernels for several types. */
  private Launch launch(Fold fold, Kernel kernel, Place x, Place y) {
    return queue
        .kernel(fold == Fold.SUM ? kernel.in(x.dtype) : kernel)
        .read(x.address, x.bytes)
        .write(y.address, y.bytes);
  }

  /** What sums take besides: a divisor, and the type that they are rounded to. */
  private static Launch finished(Fold fold, Launch launch, double divisor, Place y) {
    return fold == Fold.SUM ? launch.float32(divisor).int32(typeOf(y.dtype)) : launch;
  }

  /** As {@code Rounded} of folds.cuh has it. */
  private static int typeOf(DType dtype) {
    return switch (dtype) {
      case F32 -> 0;
      case BF16 -> 1;
      case F16 -> 2;
      case F64, I32, U8 -> throw Operands.refused("sum", dtype);
    };
  }
}
