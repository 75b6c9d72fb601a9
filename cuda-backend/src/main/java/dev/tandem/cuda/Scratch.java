package dev.tandem.cuda;

import dev.tandem.backend.Buffer;

/** Device memory for the time of an op; closing it hands it to the next, in the stream's order. */
final class Scratch implements Buffer {
  private final Allocator allocator;
  private final long bytes;
  private Block block;

  Scratch(Allocator allocator, Block block, long bytes) {
    this.allocator = allocator;
    this.block = block;
    this.bytes = bytes;
  }

  long address() {
    return block.address();
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    if (block != null) {
      allocator.give(block);
      block = null;
    }
  }
}
