package dev.tandem.ptx;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.PinnedMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Host memory that copies may use. */
final class EmulatedPinned extends EmulatedResource implements PinnedMemory {
  private static final int PAGE = 4096;

  private final Arena arena;
  private final MemorySegment segment;

  private EmulatedPinned(EmulatedContext context, Arena arena, MemorySegment segment) {
    super(context, Turn.PINNED_MEMORY, "pinned memory");
    this.arena = arena;
    this.segment = segment;
  }

  static EmulatedPinned allocate(EmulatedContext context, long bytes) {
    if (bytes <= 0) {
      throw new DriverException(
          "cuMemHostAlloc of " + bytes + " bytes",
          DriverError.CUDA_ERROR_INVALID_VALUE,
          "ask for at least 1 byte");
    }
    Arena arena = Arena.ofShared();
    try {
      return new EmulatedPinned(context, arena, arena.allocate(bytes, PAGE));
    } catch (OutOfMemoryError | IllegalArgumentException e) { // the latter where sizes overflow
      arena.close();
      throw new DriverException(
          "cuMemHostAlloc of " + bytes + " bytes",
          DriverError.CUDA_ERROR_OUT_OF_MEMORY,
          "the host has not so much",
          e);
    }
  }

  @Override
  public MemorySegment segment() {
    return segment;
  }

  /** A piece of it, for a copy. */
  MemorySegment piece(String operation, long offset, long bytes) {
    checkOpen(operation);
    long size = segment.byteSize();
    if (offset < 0 || bytes < 0 || offset > size || bytes > size - offset) {
      throw new DriverException(
          operation,
          DriverError.CUDA_ERROR_INVALID_VALUE,
          "got %d bytes from %d of pinned memory of %d; stay within it"
              .formatted(bytes, offset, size));
    }
    return segment.asSlice(offset, bytes);
  }

  @Override
  void end() {
    gpu().refuseDuringCapture("cuMemFreeHost");
    gpu().drain();
    try {
      arena.close();
    } catch (IllegalStateException e) {
      throw new DriverException(
          "cuMemFreeHost",
          DriverError.CUDA_ERROR_ILLEGAL_STATE,
          "another thread is just using the segment; close it again when that is done",
          e);
    }
    markClosed();
  }
}
