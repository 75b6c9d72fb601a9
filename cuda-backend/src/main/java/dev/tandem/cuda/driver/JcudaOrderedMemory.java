package dev.tandem.cuda.driver;

import jcuda.driver.JCudaDriver;

/** Device memory from the pool, there from one place in a stream's order to another. */
final class JcudaOrderedMemory extends JcudaResource implements DeviceMemory {
  private final JcudaStream stream;
  private final long address;
  private final long bytes;

  /** The stream in whose order {@link #close} frees. */
  private volatile JcudaStream last;

  JcudaOrderedMemory(JcudaStream stream, long address, long bytes) {
    super(stream.context(), Turn.ORDERED_MEMORY, "device memory");
    this.stream = stream;
    this.address = address;
    this.bytes = bytes;
    last = stream;
  }

  @Override
  public long address() {
    return address;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  /** Closes it in the order of a stream of the same device. */
  void closeOn(JcudaStream other) {
    if (!closed()) {
      other.requireNotCapturing("cuMemFreeAsync");
      last = other;
      super.close();
    }
  }

  @Override
  public void close() {
    if (stream.closed()) {
      super.close();
    } else {
      closeOn(stream);
    }
  }

  @Override
  void free() {
    Handles.DeviceAddress pointer = new Handles.DeviceAddress(address);
    if (!last.closed()) {
      Calls.check(
          JCudaDriver.cuMemFreeAsync(pointer, last.raw()),
          () -> "cuMemFreeAsync of " + bytes + " bytes");
    } else {
      // There is no order left to free it in, and for pooled memory cuMemFree does not wait.
      Calls.check(JCudaDriver.cuCtxSynchronize(), "cuCtxSynchronize");
      Calls.check(JCudaDriver.cuMemFree(pointer), () -> "cuMemFree of " + bytes + " bytes");
    }
  }
}
