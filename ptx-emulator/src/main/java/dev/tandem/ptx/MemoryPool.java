package dev.tandem.ptx;

/** The bookkeeping of a CUDA memory pool: bytes freed in stream order and not yet given back. */
final class MemoryPool {
  private long held;
  private long threshold;

  /** Bytes freed and kept. */
  long held() {
    return held;
  }

  /** How much stays at a synchronisation. */
  void keep(long bytes) {
    threshold = bytes;
  }

  /** Uses up to so many of the bytes held. Returns how many. */
  long take(long bytes) {
    long taken = Math.min(bytes, held);
    held -= taken;
    return taken;
  }

  void give(long bytes) {
    held += bytes;
  }

  /** The device was waited for: what is above the threshold goes back. */
  void synchronised() {
    trim(threshold);
  }

  void trim(long kept) {
    held = Math.min(held, kept);
  }

  void clear() {
    held = 0;
    threshold = 0;
  }
}
