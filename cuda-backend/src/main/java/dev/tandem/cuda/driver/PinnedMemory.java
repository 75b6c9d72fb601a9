package dev.tandem.cuda.driver;

import java.lang.foreign.MemorySegment;

/** Page-locked memory of the host. Closing frees it; the segment then refuses access. */
public interface PinnedMemory extends AutoCloseable {
  /** The memory, readable and writable by the host. */
  MemorySegment segment();

  /** Its length. */
  default long bytes() {
    return segment().byteSize();
  }

  @Override
  void close();
}
