package dev.tandem.cuda;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Buffer;
import dev.tandem.shape.TensorType;

/** A tensor's memory on the device. */
final class DeviceBuffer implements Buffer {
  private final CudaBackend backend;
  private final TensorType type;
  private Block block;

  DeviceBuffer(CudaBackend backend, TensorType type, Block block) {
    this.backend = backend;
    this.type = type;
    this.block = block;
  }

  @Override
  public long bytes() {
    return type.bytes();
  }

  /** What it was allocated for; a reshape may see it otherwise. */
  TensorType type() {
    return type;
  }

  CudaBackend backend() {
    return backend;
  }

  boolean open() {
    return block != null && !backend.closed();
  }

  long address() {
    if (!open()) {
      throw new BackendException(
          backend.name()
              + ": buffer is used after "
              + (block == null ? "it" : "its backend")
              + " was closed, got one of "
              + type
              + "; keep it open as long as tensors use it");
    }
    return block.address();
  }

  @Override
  public void close() {
    Block released = block;
    if (released != null) {
      block = null;
      backend.release(released, bytes());
    }
  }
}
