package dev.tandem.cpu;

/** Vector tiles as soon as they are compiled, and plain Java until then; see {@link WarmUp}. */
final class WarmingGemmKernels implements GemmKernels {
  private static final VectorGemmKernels VECTOR = new VectorGemmKernels();
  private static final ScalarGemmKernels SCALAR =
      new ScalarGemmKernels(VECTOR.lanes(), VECTOR.vectors());

  /** By the tile's height and the logarithm of its vectors. One for all backends, as machine code is. */
  private static final WarmUp[] SHORT_TILES = warmUps(SHORT, false);

  private static final WarmUp[] TALL_TILES = warmUps(TALL, false);

  private static final WarmUp[] SHORT_PACKED = warmUps(SHORT, true);

  private static final WarmUp[] TALL_PACKED = warmUps(TALL, true);

  private static WarmUp[] warmUps(int height, boolean packed) {
    WarmUp[] warmUps = new WarmUp[3];
    for (int log = 0; log < warmUps.length; log++) {
      warmUps[log] = new WarmUp(new TileCalls(height, 1 << log, packed));
    }
    return warmUps;
  }

  WarmingGemmKernels() {
    packedReady(TALL, VECTOR.vectors());
    packedReady(SHORT, VECTOR.vectors());
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
  public int panelDepth() {
    return VECTOR.panelDepth();
  }

  @Override
  public void run(Tile tile, int height, int vectors) {
    if (ready(height, vectors)) {
      VECTOR.run(tile, height, vectors);
    } else {
      SCALAR.run(tile, height, vectors);
    }
  }

  @Override
  public void runPacked(Tile tile, int height, int vectors) {
    if (packedReady(height, vectors)) {
      VECTOR.runPacked(tile, height, vectors);
    } else {
      SCALAR.runPacked(tile, height, vectors);
    }
  }

  static boolean packedReady(int height, int vectors) {
    WarmUp[] tiles = height == TALL ? TALL_PACKED : SHORT_PACKED;
    return tiles[Integer.numberOfTrailingZeros(vectors)].done();
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
    private final boolean packed;
    private final Tile tile = new Tile();

    TileCalls(int height, int vectors, boolean packed) {
      this.height = height;
      this.vectors = vectors;
      this.packed = packed;
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
      call();
      return height * vectors * DEPTH;
    }

    @Override
    public void dry() {
      tile.depth = 0;
      call();
    }

    private void call() {
      if (packed) {
        VECTOR.runPacked(tile, height, vectors);
      } else {
        VECTOR.run(tile, height, vectors);
      }
    }
  }
}
