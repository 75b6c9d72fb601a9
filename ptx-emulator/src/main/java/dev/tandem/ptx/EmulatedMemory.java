package dev.tandem.ptx;

import dev.tandem.cuda.driver.DeviceMemory;

/** Memory of the software GPU, from a context or a stream. */
final class EmulatedMemory extends EmulatedResource implements DeviceMemory {
  private final long address;
  private final long bytes;
  private final EmulatedStream stream;

  /**
   * @param stream in whose order it was allocated and is freed, or null where it is there for all
   */
  EmulatedMemory(EmulatedContext context, long address, long bytes, EmulatedStream stream) {
    super(context, Turn.MEMORY, "device memory");
    this.address = address;
    this.bytes = bytes;
    this.stream = stream;
  }

  @Override
  public long address() {
    return address;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  /** Whether it is freed in a stream's order. */
  boolean ordered() {
    return stream != null;
  }

  @Override
  void end() {
    if (ordered() && !stream.closed()) {
      stream.release(this);
      return;
    }
    // Where there is no order left to free it in, all work is waited for, as for plain memory.
    EmulatedGpu gpu = gpu();
    gpu.check("cuMemFree");
    gpu.refuseDuringCapture("cuMemFree");
    gpu.drain();
    free();
    gpu.report("cuMemFree");
  }

  /** Frees it at once. */
  void free() {
    markClosed();
    gpu().free(address, bytes, ordered());
  }
}
