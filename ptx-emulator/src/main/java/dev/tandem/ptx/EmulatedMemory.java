package dev.tandem.ptx;

import dev.tandem.cuda.driver.DeviceMemory;

/** Memory of the software GPU, from a context, a stream or a module. */
final class EmulatedMemory implements DeviceMemory {
  private final EmulatedGpu gpu;
  private final long address;
  private final long bytes;
  private final boolean ordered;
  private final Runnable free;
  private boolean closed;

  /**
   * @param ordered whether it was allocated in a stream's order
   * @param free what closing does, the first time
   */
  EmulatedMemory(EmulatedGpu gpu, long address, long bytes, boolean ordered, Runnable free) {
    this.gpu = gpu;
    this.address = address;
    this.bytes = bytes;
    this.ordered = ordered;
    this.free = free;
  }

  @Override
  public long address() {
    return address;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  /** Whether a stream of this device allocated it. */
  boolean orderedBy(EmulatedGpu device) {
    return ordered && gpu == device;
  }

  /** Whether this is the first time: from then on closing does nothing. */
  boolean markClosed() {
    boolean first = !closed;
    closed = true;
    return first;
  }

  @Override
  public void close() {
    if (markClosed()) {
      free.run();
    }
  }
}
