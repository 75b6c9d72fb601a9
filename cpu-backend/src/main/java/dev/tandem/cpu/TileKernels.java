package dev.tandem.cpu;

/**
 * Loops over images whose channels are neighbours, which is how vectors are full whatever the size of an image: the turning of images
 * to and from that order, and the transforms of Winograd's convolution along one axis. Both implementations give the same bits.
 */
interface TileKernels {
  /** Channels are padded to a multiple of this, so that there are no ends of vectors to care for. */
  int CHANNELS = 16;

  static TileKernels best() {
    return Vectorization.available() ? new VectorTileKernels() : new ScalarTileKernels();
  }

  static int padded(int channels) {
    return Math.ceilDiv(channels, CHANNELS) * CHANNELS;
  }

  /** y[to + toAt[toFirst + j] + i] = x[from + fromAt[fromFirst + i] + j] for i below rows and j below columns. */
  void transpose(Lines t);

  /** The operands of {@link #transpose}. Mutable and reused. */
  final class Lines {
    /** Scratch that transposing takes. */
    static final int BLOCKS = 2 * CHANNELS * CHANNELS;

    final float[] x;
    final float[] y;
    final int[] fromAt;
    final int[] toAt;

    /** For blocks on their way: {@link #BLOCKS}. */
    final float[] blocks;

    int from;
    int fromFirst;
    int rows;
    int columns;
    int to;
    int toFirst;

    Lines(float[] x, int[] fromAt, float[] y, int[] toAt, float[] blocks) {
      this.blocks = blocks;
      this.x = x;
      this.fromAt = fromAt;
      this.y = y;
      this.toAt = toAt;
    }

    /** In plain Java, a block of it. */
    void copy(int firstRow, int endRow, int firstColumn, int endColumn) {
      for (int j = firstColumn; j < endColumn; j++) {
        int target = to + toAt[toFirst + j];
        for (int i = firstRow; i < endRow; i++) {
          y[target + i] = x[from + fromAt[fromFirst + i] + j];
        }
      }
    }
  }

  /** Patches of 4x4 to their 16 points: B^T x B; along an axis x0 - x2, x1 + x2, x2 - x1, x1 - x3. */
  void patch(Grids g);

  /** 2x2 gradients to 16 points: A x A^T; along an axis x0, x0 + x1, x0 - x1, -x1. */
  void spread(Grids g);

  /** Filters of 3x3 to 16 points: G x G^T; along an axis x0, (x0 + x2 + x1) / 2, (x0 + x2 - x1) / 2, x2. */
  void filter(Grids g);

  /** 16 points to 2x2 results: A^T x A; along an axis x0 + x1 + x2, x1 - x2 - x3. */
  void gather(Grids g);

  /** 16 points to gradients of filters: G^T x G; along an axis x0 + h, (x1 - x2) / 2, h + x3, with h = (x1 + x2) / 2. */
  void unfilter(Grids g);

  /**
   * Small square grids of vectors, to be transformed along their rows and then along their columns: the vector in row i and column j
   * lies in x at at + i * row + j * column, and that of the result in y at to + i * toRow + j * toColumn. Mutable and reused.
   */
  final class Grids {
    final float[] x;
    final float[] y;
    int at;
    int row;
    int column;
    int to;
    int toRow;
    int toColumn;

    /** Elements of a vector, a multiple of {@link #CHANNELS}. */
    int length;

    /** How many grids follow each other, and how far apart they are. */
    int count = 1;

    int next;
    int toNext;

    Grids(float[] x, int row, int column, float[] y, int toRow, int toColumn) {
      this.x = x;
      this.row = row;
      this.column = column;
      this.y = y;
      this.toRow = toRow;
      this.toColumn = toColumn;
    }
  }
}
