package dev.tandem.cpu;

/** Vector tiles as soon as they are compiled, and plain Java until then; see {@link WarmUp}. */
final class WarmingGemmKernels implements GemmKernels {
  private static final VectorGemmKernels VECTOR = new VectorGemmKernels();
  private static final ScalarGemmKernels SCALAR =
      new ScalarGemmKernels(VECTOR.lanes(), VECTOR.vectors());

  /** By the tile's height and the logarithm of its vectors. One for all backends, as machine code is. */
  private static final WarmUp[] SHORT_TILES = warmUps(SHORT);

  private static final WarmUp[] TALL_TILES = warmUps(TALL);

  private static WarmUp[] warmUps(int height) {
    WarmUp[] warmUps = new WarmUp[3];
    for (int log = 0; log < warmUps.length; log++) {
      warmUps[log] = new WarmUp(new TileCalls(height, 1 << log));
    }
    return warmUps;
  }

  WarmingGemmKernels() {
    ready(TALL, VECTOR.vectors());
    ready(SHORT, VECTOR.vectors());
  }

  @Override
  public int lanes() {
    return VECTOR.lanes();
  }

  @Override
  public int vectors() {
    return VECTOR.vectors();
  }

  @Override
  public void run(Tile tile, int height, int vectors) {
    if (ready(height, vectors)) {
      VECTOR.run(tile, height, vectors);
    } else {
      SCALAR.run(tile, height, vectors);
    }
  }

  static boolean ready(int height, int vectors) {
    WarmUp[] tiles = height == TALL ? TALL_TILES : SHORT_TILES;
    return tiles[Integer.numberOfTrailingZeros(vectors)].done();
  }

  /** Products of zeros. */
  private static final class TileCalls implements WarmUp.Calls {
    private static final int DEPTH = 8;

    private final int height;
    private final int vectors;
    private final Tile tile = new Tile();

    TileCalls(int height, int vectors) {
      this.height = height;
      this.vectors = vectors;
      int width = vectors * VECTOR.lanes();
      tile.a = new float[height * DEPTH];
      tile.stepAt = Packing.steps(DEPTH, 1);
      tile.rows(height, 0, DEPTH);
      tile.b = new float[DEPTH * width];
      tile.bStep = width;
      tile.c = new float[height * width];
      tile.cStep = width;
    }

    @Override
    public int run() {
      tile.depth = DEPTH;
      tile.accumulate = !tile.accumulate;
      VECTOR.run(tile, height, vectors);
      return height * vectors * DEPTH;
    }

    @Override
    public void dry() {
      tile.depth = 0;
      VECTOR.run(tile, height, vectors);
    }
  }
}
