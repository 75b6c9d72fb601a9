package dev.tandem.ptx;

import dev.tandem.cuda.driver.PinnedMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Host memory that copies may use. */
final class EmulatedPinned implements PinnedMemory {
  private final EmulatedGpu gpu;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment segment;

  EmulatedPinned(EmulatedGpu gpu, long bytes) {
    this.gpu = gpu;
    this.segment = arena.allocate(bytes, 4096);
  }

  @Override
  public MemorySegment segment() {
    return segment;
  }

  @Override
  public void close() {
    synchronized (gpu) {
      if (arena.scope().isAlive()) {
        gpu.drain();
        arena.close();
      }
    }
  }
}
