package dev.tandem.cuda.driver;

/**
 * The shape of a launch: blocks in the grid, threads in a block, dynamic shared memory of a block. A cooperative launch is
 * one whose blocks all run at a time, so that they may wait for each other.
 */
public record LaunchShape(
    int gridX,
    int gridY,
    int gridZ,
    int blockX,
    int blockY,
    int blockZ,
    int sharedBytes,
    boolean cooperative) {
  /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
  public LaunchShape {
    if (gridX < 1
        || gridY < 1
        || gridZ < 1
        || blockX < 1
        || blockY < 1
        || blockZ < 1
        || sharedBytes < 0) {
      throw new IllegalArgumentException(
          "launch: sizes must be at least 1, and shared memory at least 0, got grid (%d, %d, %d), block (%d, %d, %d), %d bytes; skip the launch of an empty tensor"
              .formatted(gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes));
    }
  }

  /** So many blocks of so many threads, along x. */
  public static LaunchShape of(int blocks, int threads) {
    return new LaunchShape(blocks, 1, 1, threads, 1, 1, 0, false);
  }

  /** A grid and a block of two axes. */
  public static LaunchShape of(int gridX, int gridY, int blockX, int blockY) {
    return new LaunchShape(gridX, gridY, 1, blockX, blockY, 1, 0, false);
  }

  /** The same with so much dynamic shared memory a block. */
  public LaunchShape withShared(int bytes) {
    return new LaunchShape(gridX, gridY, gridZ, blockX, blockY, blockZ, bytes, cooperative);
  }

  /** The same, its blocks all at a time. */
  public LaunchShape cooperatively() {
    return new LaunchShape(gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes, true);
  }

  /** Blocks in the grid. */
  public long blocks() {
    return (long) gridX * gridY * gridZ;
  }

  /** Threads in a block. */
  public long threads() {
    return (long) blockX * blockY * blockZ;
  }
}
