package dev.tandem.cuda;

import static dev.tandem.cuda.Kernel.*;

import dev.tandem.backend.Operand;

/**
 * Convolutions each of whose outputs sees one channel: too little for a matrix product, and no columns are made. x: (N, C, H, W); w:
 * (C * multiplier, 1, KH, KW); y: (N, C * multiplier, OH, OW).
 */
final class DepthwiseConv2d {
  // Of depthwise.cu: rows of the strips that a thread takes, and sides of a block's tile of taps.
  private static final int STRIP = 8;
  private static final int SHORT_STRIP = 4;
  private static final int SMALL_TILE = 3;
  private static final int LARGE_TILE = 5;

  private final Queue queue;
  private final Folds folds;

  DepthwiseConv2d(Queue queue) {
    this.queue = queue;
    folds = new Folds(queue);
  }

  void forward(Columns columns, Operand x, Operand w, Operand y) {
    Launch launch = queue.kernel(DEPTHWISE_CONV2D_F32).read(x).read(w).write(y);
    long planes = columns.samples() * columns.outputs();
    strips(launch, columns, planes, columns.output()[1], columns.output()[2]);
  }

  void gradInput(Columns columns, Operand w, Operand dy, Operand dx) {
    Launch launch = queue.kernel(DEPTHWISE_CONV2D_GRAD_INPUT_F32).read(w).read(dy).write(dx);
    int lead = columns.window().padding().height() % columns.window().stride().height();
    long planes = (long) columns.samples() * columns.image()[0];
    strips(launch, columns, planes, columns.image()[1] + (long) lead, columns.image()[2]);
  }

  /** A thread for each strip of a column of so many rows. */
  private void strips(Launch launch, Columns columns, long planes, long rows, long width) {
    long n = planes * Math.ceilDiv(rows, STRIP) * width;
    launch.int64(n).int32(multiplier(columns)).struct(columns.geometry(queue.wideFrom(), n));
    launch.over(n);
  }

  /** Sums over the places of all images: of pieces of them, then of the pieces. */
  void gradWeight(Columns columns, Operand x, Operand dy, Operand dw) {
    long strips = Math.ceilDiv(columns.output()[1], SHORT_STRIP) * (long) columns.output()[2];
    long n = columns.samples() * strips;
    long lines = columns.outputs() * tiles(columns);
    Pieces places = Pieces.of(lines, n * SHORT_STRIP, Launch.THREADS, SHORT_STRIP);
    long length = places.length() / SHORT_STRIP;
    long blocks = lines * places.count();
    if (places.count() == 1) {
      Launch launch = queue.kernel(DEPTHWISE_CONV2D_GRAD_WEIGHT_F32).read(x).read(dy).write(dw);
      pieces(launch, columns, n, length, blocks);
      return;
    }
    try (Scratch parts =
        queue.scratch(places.count() * dw.type().bytes(), "parts of a convolution's gradient")) {
      Launch launch = queue.kernel(DEPTHWISE_CONV2D_GRAD_WEIGHT_F32).read(x).read(dy).write(parts);
      pieces(launch, columns, n, length, blocks);
      Folds.Box box = new Folds.Box(1, places.count(), dw.elements());
      folds.fold(Fold.SUM, box, Folds.Place.of(parts), Folds.Place.of(dw), 1);
    }
  }

  private void pieces(Launch launch, Columns columns, long n, long length, long blocks) {
    launch.int64(columns.samples()).int64(length).int32(multiplier(columns));
    launch.struct(columns.geometry(queue.wideFrom(), n)).over(blocks * Launch.THREADS);
  }

  private static int multiplier(Columns columns) {
    return (int) columns.outputs() / columns.groups();
  }

  /** Tiles that cover the window's taps. */
  private static long tiles(Columns columns) {
    int rows = columns.kernel().height();
    int across = columns.kernel().width();
    boolean plain =
        columns.window().stride().height() == 1 && columns.window().dilation().height() == 1;
    int side = plain && Math.max(rows, across) > SMALL_TILE ? LARGE_TILE : SMALL_TILE;
    return (long) Math.ceilDiv(rows, side) * Math.ceilDiv(across, side);
  }
}
