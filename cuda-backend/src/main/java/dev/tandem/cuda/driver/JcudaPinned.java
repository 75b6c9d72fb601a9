package dev.tandem.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Page-locked memory of the driver's, seen through a segment that ends with it. */
final class JcudaPinned extends JcudaResource implements PinnedMemory {
  private final Arena arena = Arena.ofShared();
  private final long address;
  private final MemorySegment segment;

  @SuppressWarnings("restricted")
  JcudaPinned(JcudaContext context, long address, long bytes) {
    super(context, Turn.PINNED_MEMORY, "pinned memory");
    this.address = address;
    segment = MemorySegment.ofAddress(address).reinterpret(bytes, arena, null);
  }

  @Override
  public MemorySegment segment() {
    return segment;
  }

  /** The address of a piece of it, for a copy of the driver's. */
  Handles.HostAddress at(String operation, long offset, long bytes) {
    requireOpen(operation);
    long size = segment.byteSize();
    if (offset < 0 || bytes < 0 || offset > size || bytes > size - offset) {
      throw Calls.invalid(
          operation,
          "got %d bytes from %d of pinned memory of %d; stay within it"
              .formatted(bytes, offset, size));
    }
    return new Handles.HostAddress(address + offset);
  }

  @Override
  void free() {
    try {
      if (arena.scope().isAlive()) { // not so where the driver refused to free it before
        arena.close(); // first, so that no thread reads what is no longer there
      }
    } catch (IllegalStateException e) {
      throw new DriverException(
          "cuMemFreeHost",
          DriverError.CUDA_ERROR_ILLEGAL_STATE,
          "another thread is just using the segment; close it again when that is done",
          e);
    }
    context().library().freeHost(address);
  }
}
