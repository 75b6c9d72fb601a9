package dev.tandem.ptx;

import dev.tandem.cuda.driver.DeviceMemory;

/** Memory of the software GPU, from a context, a stream or a module. */
final class EmulatedMemory implements DeviceMemory {
  private final long address;
  private final long bytes;
  private final Runnable free;
  private boolean closed;

  /** @param free what closing does, the first time */
  EmulatedMemory(long address, long bytes, Runnable free) {
    this.address = address;
    this.bytes = bytes;
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
