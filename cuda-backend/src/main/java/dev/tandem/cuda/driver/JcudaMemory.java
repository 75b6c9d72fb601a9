package dev.tandem.cuda.driver;

import jcuda.driver.JCudaDriver;

/** Device memory that is there for all streams. */
final class JcudaMemory extends JcudaResource implements DeviceMemory {
  private final long address;
  private final long bytes;

  JcudaMemory(JcudaContext context, long address, long bytes) {
    super(context, Turn.MEMORY, "device memory");
    this.address = address;
    this.bytes = bytes;
  }

  @Override
  public long address() {
    return address;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  void free() {
    // Waits for the device itself: memory that did not come from a pool may be in use by any
    // stream.
    Calls.check(
        JCudaDriver.cuMemFree(new Handles.DeviceAddress(address)),
        () -> "cuMemFree of " + bytes + " bytes");
  }
}
