package dev.tandem.cuda;

/**
 * How much work is cut so that it fills a large device, decided by the shape alone: what is summed in which order must not depend
 * on the device.
 *
 * @param length of a piece; the last may be shorter
 */
record Pieces(long length, long count) {
  // Blocks to aim for: some for each multiprocessor of a large device.
  private static final long BLOCKS = 1024;
  // Shorter pieces are not worth a second launch.
  private static final long LEAST_A_THREAD = 16;
  // Longer ones lose digits.
  private static final long MOST_A_THREAD = 1024;

  /**
   * Pieces of each of some lines.
   *
   * @param length of a line
   * @param threads that share a piece
   * @param multiple of which a piece's length is one
   */
  static Pieces of(long lines, long length, long threads, int multiple) {
    long fewest = Math.ceilDiv(length, threads * MOST_A_THREAD);
    long most = length / (threads * LEAST_A_THREAD);
    long wanted = Math.max(1, Math.max(fewest, Math.min(most, BLOCKS / lines)));
    long piece = Math.ceilDiv(Math.ceilDiv(length, wanted), multiple) * multiple;
    return new Pieces(piece, Math.ceilDiv(length, piece));
  }
}
