package dev.tandem.cuda;

/**
 * Columns of some boxes for blocks that are tiles: so many threads side by side, the others below them.
 *
 * @param width threads side by side
 * @param rows the pieces that columns are cut into
 * @param blocks for all tiles of all boxes
 */
record Tiling(int width, Pieces rows, long blocks) {
  // A tile that is as wide as the tensor wastes no lane of its warps but those left over at the
  // block's end.
  private static final int WHOLE = 64;
  private static final int STRIP = 32;

  /** @param groups of the columns that a thread takes together */
  static Tiling of(long boxes, long rows, long groups) {
    int width = groups <= WHOLE ? (int) groups : STRIP;
    long strips = boxes * Math.ceilDiv(groups, width);
    Pieces pieces = Pieces.of(strips, rows, Launch.THREADS / width, 1);
    return new Tiling(width, pieces, strips * pieces.count());
  }

  /** The same with columns in one piece. */
  Tiling whole(long length) {
    return new Tiling(width, new Pieces(length, 1), blocks / rows.count());
  }
}
