package dev.tandem.cpu;

/**
 * Vector tiles once the compiler has made machine code of them, plain Java until then, whose bits are the same: before
 * that each vector is an object, and a tile takes a hundred times as long. Calls in the background bring the compiler to it.
 */
final class WarmingGemmKernels implements GemmKernels {
  private static final int KINDS = 6;

  // One for all backends, as machine code is. Written by one thread each and read without ordering: either twin is right.
  private static final boolean[] WARM = new boolean[KINDS];
  private static final boolean[] ASKED = new boolean[KINDS];

  private final VectorGemmKernels vector = new VectorGemmKernels();
  private final ScalarGemmKernels scalar =
      new ScalarGemmKernels(vector.lanes(), vector.vectors());


  @Override
  public int lanes() {
    return vector.lanes();
  }

  @Override
  public int vectors() {
    return vector.vectors();
  }

  @Override
  public void run(Tile tile, int height, int vectors) {
    int kind = kind(height, vectors);
    if (WARM[kind]) {
      vector.run(tile, height, vectors);
    } else {
      ask(height, vectors);
      scalar.run(tile, height, vectors);
    }
  }

  private static int kind(int height, int vectors) {
    return 2 * Integer.numberOfTrailingZeros(vectors) + (height == TALL ? 1 : 0);
  }

  private void ask(int height, int vectors) {
    int kind = kind(height, vectors);
    if (ASKED[kind]) {
      return;
    }
    synchronized (ASKED) {
      if (!ASKED[kind]) {
        ASKED[kind] = true;
        WarmUp.add(new Calls(height, vectors), () -> WARM[kind] = true);
      }
    }
  }

  /** Products of zeros. */
  private final class Calls implements WarmUp.Kernel {
    private final int height;
    private final int vectors;
    private final Tile tile = new Tile();

    Calls(int height, int vectors) {
      this.height = height;
      this.vectors = vectors;
      int width = vectors * lanes();
      tile.a = new float[height * WarmUp.TURNS];
      tile.stepAt = Packing.steps(WarmUp.TURNS, 1);
      tile.rows(height, 0, WarmUp.TURNS);
      tile.b = new float[WarmUp.TURNS * width];
      tile.bStep = width;
      tile.c = new float[height * width];
      tile.cStep = width;
    }

    @Override
    public int run(int turns) {
      tile.depth = turns;
      tile.accumulate = !tile.accumulate; // the compiler leaves out what has never been run
      vector.run(tile, height, vectors);
      return height * vectors * (turns + 2);
    }
  }
}
