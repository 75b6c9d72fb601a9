package dev.tandem.cpu;

/** Whether the loops of {@link VectorPacking} are to be used: where there are vectors, once they are compiled; see {@link WarmUp}. */
enum WarmingPacking {
  ROWS {
    @Override
    int call(int rows) {
      VectorPacking.rows(Matrix.rows(FROM, 0, WIDTH), rows, TO, 0, WIDTH);
      VectorPacking.rows(Matrix.rows(FROM, 0, WIDTH), rows, TO, 0, 2 * VectorPacking.LANES);
      return rows * (WIDTH / VectorPacking.LANES + 2) * 2;
    }
  },
  SIX_ROWS {
    @Override
    int call(int rows) {
      VectorPacking.sixRows(
          FROM, 0, WIDTH, 2 * WIDTH, 3 * WIDTH, 4 * WIDTH, 5 * WIDTH, rows, TO, 0);
      return rows / VectorPacking.LANES * (12 + 18);
    }
  },
  COLUMNS {
    @Override
    int call(int rows) {
      VectorPacking.columns(Matrix.rows(FROM, 0, WIDTH).transposed(), rows, TO, 0, WIDTH);
      return rows / 4 * (16 + 16);
    }
  },
  ADJACENT {
    @Override
    int call(int rows) {
      Matrix rowsOfSix = Matrix.rows(FROM, 0, WIDTH).transposed();
      VectorPacking.sixAdjacent(rowsOfSix, rows, TO, 0);
      VectorPacking.adjacentTiles(rowsOfSix, rows, TO, 0);
      return Math.max(0, rows - 1) * (1 + VectorPacking.TILES) * 2;
    }
  };

  private static final int WIDTH = 64;
  private static final int ROWS_A_CALL = 32;
  private static final float[] FROM = new float[WIDTH * WIDTH];
  private static final float[] TO = new float[WIDTH * WIDTH];
  private static final boolean VECTORS = Vectorization.available();

  private final WarmUp warmUp =
      new WarmUp(
          new WarmUp.Calls() {
            @Override
            public int run() {
              return call(ROWS_A_CALL);
            }

            @Override
            public void dry() {
              call(0);
            }
          });

  /** Packs something of no meaning; gives how many vector operations that takes, at least. */
  abstract int call(int rows);

  boolean ready() {
    return VECTORS && warmUp.done();
  }
}
