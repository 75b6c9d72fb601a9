package dev.tandem.cuda;

/** Device memory for the time of an op; closing it hands it to the next, in the stream's order. */
final class Scratch implements AutoCloseable {
  private final Allocator allocator;
  private final Block block;
  private final long bytes;

  Scratch(Allocator allocator, Block block, long bytes) {
    this.allocator = allocator;
    this.block = block;
    this.bytes = bytes;
  }

  long address() {
    return block.address();
  }

  long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    allocator.give(block);
  }
}
